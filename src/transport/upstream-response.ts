import { type Body, BodyStream, BodyTooLong, bodyBytes } from '../pipes/body.ts'
import type { HeaderList } from '../pipes/headers.ts'
import { HttpResponse, type LazyHeaders } from '../pipes/http.ts'
import { UnreadableAnswer } from '../pipes/unreadable-answer.ts'

/** The call that an answer belongs to. */
export interface AnsweredCall {
  /** What a body that is wanted whole may have, after gzip. */
  readonly maxBytes: number
  /** Method and URL, for the log. */
  readonly name: string
}

/** An upstream's answer: a body that is wanted whole is read up to a limit, so that no upstream can fill the memory. */
export class UpstreamResponse extends HttpResponse {
  protected readonly call: AnsweredCall

  constructor(status: number, headers: HeaderList | LazyHeaders, body: Body, call: AnsweredCall) {
    super(status, headers, body)
    this.call = call
  }

  protected override allOf(body: Body): Buffer | Promise<Buffer> {
    if (!(body instanceof BodyStream)) return bodyBytes(body)
    const whole = body.takeWhole()
    if (whole !== undefined) return whole
    const { maxBytes } = this.call
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
    return failure.ofCall(this.call.name)
  }

  #tooLong(): UnreadableAnswer {
    return this.named(new UnreadableAnswer(`the answer is longer than ${this.call.maxBytes} bytes (max_decoded_bytes)`))
  }
}
