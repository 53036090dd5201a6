import { type Body, BodyStream } from '../../../pipes/body.ts'
import { HeaderList, sameName } from '../../../pipes/headers.ts'
import type { HttpRequest, HttpResponse } from '../../../pipes/http.ts'

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

/** What the handler had set before stays; of two fields of a name the one of the answer counts, but for its type. */
export function merge(preset: readonly string[], response: HttpResponse): void {
  if (preset.length === 0) return
  const { headers } = response
  const added: string[] = []
  for (let i = 0; i < preset.length; i += 2) {
    const name = preset[i] as string
    const isType = sameName(name, 'content-type')
    if (isType) headers.delete(name)
    else if (headers.has(name)) continue
    added.push(name, preset[i + 1] as string)
  }
  response.headers = new HeaderList([...added, ...headers.raw])
}

/** The length of a body that is whole is known; only that of a body that HEAD leaves out must be told. */
export function withoutLength(raw: string[], { method }: HttpRequest): string[] {
  if (method === 'HEAD') return raw
  const list = new HeaderList(raw)
  list.delete('content-length')
  return list.raw
}
