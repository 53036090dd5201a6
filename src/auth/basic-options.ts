import { type Static, Type } from '../config/type.ts'
import type { Problem } from '../config/validate.ts'
import { faultOfHash, faultOfUser } from './htpasswd.ts'

/** Options of `auth/basic`. No schema has a default: an empty block at an endpoint stands for that of the service. */
export const BASIC_OPTIONS = Type.Object({
  htpasswd_path: Type.Optional(
    Type.String({
      description: 'file with lines `user:hash`, as `htpasswd -B` writes it; read at the start and at each reload',
    }),
  ),
  users: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      description: 'users and the bcrypt hashes of their passwords; they count before those of the file',
    }),
  ),
  realm: Type.Optional(
    Type.String({ description: 'what browsers show when they ask for the password; `Restricted` when absent' }),
  ),
})

export type BasicOptions = Static<typeof BASIC_OPTIONS>

/** What is wrong with users and the realm. */
export function checkBasic({ users = {}, realm = '' }: BasicOptions): readonly Problem[] {
  const problems: Problem[] = []
  for (const [user, hash] of Object.entries(users)) {
    const fault = faultOfUser(user) ?? faultOfHash(hash)
    if (fault !== null) problems.push(invalid(['users', user], fault))
  }
  if (!/^[\x20-\x7e]*$/.test(realm)) problems.push(invalid(['realm'], 'it may consist of ASCII characters only'))
  return problems
}

function invalid(path: readonly string[], message: string): Problem {
  return { code: 'CONFIG_INVALID_VALUE', severity: 'error', path, message }
}
