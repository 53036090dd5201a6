import { stringifyJson } from '../../../encoding/json.ts'
import type { Context } from '../../../pipes/context.ts'
import { DeadlineExceeded, Failure } from '../../../pipes/failure.ts'
import { type ProxyRequest, ProxyResponse } from '../../../pipes/proxy.ts'
import type { Next } from '../../runtime.ts'
import { FLAG_ERROR, FROM_GUEST, type FrameReader, TO_GUEST } from './frames.ts'
import type { CallKeeper } from './guest-call.ts'
import { HookCall } from './hook-call.ts'
import type { Link } from './link.ts'
import { type RequestPlace, readRequest, readResponse, writeRequest, writeResponse } from './proxy-messages.ts'

const ASK = { data: 1, request: 2 } as const
const NEXT_DERIVED = 2

/** What an instance has been seen to ask for: it is sent without being asked the next time. */
export interface Habits {
  data: boolean
}

/** A hook of the data pipes, whose guest may ask for more of a message than it was sent. */
abstract class ProxyCall<Result> extends HookCall<Result> {
  protected override takeMore(kind: number, flags: number, extra: number, reader: FrameReader): void {
    if (kind === FROM_GUEST.ask) this.answer(flags, extra, reader.u32())
  }

  /** Answers a question of the guest about a message that it has. */
  protected answer(_what: number, _id: number, _about: number): void {}

  protected answerData(id: number, response: ProxyResponse | undefined): void {
    this.link.begin(TO_GUEST.answer, 0, this.id, id).bytes(Buffer.from(stringifyJson(response?.data ?? null)))
    this.link.send()
  }

  protected answerRequest(id: number, request: ProxyRequest): void {
    const frame = this.link.begin(TO_GUEST.answer, 0, this.id, id)
    writeRequest(frame, request)
    this.writeBody(frame, null) // it has been sent to the upstream
    this.link.send()
  }
}

/** A request modifier. */
export class ModifyRequestCall extends ProxyCall<ProxyRequest> {
  readonly #request: ProxyRequest
  readonly #place: RequestPlace

  constructor(
    link: Link,
    id: number,
    request: ProxyRequest,
    context: Context,
    place: RequestPlace,
    keeper: CallKeeper,
  ) {
    super(link, id, context, keeper)
    this.#request = request
    this.#place = place
  }

  start(instance: number, parent: number): Promise<ProxyRequest> {
    const frame = this.link.begin(TO_GUEST.modifyRequest, 0, this.id, instance).u32(parent)
    this.writeTime(frame)
    writeRequest(frame, this.#request)
    this.writeBody(frame, this.#request.body)
    return this.ask()
  }

  protected takeResult(_flags: number, reader: FrameReader): void {
    const request = this.#request
    readRequest(reader, request, this.#place)
    this.takeBody(reader, 0, request)
    this.outcome.resolve(request)
  }
}

/** A response modifier. */
export class ModifyResponseCall extends ProxyCall<ProxyResponse> {
  readonly #request: ProxyRequest
  readonly #response: ProxyResponse
  readonly #habits: Habits

  constructor(
    link: Link,
    id: number,
    response: ProxyResponse,
    request: ProxyRequest,
    context: Context,
    habits: Habits,
    keeper: CallKeeper,
  ) {
    super(link, id, context, keeper)
    this.#request = request
    this.#response = response
    this.#habits = habits
  }

  start(instance: number, parent: number): Promise<ProxyResponse> {
    const frame = this.link.begin(TO_GUEST.modifyResponse, 0, this.id, instance).u32(parent)
    this.writeTime(frame)
    writeResponse(frame, this.#response, this.#habits.data)
    this.writeBody(frame, this.#response.body)
    return this.ask()
  }

  protected override answer(what: number, id: number): void {
    if (what === ASK.request) this.answerRequest(id, this.#request)
    else {
      this.#habits.data = true
      this.answerData(id, this.#response)
    }
  }

  protected takeResult(_flags: number, reader: FrameReader): void {
    const response = this.#response
    reader.u32()
    readResponse(reader, response)
    this.takeBody(reader, 0, response)
    this.outcome.resolve(response)
  }
}

/** A middleware: calls what stands behind it as often as it likes, and gives a response. */
export class MiddlewareCall extends ProxyCall<ProxyResponse> {
  readonly #request: ProxyRequest
  readonly #next: Next<ProxyRequest, ProxyResponse>
  readonly #place: RequestPlace
  readonly #habits: Habits
  readonly #isNoOp: boolean
  readonly #behind: (context: Context) => void
  readonly #answers = new Map<number, ProxyResponse>()

  /** @param isNoOp whether answers there have a status and a body, and no data */
  constructor(
    link: Link,
    id: number,
    request: ProxyRequest,
    context: Context,
    next: Next<ProxyRequest, ProxyResponse>,
    place: RequestPlace,
    isNoOp: boolean,
    habits: Habits,
    keeper: CallKeeper,
    behind: (context: Context) => void,
  ) {
    super(link, id, context, keeper)
    this.#request = request
    this.#isNoOp = isNoOp
    this.#next = next
    this.#place = place
    this.#habits = habits
    this.#behind = behind
  }

  start(instance: number, parent: number): Promise<ProxyResponse> {
    const frame = this.link.begin(TO_GUEST.middleware, 0, this.id, instance).u32(parent)
    this.writeTime(frame)
    writeRequest(frame, this.#request)
    this.writeBody(frame, this.#request.body)
    return this.ask()
  }

  /** It stands around the pipe: when the request is over it sees that, and can answer. */
  override cancel(reason: Error): void {
    if (reason instanceof DeadlineExceeded) this.tellCancelled(reason)
    else super.cancel(reason)
  }

  protected override answer(what: number, id: number, about: number): void {
    if (what === ASK.request) this.answerRequest(id, this.#request)
    else {
      this.#habits.data = true
      this.answerData(id, this.#answers.get(about))
    }
  }

  protected override takeMore(kind: number, flags: number, extra: number, reader: FrameReader): void {
    super.takeMore(kind, flags, extra, reader)
    if (kind === FROM_GUEST.cancelNext) this.cancelNext(extra, new Failure('context canceled'))
    else if (kind === FROM_GUEST.next) {
      readRequest(reader, this.#request, this.#place)
      this.takeBody(reader, extra, this.#request)
      const context = this.nextContext(extra, (flags & NEXT_DERIVED) !== 0)
      this.#behind(context)
      void this.#answerNext(extra, context)
    }
  }

  async #answerNext(id: number, context: Context): Promise<void> {
    try {
      const response = await this.#next(this.#request, context)
      this.#answers.set(id, response)
      const frame = this.link.begin(TO_GUEST.nextHead, 0, this.id, id)
      writeResponse(frame, response, this.#habits.data)
      this.writeBody(frame, response.body)
    } catch (thrown) {
      const failure = thrown instanceof Failure ? thrown : new Failure('internal error', { cause: thrown })
      const text = failure.publicText ?? failure.message
      const frame = this.link.begin(TO_GUEST.nextHead, FLAG_ERROR, this.id, id)
      frame
        .u16(failure.status)
        .utf8(text)
        .utf8(failure.contentType ?? '')
    }
    this.link.send()
    this.endNext(id, context)
  }

  protected takeResult(_flags: number, reader: FrameReader): void {
    const base = this.#answers.get(reader.u32())
    const response = base ?? (this.#isNoOp ? new ProxyResponse({}, true, 200) : new ProxyResponse(null, true))
    readResponse(reader, response)
    this.takeBody(reader, 0, response)
    this.outcome.resolve(response)
  }
}
