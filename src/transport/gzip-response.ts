import { gunzip, gunzipStream } from '../encoding/gzip.ts'
import { type Body, BodyStream } from '../pipes/body.ts'
import type { HeaderList } from '../pipes/headers.ts'
import { type AnsweredCall, UpstreamResponse } from './upstream-response.ts'

/**
 * An answer in gzip that the gateway asked for by itself: it is decoded when its body is wanted, and nobody sees that it
 * was compressed.
 */
export class GzipResponse extends UpstreamResponse {
  #compressed = true

  constructor(status: number, headers: HeaderList, body: Body, call: AnsweredCall) {
    super(status, headers, body, call)
    headers.delete('content-encoding')
    headers.delete('content-length')
  }

  override get body(): Body {
    const body = super.body
    if (!this.#compressed || !(body instanceof BodyStream)) return body
    this.#compressed = false
    const decoded = gunzipStream(body, (failure) => this.named(failure))
    super.body = decoded
    return decoded
  }

  override set body(body: Body | AsyncIterable<Uint8Array | string>) {
    this.#compressed = false
    super.body = body
  }

  override whole(): Buffer | Promise<Buffer> {
    if (!this.#compressed) return super.whole()
    this.#compressed = false // what `bytes` keeps is decoded
    const bytes = this.allOf(super.body)
    if (bytes instanceof Promise) return bytes.then((all) => gunzip(all, this.call.maxBytes))
    return gunzip(bytes, this.call.maxBytes)
  }
}
