import { gunzip, gunzipStream, MAX_DECODED_BYTES } from '../encoding/gzip.ts'
import { type Body, BodyStream, bodyBytes } from '../pipes/body.ts'
import type { HeaderList } from '../pipes/headers.ts'
import { HttpResponse } from '../pipes/http.ts'

/**
 * An answer in gzip that the gateway asked for by itself: it is decoded when its body is wanted, and nobody sees that it
 * was compressed.
 */
export class GzipResponse extends HttpResponse {
  #compressed = true

  constructor(status: number, headers: HeaderList, body: Body) {
    super(status, headers, body)
    headers.delete('content-encoding')
    headers.delete('content-length')
  }

  override get body(): Body {
    const body = super.body
    if (!this.#compressed || !(body instanceof BodyStream)) return body
    this.#compressed = false
    const decoded = gunzipStream(body)
    super.body = decoded
    return decoded
  }

  override set body(body: Body | AsyncIterable<Uint8Array | string>) {
    this.#compressed = false
    super.body = body
  }

  override whole(): Buffer | Promise<Buffer> {
    if (!this.#compressed) return bodyBytes(super.body)
    this.#compressed = false // what `bytes` keeps is decoded
    const bytes = bodyBytes(super.body)
    if (bytes instanceof Promise) return bytes.then((all) => gunzip(all, MAX_DECODED_BYTES))
    return gunzip(bytes, MAX_DECODED_BYTES)
  }
}
