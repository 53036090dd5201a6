import { type Body, BodyStream, BodyTooLong, bodyBytes } from '../pipes/body.ts'
import type { HeaderList } from '../pipes/headers.ts'
import { type HttpRequest, HttpResponse, type LazyHeaders } from '../pipes/http.ts'
import { UnreadableAnswer } from '../pipes/unreadable-answer.ts'

/** An upstream's answer: a body that is wanted whole is read up to a limit, so that no upstream can fill the memory. */
export class UpstreamResponse extends HttpResponse {
  protected readonly maxBytes: number
  readonly #request: HttpRequest

  /** @param request what it answers */
  constructor(status: number, headers: HeaderList | LazyHeaders, body: Body, maxBytes: number, request: HttpRequest) {
    super(status, headers, body)
    this.maxBytes = maxBytes
    this.#request = request
  }

  override whole(): Buffer | Promise<Buffer> {
    return this.limited(super.body)
  }

  /** All bytes of a body, as `bodyBytes` gives them. */
  protected limited(body: Body): Buffer | Promise<Buffer> {
    const { maxBytes } = this
    if (!(body instanceof BodyStream)) return bodyBytes(body)
    const whole = body.takeWhole()
    if (whole !== undefined) return whole
    if (body.declaredLength <= maxBytes) {
      return body.read(maxBytes).catch((error: unknown) => {
        throw error instanceof BodyTooLong ? this.#tooLong() : error
      })
    }
    const error = this.#tooLong()
    body.cancel(error)
    throw error
  }

  /** The failure with the call it is about, for the log. */
  protected named(failure: UnreadableAnswer): UnreadableAnswer {
    const { method, origin, path } = this.#request
    return failure.ofCall(`${method} ${origin}${path}`)
  }

  #tooLong(): UnreadableAnswer {
    return this.named(new UnreadableAnswer(`the answer is longer than ${this.maxBytes} bytes (max_decoded_bytes)`))
  }
}
