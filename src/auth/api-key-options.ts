import type { Level } from '../config/namespaces.ts'
import { type Static, Type } from '../config/type.ts'
import type { Problem } from '../config/validate.ts'
import { isToken } from '../pipes/header-field.ts'
import { HASH_LENGTHS, KEY_HASHES } from './api-key-hash.ts'

/** Where the key stands in a request. */
export const KEY_PLACES = ['header', 'query_string'] as const
export type KeyPlace = (typeof KEY_PLACES)[number]

const KEY_ENTRY = Type.Object({
  key: Type.Optional(Type.String({ description: 'the key, or its hash in hexadecimal digits' })),
  key_env: Type.Optional(Type.String({ description: 'the variable of the environment that holds it' })),
  roles: Type.Array(Type.String(), { description: 'what the key may be used for', default: [] }),
})

/** Options of `auth/api-keys`: most stand at the service, `roles` and `client_max_rate` at endpoints. */
export const API_KEYS_OPTIONS = Type.Object({
  keys: Type.Optional(Type.Array(KEY_ENTRY, { description: 'at the service: the keys, `{ "key": …, "roles": […] }`' })),
  hash: Type.Optional(
    Type.Enum(KEY_HASHES, { description: 'at the service: how the keys are stored; `plain` when absent' }),
  ),
  salt: Type.Optional(Type.String({ description: 'at the service: what stands before a key when it is hashed' })),
  propagate_role: Type.Optional(
    Type.String({ description: 'at the service: the header field that tells backends the role; none when absent' }),
  ),
  strategy: Type.Optional(Type.Enum(KEY_PLACES, { description: 'where the key stands; `header` when absent' })),
  identifier: Type.Optional(
    Type.String({
      description: 'the name of the header or of the parameter; `Authorization` or `key` when absent',
    }),
  ),
  roles: Type.Optional(
    Type.Array(Type.String(), {
      description: 'at an endpoint, required: the roles of which a key must have one; an empty list takes every key',
    }),
  ),
  client_max_rate: Type.Optional(
    Type.Number({ description: 'at an endpoint: how many requests per second each key may make; 0: no limit' }),
  ),
})

export type ApiKeysOptions = Static<typeof API_KEYS_OPTIONS>
export type KeyEntry = Static<typeof KEY_ENTRY>

type Key = keyof ApiKeysOptions

const OF_SERVICE: readonly Key[] = ['keys', 'hash', 'salt', 'propagate_role']
const OF_ENDPOINT: readonly Key[] = ['roles', 'client_max_rate']

/** What is wrong with options of this level that the schema accepts. No message repeats a key. */
export function checkApiKeys(options: ApiKeysOptions, level: Level): readonly Problem[] {
  const isService = level === 'service'
  return [
    ...misplaced(options, isService ? OF_ENDPOINT : OF_SERVICE, isService ? 'endpoints' : 'service'),
    ...(isService ? checkService(options) : checkEndpoint(options)),
    ...checkIdentifier(options),
  ]
}

function misplaced(options: ApiKeysOptions, keys: readonly Key[], elsewhere: string): Problem[] {
  const found = keys.filter((key) => options[key] !== undefined)
  return found.map((key) => {
    const message = `"${key}" has no effect here: it belongs to the ${elsewhere}`
    return { code: 'CONFIG_WITHOUT_EFFECT', severity: 'warning', path: [key], message }
  })
}

function checkService({ keys, hash = 'plain', salt = '', propagate_role: field = '' }: ApiKeysOptions): Problem[] {
  if (keys === undefined) return [missing('"keys"')]
  const problems = keys.flatMap((entry, index) =>
    faultsOfEntry(entry, hash).map((fault) => invalid(['keys', index], fault)),
  )
  problems.push(...checkTwice(keys, hash))
  if (field !== '' && !isToken(field)) problems.push(invalid(['propagate_role'], 'it is no name of a header field'))
  if (salt !== '' && hash === 'plain') {
    const message = 'there is nothing to salt: the keys are plain'
    problems.push({ code: 'CONFIG_WITHOUT_EFFECT', severity: 'warning', path: ['salt'], message })
  }
  return problems
}

function faultsOfEntry(
  { key = '', key_env: variable = '', roles }: KeyEntry,
  hash: keyof typeof HASH_LENGTHS,
): string[] {
  const faults: string[] = []
  if ((key === '') === (variable === '')) faults.push('it needs either "key" or "key_env"')
  else if (key !== '') faults.push(...faultOfKey(key, hash))
  if (!roles.every((role) => /^[\x20-\x7e]+$/.test(role))) faults.push('a role consists of ASCII characters')
  return faults
}

/** Why no request can bring this key; nothing when one can. */
export function faultOfKey(key: string, hash: keyof typeof HASH_LENGTHS): string[] {
  const length = HASH_LENGTHS[hash]
  if (length === 0 || new RegExp(`^[0-9a-fA-F]{${length}}$`).test(key)) return []
  return [`with "hash": "${hash}" the key is stored as ${length} hexadecimal digits`]
}

function checkTwice(keys: readonly KeyEntry[], hash: string): Problem[] {
  const first = new Map<string, number>()
  const problems: Problem[] = []
  for (const [index, { key = '' }] of keys.entries()) {
    if (key === '') continue
    const stored = hash === 'plain' ? key : key.toLowerCase()
    const before = first.get(stored)
    if (before === undefined) first.set(stored, index)
    else problems.push(invalid(['keys', index], `it is the same key as keys[${before}]`))
  }
  return problems
}

function checkEndpoint({ roles, client_max_rate: rate = 0 }: ApiKeysOptions): Problem[] {
  const problems: Problem[] = []
  if (roles === undefined) problems.push(missing('"roles" (an empty list takes every key)'))
  if (rate < 0) problems.push(invalid(['client_max_rate'], `${rate} is less than 0`))
  return problems
}

function checkIdentifier({ strategy, identifier }: ApiKeysOptions): Problem[] {
  if (identifier === undefined || strategy === 'query_string' || isToken(identifier)) return []
  return [invalid(['identifier'], 'it is no name of a header field')]
}

function missing(what: string): Problem {
  const message = `the required key ${what} is missing`
  return { code: 'CONFIG_MISSING_KEY', severity: 'error', path: [], message }
}

function invalid(path: Problem['path'], message: string): Problem {
  return { code: 'CONFIG_INVALID_VALUE', severity: 'error', path, message }
}
