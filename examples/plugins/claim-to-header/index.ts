import { readFile } from 'node:fs/promises'
import { definePlugin, type PlainResponse, Type } from 'loligo/plugin'
import { type Claims, createTokenCheck, readKey } from './jwt/token.ts'

const BEARER = /^Bearer +(\S+)$/i

/** Checks the bearer token of a request and hands chosen claims to the upstream, as header fields it can trust. */
export const claimToHeader = definePlugin({
  name: 'claim-to-header',
  version: '1.0.0',

  options: Type.Object({
    alg: Type.Enum(['HS256', 'RS256', 'ES256'], { description: 'How tokens are signed; no other way is accepted' }),
    key: Type.Optional(Type.String({ description: 'The secret (HS256) or the public key in PEM (RS256, ES256)' })),
    key_env: Type.Optional(Type.String({ description: 'The environment variable that holds it' })),
    key_file: Type.Optional(Type.String({ description: 'The file that holds it, from the working directory' })),
    claims: Type.Record(Type.String(), Type.String({ pattern: "^[\\w!#$%&'*+.^`|~-]+$" }), {
      description: 'From a claim, dotted where it lies in an object, to the header that gets it',
    }),
    issuer: Type.Optional(Type.String({ description: 'What `iss` must be' })),
    audience: Type.Optional(Type.String({ description: 'What `aud` must be or hold' })),
    leeway: Type.Duration({ default: 30_000, maximum: 300_000, description: 'How far clocks may be apart' }),
    required: Type.Boolean({ default: true, description: 'Whether a request without a token is refused' }),
    remove_token: Type.Boolean({ default: false, description: 'Whether the token is kept from the upstream' }),
    realm: Type.String({ pattern: '^[ !#-\\[\\]-~]*$', default: 'gateway', description: 'For WWW-Authenticate' }),
  }),

  async server(options, { wallTime }) {
    const { required, realm, remove_token: removeToken } = options
    const check = createTokenCheck({
      algorithm: options.alg,
      key: readKey(options.alg, await readKeyText(options)),
      leewayMs: options.leeway,
      issuer: options.issuer ?? null,
      audience: options.audience ?? null,
    })
    const copies = Object.entries(options.claims).map(([claim, header]) => ({ find: claimReader(claim), header }))
    const missing = refusal('a bearer token is needed', `Bearer realm="${realm}"`)

    return (next) => (request, context) => {
      const { headers } = request
      // Whatever happens below: under these names nothing of the client's goes on.
      for (const { header } of copies) headers.delete(header)

      const token = BEARER.exec(headers.get('authorization') ?? '')?.[1]
      if (token === undefined) return required ? missing : next(request, context)
      const claims = check(token, wallTime())
      if (typeof claims === 'string') {
        const challenge = `Bearer realm="${realm}", error="invalid_token", error_description="${claims}"`
        return refusal(`the token is refused: ${claims}`, challenge)
      }
      if (removeToken) headers.delete('authorization')
      for (const { find, header } of copies) {
        const text = toFieldValue(find(claims))
        if (text !== null) headers.set(header, text)
      }
      context.store.set('claims', claims)
      return next(request, context)
    }
  },
})

async function readKeyText({
  key,
  key_env: variable,
  key_file: file,
}: {
  key?: string
  key_env?: string
  key_file?: string
}): Promise<string> {
  const given = [key, variable, file].filter((each) => each !== undefined)
  if (given.length !== 1) throw new Error('give one of "key", "key_env" and "key_file"')
  if (key !== undefined) return key
  if (file !== undefined) return await readFile(file, 'utf8')
  const text = process.env[variable ?? ''] ?? ''
  if (text === '') throw new Error(`the environment variable ${variable} is not set`)
  return text
}

/** Names of claims may be URLs, so the whole name comes first; else each dot leads one object deeper. */
function claimReader(name: string): (claims: Claims) => unknown {
  const path = name.split('.')
  return (claims) => {
    if (Object.hasOwn(claims, name)) return claims[name]
    let value: unknown = claims
    for (const key of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
      value = (value as Claims)[key]
    }
    return value
  }
}

/** A text, number or boolean, or a list of them with commas between; null for anything else. */
function toFieldValue(value: unknown): string | null {
  if (!Array.isArray(value)) return toText(value, UNSAFE)
  const items = value.map((item) => toText(item, UNSAFE_IN_LIST))
  return items.includes(null) ? null : items.join(',')
}

/** What cannot stand in a field is percent-encoded: else "a,admin" would be two roles, and a line break two fields. */
function toText(value: unknown, unsafe: RegExp): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value === 'string' ? value.toWellFormed().replace(unsafe, encodeURIComponent) : null
}

const UNSAFE = /[^ -$&-~]+|^ +| +$/gu
const UNSAFE_IN_LIST = /[^!-$&-+\--~]+/gu

function refusal(error: string, challenge: string): PlainResponse {
  return { status: 401, headers: { 'WWW-Authenticate': challenge }, body: { error } }
}
