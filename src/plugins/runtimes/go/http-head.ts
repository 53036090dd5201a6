import { type Body, BodyStream } from '../../../pipes/body.ts'
import { HeaderList, sameName } from '../../../pipes/headers.ts'
import type { HttpRequest, HttpResponse } from '../../../pipes/http.ts'
import type { FrameReader } from './frames.ts'

/** Go keeps the host apart from the other fields. */
export function splitHost(request: HttpRequest): { host: string; fields: readonly string[] } {
  const { raw } = request.headers
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length === 4 && sameName(name, 'host')) return { host: raw[i + 1] as string, fields: raw.toSpliced(i, 2) }
  }
  const { origin } = request
  return { host: origin === '' ? '' : origin.slice(origin.indexOf('://') + 3), fields: raw }
}

/**
 * Reads the host and the other fields, which the guest sends in this order.
 * @throws Unsendable
 */
export function joinHost(reader: FrameReader): HeaderList {
  const host = reader.value('Host')
  const raw = reader.fields()
  if (host !== '') raw.unshift('Host', host)
  return new HeaderList(raw)
}

/** The length of a body as Go has it: -1 when it is not known. */
export function lengthOf(body: Body): number {
  if (body === null) return 0
  return body instanceof BodyStream ? body.declaredLength : Buffer.byteLength(body)
}

/** `address:port`, as Go has it. */
export function peerOf({ remoteAddress, remotePort }: HttpRequest): string {
  if (remoteAddress === '') return ''
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`
}

/** Fields that the gateway sets, where it adds others: what a handler has set under these names gives way. */
const SET = new Set([
  'cache-control',
  'content-length',
  'content-security-policy',
  'date',
  'location',
  'referrer-policy',
  'strict-transport-security',
  'x-content-type-options',
  'x-frame-options',
  'x-krakend',
  'x-krakend-completed',
  'x-xss-protection',
])

/**
 * What the handler had set before stays, and the answer adds its own: two cookies are two cookies. Of two types the
 * handler's counts (specification: plugins 3).
 */
export function merge(preset: readonly string[], response: HttpResponse): void {
  if (preset.length === 0) return
  const { headers } = response
  const kept: string[] = []
  for (let i = 0; i < preset.length; i += 2) {
    const name = preset[i] as string
    const value = preset[i + 1] as string
    if (sameName(name, 'content-type')) headers.delete(name)
    else if (headers.has(name) && (SET.has(name.toLowerCase()) || headers.getAll(name).includes(value))) continue
    kept.push(name, value)
  }
  response.headers = new HeaderList([...kept, ...headers.raw])
}

/** Trailers are not passed on, so they must not be announced; the server says how it frames the body. */
export function withoutFraming(raw: string[]): string[] {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (!sameName(name, 'trailer') && !sameName(name, 'transfer-encoding')) continue
    raw.splice(i, 2)
    i -= 2
  }
  return raw
}

/** The length of a body that is whole is known; only that of a body that HEAD leaves out must be told. */
export function withoutLength(raw: string[], { method }: HttpRequest): string[] {
  if (method === 'HEAD') return raw
  const list = new HeaderList(raw)
  list.delete('content-length')
  return list.raw
}
