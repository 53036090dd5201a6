import { readFile } from 'node:fs/promises'

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/
const LEAST_COST = 4
/** Each step doubles the time; a check at 16 takes seconds. */
const MOST_COST = 16

/** Users that no password can be checked for. */
export class UsersError extends Error {
  override name = 'UsersError'
}

/** The cost of a bcrypt hash: its work is 2 to that power. */
export function costOf(hash: string): number {
  return Number(BCRYPT.exec(hash)?.[1])
}

/** Why a hash cannot be used; null when it can. The hash itself is not repeated. */
export function faultOfHash(hash: string): string | null {
  if (!BCRYPT.test(hash)) return 'the password is no bcrypt hash: make one with `htpasswd -nB USER`'
  const cost = costOf(hash)
  if (cost >= LEAST_COST && cost <= MOST_COST) return null
  return `the cost of the bcrypt hash is ${cost}, not ${LEAST_COST} to ${MOST_COST}: 10 to 12 is usual`
}

/** Why nobody can log in under a name (RFC 7617, section 2); null when somebody can. */
export function faultOfUser(user: string): string | null {
  return user === '' || user.includes(':') ? 'the name of a user must not be empty and cannot contain a colon' : null
}

/**
 * Reads a file of Apache's `htpasswd`: lines `user:hash`, comments after `#`.
 * @throws UsersError when it cannot be read, or a line of it not be used
 */
export async function readHtpasswd(path: string): Promise<ReadonlyMap<string, string>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new UsersError(`the users in ${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
  return parseHtpasswd(text, path)
}

/**
 * Reads the text of such a file.
 * @param path for messages
 * @throws UsersError for a line that cannot be used
 */
export function parseHtpasswd(text: string, path: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>()
  for (const [index, line] of text.split('\n').entries()) {
    const entry = line.trim()
    if (entry === '' || entry.startsWith('#')) continue
    const [user = '', hash = ''] = entry.split(':')
    const fault = faultOfUser(user) ?? faultOfHash(hash)
    if (fault !== null) throw new UsersError(`${path}:${index + 1}: ${fault}`)
    users.set(user, hash)
  }
  return users
}
