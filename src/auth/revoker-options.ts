import { type Static, Type } from '../config/type.ts'
import { REVOCATION_HASHES } from './revocation-hashes.ts'

const ELEMENTS = { description: 'how many revoked values there are at most at a time', minimum: 1 }
const RATE = {
  description: 'the rate of values that are taken for revoked by mistake when so many are',
  exclusiveMinimum: 0,
  exclusiveMaximum: 1,
}
const SECONDS = { description: 'a revocation holds for two to three times so many seconds', minimum: 1 }

/** `auth/revoker`. */
export const REVOKER_OPTIONS = Type.Object({
  N: Type.Optional(Type.Integer(ELEMENTS)),
  n: Type.Optional(Type.Integer({ ...ELEMENTS, description: 'as `N`' })),
  P: Type.Optional(Type.Number(RATE)),
  p: Type.Optional(Type.Number({ ...RATE, description: 'as `P`' })),
  TTL: Type.Optional(Type.Integer(SECONDS)),
  ttl: Type.Optional(Type.Integer({ ...SECONDS, description: 'as `TTL`' })),
  hash_name: Type.Optional(
    Type.Enum(REVOCATION_HASHES, { description: '`optimal`, or `default`, which is slower and marks fewer bits' }),
  ),
  port: Type.Optional(
    Type.Integer({ description: 'the port of the management API, with `management`', minimum: 0, maximum: 65535 }),
  ),
  token_keys: Type.Optional(Type.Array(Type.String(), { description: 'claims whose values can be revoked' })),
  management: Type.Optional(
    Type.Object(
      {
        token: Type.Optional(
          Type.String({ description: 'what callers prove themselves with: 16 characters or more', minLength: 16 }),
        ),
        token_env: Type.Optional(
          Type.String({ description: 'the variable of the environment that holds it, in place of `token`' }),
        ),
        address: Type.Optional(
          Type.String({
            description: 'the address to listen on: anything else than loopback needs TLS in front',
            default: '127.0.0.1',
          }),
        ),
      },
      { description: 'opens the management API; without it nothing can be revoked' },
    ),
  ),
})

export type RevokerOptions = Static<typeof REVOKER_OPTIONS>
