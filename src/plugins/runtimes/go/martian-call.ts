import type { Context } from '../../../pipes/context.ts'
import { HeaderList } from '../../../pipes/headers.ts'
import type { HttpRequest, HttpResponse } from '../../../pipes/http.ts'
import { type FrameReader, TO_GUEST } from './frames.ts'
import type { CallKeeper } from './guest-call.ts'
import { HookCall } from './hook-call.ts'
import { joinHost, splitHost } from './http-head.ts'
import type { Link } from './link.ts'

const SIDE = { request: 1, response: 2 } as const

/** A Martian modifier of the sources, at work on a request for an upstream, or on its response. */
export class MartianCall extends HookCall<void> {
  readonly #request: HttpRequest
  readonly #response: HttpResponse | null

  /** @param response null: the request is to be modified */
  constructor(
    link: Link,
    id: number,
    request: HttpRequest,
    response: HttpResponse | null,
    context: Context,
    keeper: CallKeeper,
  ) {
    super(link, id, context, keeper)
    this.#request = request
    this.#response = response
  }

  start(instance: number, parent: number): Promise<void> {
    const request = this.#request
    const response = this.#response
    const { host, fields } = splitHost(request)
    const side = response === null ? SIDE.request : SIDE.response
    const frame = this.link.begin(TO_GUEST.martian, side, this.id, instance).u32(parent)
    this.writeTime(frame)
    frame.latin1(request.method).latin1(request.url).latin1(host).fields(fields)
    if (response === null) this.writeBody(frame, request.body)
    else {
      frame.u16(response.status).fields(response.headers.raw)
      this.writeBody(frame, response.body)
    }
    return this.ask()
  }

  protected takeResult(_flags: number, reader: FrameReader): void {
    if (this.#response === null) this.#takeRequest(reader)
    else this.#takeResponse(this.#response, reader)
    this.outcome.resolve()
  }

  #takeRequest(reader: FrameReader): void {
    const request = this.#request
    request.method = reader.method()
    request.url = reader.target()
    request.headers = joinHost(reader)
    this.takeBody(reader, 0, request)
  }

  #takeResponse(response: HttpResponse, reader: FrameReader): void {
    response.status = reader.u16()
    response.headers = new HeaderList(reader.fields())
    this.takeBody(reader, 0, response)
  }
}
