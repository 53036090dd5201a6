import { hash as digestOf, randomBytes } from 'node:crypto'
import { compileKeyHash, type KeyHash } from './api-key-hash.ts'
import { type ApiKeysOptions, faultOfKey, type KeyEntry, type KeyPlace } from './api-key-options.ts'

/** A key that has been found. */
export interface ApiKey {
  readonly roles: readonly string[]
  /** What tells this key from others: the same in all threads, and not the key itself. */
  readonly id: string
}

/** The keys of the service, and what endpoints take over from it. */
export interface ApiKeyRing {
  /** The key that a client has sent. */
  find(sent: string): ApiKey | undefined
  readonly size: number
  readonly place: KeyPlace
  /** Undefined: what is usual at the place. */
  readonly identifier: string | undefined
  /** The header field for the role; empty: none. */
  readonly roleField: string
}

/** Keys of the configuration that cannot be used. */
export class ApiKeysError extends Error {
  override name = 'ApiKeysError'
}

/** Longer ones are none: nobody shall make the gateway digest megabytes. */
const MAX_KEY_CHARACTERS = 4096

/**
 * Puts the keys into a table. What is looked up is a digest with a random key, so that the time of a look-up tells nothing
 * about the keys, and no key is stored in the clear.
 * @throws ApiKeysError for a key whose variable of the environment is not there
 */
export function createApiKeyRing(options: ApiKeysOptions, env: NodeJS.ProcessEnv): ApiKeyRing {
  const { keys = [], hash = 'plain', salt = '', strategy, identifier, propagate_role: roleField = '' } = options
  const stored = compileKeyHash(hash, salt)
  const secret = randomBytes(32).toString('base64')
  const blind = (key: string): string => digestOf('sha256', secret + key, 'base64')
  const ring = new Map<string, ApiKey>()
  for (const [index, entry] of keys.entries()) {
    const key = keyOf(entry, index, hash, env)
    const blinded = blind(key)
    if (ring.has(blinded)) throw new ApiKeysError(`keys[${index}]: there is the same key before`)
    ring.set(blinded, { roles: entry.roles, id: digestOf('sha256', key, 'base64') })
  }
  return {
    find: (sent) => (sent.length > MAX_KEY_CHARACTERS ? undefined : ring.get(blind(stored(sent)))),
    ...{ size: ring.size, place: strategy ?? 'header', identifier, roleField },
  }
}

function keyOf({ key = '', key_env: variable = '' }: KeyEntry, index: number, hash: KeyHash, env: NodeJS.ProcessEnv) {
  const text = variable === '' ? key : (env[variable] ?? '')
  if (text === '') throw new ApiKeysError(`keys[${index}]: the variable ${variable} of the environment is not set`)
  const [fault] = faultOfKey(text, hash)
  if (fault !== undefined) throw new ApiKeysError(`keys[${index}]: ${fault}`)
  return hash === 'plain' ? text : text.toLowerCase()
}
