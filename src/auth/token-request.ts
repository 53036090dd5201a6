import { BodyStream } from '../pipes/body.ts'
import type { Context } from '../pipes/context.ts'
import { fieldValue } from '../pipes/header-field.ts'
import { HeaderList } from '../pipes/headers.ts'
import { type Handler, HttpRequest, type HttpResponse } from '../pipes/http.ts'
import { encodeForm, Query } from '../pipes/query.ts'
import { PRODUCT, VERSION } from '../product.ts'
import type { ClientCredentialsOptions } from './client-credentials-options.ts'

/** How the gateway tells the token server who it is: by basic authentication, or in the form. */
export type CredentialStyle = 'basic' | 'form'

/** What a token server grants. */
export interface Grant {
  /** The value of `Authorization`. */
  readonly authorization: string
  /** How long it counts, milliseconds; Infinity when the server does not say. */
  readonly lifetimeMs: number
  readonly style: CredentialStyle
}

/** The token server grants no token; the text names no secret. */
export class TokenRefused extends Error {
  override name = 'TokenRefused'
}

const MAX_ANSWER_BYTES = 1024 * 1024
/** No server takes longer header fields. */
const MAX_TOKEN_CHARACTERS = 64 * 1024
const MAX_TOLD_CHARACTERS = 200

/**
 * Asks for a token (RFC 6749, section 4.4). Where the style is not known yet it is basic authentication first, and when
 * that is refused the form. Specification: traffic-security 12.
 * @throws TokenRefused, or what the client throws
 */
export async function requestToken(
  options: ClientCredentialsOptions,
  known: CredentialStyle | null,
  http: Handler,
  context: Context,
): Promise<Grant> {
  const style = known ?? 'basic'
  const response = await http(compose(options, style), context)
  const text = await readText(response)
  if (response.ok) return { ...readGrant(text, response.header('content-type') ?? ''), style }
  if (known === null) return requestToken(options, 'form', http, context)
  throw new TokenRefused(`cannot fetch token: ${response.status}${told(text)}`)
}

function compose(options: ClientCredentialsOptions, style: CredentialStyle): HttpRequest {
  const { client_id: id, client_secret: secret, endpoint_params: params } = options
  const url = new URL(options.token_url)
  const form = new Query()
  form.append('scope', scopesOf(options.scopes).join(' '))
  if (!Object.hasOwn(params, 'grant_type')) form.append('grant_type', 'client_credentials')
  for (const [name, values] of Object.entries(params)) for (const value of values) form.append(name, value)
  const headers = new HeaderList(['Content-Type', 'application/x-www-form-urlencoded'])
  headers.append('User-Agent', `${PRODUCT} Version ${VERSION}`)
  headers.append('Accept-Encoding', 'identity') // so that what is read is what was sent, and no more
  if (style === 'basic') {
    const pair = Buffer.from(`${encodeForm(id)}:${encodeForm(secret)}`)
    headers.append('Authorization', `Basic ${pair.toString('base64')}`)
  } else {
    form.set('client_id', id)
    if (secret !== '') form.set('client_secret', secret)
  }
  // Not `replayable`: a redirect must not take the secret to another server.
  return new HttpRequest('POST', url.pathname + url.search, headers, form.toString(), url.origin)
}

/** A space after the comma belongs to no scope. */
function scopesOf(scopes: string): readonly string[] {
  return scopes
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => scope !== '')
}

async function readText({ body }: HttpResponse): Promise<string> {
  if (!(body instanceof BodyStream)) return body === null ? '' : Buffer.from(body).toString('utf8')
  try {
    return (await body.read(MAX_ANSWER_BYTES)).toString('utf8')
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new TokenRefused(`the answer of the token server is longer than ${MAX_ANSWER_BYTES} bytes`, { cause })
  }
}

function readGrant(text: string, type: string): Omit<Grant, 'style'> {
  const fields = fieldsOf(text, type)
  if (fields === null) throw new TokenRefused('cannot parse the answer of the token server')
  const { access_token: token, token_type: kind } = fields
  if (typeof token !== 'string' || token === '') {
    throw new TokenRefused(`server response missing access_token${told(text)}`)
  }
  if (token.length > MAX_TOKEN_CHARACTERS) throw new TokenRefused('the token of the token server is too long')
  try {
    const authorization = fieldValue('Authorization', `${schemeOf(kind)} ${token}`)
    return { authorization, lifetimeMs: lifetimeOf(fields.expires_in) }
  } catch {
    throw new TokenRefused('the token of the token server cannot be sent in a header field')
  }
}

type Fields = Readonly<Record<string, unknown>>

/** A form where the server says so, else JSON; null when it is neither. */
function fieldsOf(text: string, type: string): Fields | null {
  const media = type.split(';', 1)[0]?.trim().toLowerCase()
  const mayBeForm = media === 'application/x-www-form-urlencoded' || media === 'text/plain'
  if (mayBeForm && !text.trimStart().startsWith('{')) {
    return Object.fromEntries(Query.parse(text))
  }
  try {
    const fields: unknown = JSON.parse(text)
    return typeof fields === 'object' && fields !== null ? (fields as Fields) : null
  } catch {
    return null
  }
}

/** The spelling in which the reference sends the known schemes. */
function schemeOf(kind: unknown): string {
  if (typeof kind !== 'string' || kind === '') return 'Bearer'
  const known = { bearer: 'Bearer', mac: 'MAC', basic: 'Basic' }[kind.toLowerCase()]
  return known ?? kind
}

function lifetimeOf(seconds: unknown): number {
  const number = typeof seconds === 'string' && seconds !== '' ? Number(seconds) : seconds
  return typeof number === 'number' && number > 0 ? number * 1000 : Number.POSITIVE_INFINITY
}

/** What the server says of its reasons (RFC 6749, section 5.2), in one line; nothing else of an answer is logged. */
function told(text: string): string {
  const fields = fieldsOf(text, 'application/json')
  const parts = [fields?.error, fields?.error_description].filter((part) => typeof part === 'string')
  const line = parts.join(': ').replaceAll(/[^\x20-\x7e]/g, ' ')
  return line === '' ? '' : `: ${line.slice(0, MAX_TOLD_CHARACTERS)}`
}
