import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import { type ClientRequest, definePlugin, Type } from 'loligo/plugin'

/** What RFC 2104 calls the least length of a key for SHA-256 that does not weaken it. */
const STRONG_KEY_BYTES = 32
/** Derived from the request line (RFC 9421, section 2.2); everything else that is signed is a header field. */
const DERIVED: Record<string, (request: ClientRequest) => string> = {
  '@method': ({ method }) => method,
  '@authority': authorityOf,
  '@path': ({ path }) => path,
  '@query': ({ url }) => queryOf(url),
}

/** Signs the calls of a backend by HTTP Message Signatures (RFC 9421) with HMAC-SHA256. */
export const hmacSignature = definePlugin({
  name: 'hmac-signature',
  version: '1.0.0',

  options: Type.Object({
    key_id: Type.String({
      pattern: '^[ !#-\\[\\]-~]+$',
      description: 'The name by which the upstream knows the secret',
    }),
    secret: Type.Optional(Type.String({ minLength: 1, description: 'The shared secret; better in the environment' })),
    secret_env: Type.Optional(Type.String({ minLength: 1, description: 'The environment variable that holds it' })),
    secret_encoding: Type.Enum(['utf8', 'base64', 'hex'], { default: 'utf8', description: 'How it is written' }),
    components: Type.Array(Type.String({ pattern: '^(@(method|authority|path|query)|[a-z0-9!#$%&*+.^_|~-]+)$' }), {
      default: ['@method', '@authority', '@path', '@query', 'content-digest'],
      minItems: 1,
      description: 'What is signed, in this order: parts of the request line, and header fields in lower case',
    }),
    label: Type.String({ pattern: '^[a-z*][a-z0-9_.*-]*$', default: 'sig1', description: 'The name of the signature' }),
    ttl: Type.Optional(Type.Duration({ minimum: 1000, description: 'How long it holds; not said when absent' })),
  }),

  client: (options, { log, wallTime }) => {
    const { components, label, key_id: keyId } = options
    const key = readSecret(options)
    if ((key.symmetricKeySize ?? 0) < STRONG_KEY_BYTES)
      log.warning(`the secret has less than ${STRONG_KEY_BYTES} bytes`)
    const duplicate = components.find((name, i) => components.indexOf(name) !== i)
    if (duplicate !== undefined) throw new Error(`"components" names ${duplicate} twice`)

    const ttlSeconds = options.ttl === undefined ? null : Math.floor(options.ttl / 1000)
    const list = `(${components.map((name) => `"${name}"`).join(' ')})`
    const digests = components.includes('content-digest')
    const readers = components.map((name) => ({ name, read: DERIVED[name] ?? headerReader(name) }))

    return (next) => async (request, context) => {
      if (digests) request.headers.set('Content-Digest', digestOf(await request.bytes()))

      const created = Math.floor(wallTime() / 1000)
      const expires = ttlSeconds === null ? '' : `;expires=${created + ttlSeconds}`
      const parameters = `${list};created=${created}${expires};keyid="${keyId}"`
      let base = ''
      for (const { name, read } of readers) base += `"${name}": ${read(request)}\n`
      base += `"@signature-params": ${parameters}`

      const signature = createHmac('sha256', key).update(base).digest('base64')
      request.headers.set('Signature-Input', `${label}=${parameters}`)
      request.headers.set('Signature', `${label}=:${signature}:`)
      return next(request, context)
    }
  },
})

function readSecret(options: {
  secret?: string
  secret_env?: string
  secret_encoding: 'utf8' | 'base64' | 'hex'
}): KeyObject {
  const { secret, secret_env: variable, secret_encoding: encoding } = options
  if ((secret === undefined) === (variable === undefined)) throw new Error('give either "secret" or "secret_env"')
  const text = secret ?? process.env[variable ?? ''] ?? ''
  if (text === '') throw new Error(`the environment variable ${variable} is not set`)
  const bytes = Buffer.from(text, encoding)
  // Node stops reading at the first character that does not belong, and would sign with the rest.
  if (
    encoding !== 'utf8' &&
    bytes.toString(encoding).toLowerCase().replace(/=+$/, '') !== text.toLowerCase().replace(/=+$/, '')
  ) {
    throw new Error(`the secret is no ${encoding}`)
  }
  return createSecretKey(bytes)
}

/** RFC 9530; a request without a body has the digest of nothing, so that none can be slipped in on the way. */
function digestOf(body: Uint8Array): string {
  return `sha-256=:${hash('sha256', body, 'base64')}:`
}

/** A field's value as RFC 9421, section 2.1 has it. One that is missing cannot be signed. */
function headerReader(name: string): (request: ClientRequest) => string {
  return ({ headers }) => {
    const values = headers.getAll(name)
    if (values.length === 0) throw new Error(`the call has no header ${name}, which "components" names`)
    return values.map((value) => value.trim()).join(', ')
  }
}

/** The host as it is sent, without the port that the scheme implies (RFC 9421, section 2.2.3). */
function authorityOf({ headers, url }: ClientRequest): string {
  return headers.get('host')?.toLowerCase() ?? new URL(url).host
}

/** With its question mark, which also stands where there is no query (RFC 9421, section 2.2.7). */
function queryOf(url: string): string {
  const mark = url.indexOf('?')
  return mark === -1 ? '?' : url.slice(mark)
}
