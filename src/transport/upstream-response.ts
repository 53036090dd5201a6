import { gunzip, gunzipStream } from '../encoding/gzip.ts'
import { type Body, BodyStream, bodyBytes } from '../pipes/body.ts'
import { HeaderList, type HeadersSource } from '../pipes/headers.ts'
import { HttpResponse } from '../pipes/http.ts'

/** Decoded bodies above this size are refused: a small gzip answer can unfold to gigabytes. */
export const MAX_DECODED_BYTES = 512 * 1024 * 1024

const NONE = new HeaderList()

/**
 * An answer as it came from the upstream. The header list is made when somebody asks for it; an answer in gzip that the
 * gateway asked for by itself is decoded when its body is wanted, and nobody sees that it was compressed.
 */
export class UpstreamResponse extends HttpResponse {
  #rawHeaders: readonly Uint8Array[]
  #parsed: Record<string, string | string[] | undefined>
  #list: HeaderList | null = null
  #gzip = false

  constructor(
    status: number,
    rawHeaders: readonly Uint8Array[],
    parsed: Record<string, string | string[] | undefined>,
    body: Body,
  ) {
    super(status, NONE, body)
    this.#rawHeaders = rawHeaders
    this.#parsed = parsed
  }

  override get headers(): HeaderList {
    if (this.#list === null) {
      const raw: string[] = []
      for (const part of this.#rawHeaders) raw.push((part as Buffer).toString('latin1'))
      this.#list = new HeaderList(raw)
    }
    return this.#list
  }

  override set headers(source: HeadersSource) {
    this.#list = source instanceof HeaderList ? source : HeaderList.from(source)
  }

  override header(name: string): string | null {
    if (this.#list !== null) return this.#list.get(name)
    const value = this.#parsed[name.toLowerCase()]
    return value === undefined ? null : typeof value === 'string' ? value : value.join(', ')
  }

  /** Takes the gzip encoding off: the body is decoded when it is read, the fields that told of it are gone. */
  decodeGzip(): void {
    this.#gzip = true
    this.headers.delete('content-encoding')
    this.headers.delete('content-length')
  }

  override get body(): Body {
    const body = super.body
    if (!this.#gzip || !(body instanceof BodyStream)) return body
    this.#gzip = false
    const decoded = gunzipStream(body)
    super.body = decoded
    return decoded
  }

  override set body(body: Body | AsyncIterable<Uint8Array | string>) {
    this.#gzip = false
    super.body = body
  }

  override whole(): Buffer | Promise<Buffer> {
    if (!this.#gzip) return bodyBytes(super.body)
    this.#gzip = false // what `bytes` keeps is decoded
    const bytes = bodyBytes(super.body)
    if (bytes instanceof Promise) return bytes.then((all) => gunzip(all, MAX_DECODED_BYTES))
    return gunzip(bytes, MAX_DECODED_BYTES)
  }
}
