import { BodyStream } from '../../../pipes/body.ts'
import type { Context } from '../../../pipes/context.ts'
import { Failure, RequestOver } from '../../../pipes/failure.ts'
import { failureResponse } from '../../../pipes/failure-response.ts'
import { HeaderList } from '../../../pipes/headers.ts'
import { type HttpRequest, HttpResponse } from '../../../pipes/http.ts'
import type { Next } from '../../runtime.ts'
import { FLAG_END, FROM_GUEST, FrameReader, TO_GUEST } from './frames.ts'
import { type CallKeeper, GuestCall } from './guest-call.ts'
import { guestFailure } from './guest-failure.ts'
import { concatenated } from './guest-streams.ts'
import { joinHost, lengthOf, merge, peerOf, splitHost, withoutFraming, withoutLength } from './http-head.ts'
import type { Link } from './link.ts'

const HANDLE = { tls: 1, client: 2 } as const
const NEXT = { pass: 1, derived: 2, target: 4 } as const

type HttpNext = Next<HttpRequest, HttpResponse>

/** What stands behind a handler has answered. */
interface Answered {
  readonly response: HttpResponse
  /** What it failed with in place of an answer. */
  readonly failure: unknown
}

/** A request that a handler, or a client, of the guest answers. */
export class HttpCall extends GuestCall {
  readonly #request: HttpRequest
  readonly #next: HttpNext
  readonly #isClient: boolean
  readonly #behind: (context: Context) => void
  readonly #answer = Promise.withResolvers<HttpResponse>()
  readonly #answers = new Map<number, Answered>()
  #settled = false

  /** @param behind runs before each call of `next` */
  constructor(
    link: Link,
    id: number,
    request: HttpRequest,
    context: Context,
    next: HttpNext,
    isClient: boolean,
    keeper: CallKeeper,
    behind: (context: Context) => void,
  ) {
    super(link, id, context, keeper)
    this.#request = request
    this.#next = next
    this.#isClient = isClient
    this.#behind = behind
  }

  /** Sends the request to the guest. */
  start(instance: number, parent: number): Promise<HttpResponse> {
    const request = this.#request
    const { body } = request
    const flags = (request.secure ? HANDLE.tls : 0) | (this.#isClient ? HANDLE.client : 0)
    const { host, fields } = splitHost(request)
    const frame = this.link.begin(TO_GUEST.handle, flags, this.id, instance).u32(parent)
    this.writeTime(frame)
    frame
      .i64(lengthOf(body))
      .latin1(request.method)
      .latin1(this.#isClient ? request.url : request.currentTarget())
      .latin1(host)
      .latin1(peerOf(request))
      .fields(fields)
      .fields(this.#isClient ? NONE : takePreset(this.context))
    this.writeBody(frame, body)
    this.link.send()
    this.context.attach(this)
    return this.#answer.promise
  }

  cancel(reason: Error): void {
    this.tellCancelled(reason)
    if (reason instanceof RequestOver) this.#end()
    else if (this.#isClient && !this.#settled) {
      // One that does not look at its context would hold up the request (specification: plugins 5).
      this.#answer.reject(reason)
      this.#end()
    }
  }

  protected failed(error: Error): void {
    this.#answer.reject(error)
    this.#end()
  }

  protected takeHook(kind: number, flags: number, extra: number, payload: Buffer): void {
    if (kind === FROM_GUEST.next) this.#callNext(flags, extra, new FrameReader(payload))
    else if (kind === FROM_GUEST.cancelNext) this.cancelNext(extra, new GuestGaveUp())
    else if (kind === FROM_GUEST.head) this.#takeHead(flags, new FrameReader(payload))
    else if (kind === FROM_GUEST.fail) {
      this.#answer.reject(guestFailure(flags, new FrameReader(payload)))
      this.#end()
    }
  }

  protected override streamsChanged(): void {
    if (this.#settled && !this.streaming) this.#end()
  }

  #callNext(flags: number, id: number, reader: FrameReader): void {
    const request = this.#request
    request.method = reader.method()
    const target = reader.target()
    if ((flags & NEXT.target) !== 0) request.url = target
    request.headers = joinHost(reader)
    const preset = reader.fields()
    const body = this.readBody(reader, id, request.body)
    if (body !== request.body) {
      const declared = body instanceof BodyStream ? request.headers.get('content-length') : null
      request.body = body
      if (declared !== null) request.headers.set('Content-Length', declared)
    }
    const context = this.nextContext(id, (flags & NEXT.derived) !== 0)
    this.#behind(context)
    if (preset.length > 0) context.store.set(PRESET, preset)
    void this.#answerNext(id, context, preset, (flags & NEXT.pass) !== 0)
  }

  async #answerNext(id: number, context: Context, preset: readonly string[], passes: boolean): Promise<void> {
    let answered: Answered
    try {
      answered = { response: await this.#next(this.#request, context), failure: undefined }
    } catch (thrown) {
      const failure = thrown instanceof Failure ? thrown : new Failure('internal error', { cause: thrown })
      answered = { response: failureResponse(failure), failure: thrown }
    }
    this.endNext(id, context)
    const { response } = answered
    // Another handler in Go has taken them, and they are in its answer.
    if (takePreset(this.context).length > 0) merge(preset, response)
    if (passes) this.#answers.set(id, answered)
    const frame = this.link.begin(TO_GUEST.nextHead, 0, this.id, id).u16(response.status).fields(response.headers.raw)
    if (!passes) this.writeBody(frame, response.body)
    this.link.send()
  }

  #takeHead(flags: number, reader: FrameReader): void {
    const status = reader.u16()
    const raw = withoutFraming(reader.fields())
    const sniffed = reader.value('Content-Type')
    const answered = this.#answers.get(reader.u32())
    const ends = (flags & FLAG_END) !== 0
    const first = reader.left === 0 ? null : reader.rest()
    const rest = ends ? first : concatenated(first, this.openStream(0))
    if (answered !== undefined) {
      const { response, failure } = answered
      if (rest !== null) {
        response.headers.delete('content-length')
        response.body = concatenated(response.body, rest)
      }
      if (failure !== undefined && rest === null) this.#answer.reject(failure)
      else this.#answer.resolve(response)
    } else {
      if (sniffed !== '') raw.push('Content-Type', sniffed)
      this.#answer.resolve(
        new HttpResponse(status, new HeaderList(ends ? withoutLength(raw, this.#request) : raw), rest),
      )
    }
    this.#settled = true
    if (!this.streaming) this.#end()
  }

  #end(): void {
    this.context.detach(this)
    this.forget()
  }
}

/** A plugin does not wait for the gateway any more. */
class GuestGaveUp extends Failure {
  override name = 'GuestGaveUp'

  constructor() {
    super('context canceled')
  }
}

/** Header fields of the answer that outer handlers in Go have set already: handlers within see them. */
const PRESET = 'go response fields'
const NONE: readonly string[] = []

function takePreset({ store }: Context): readonly string[] {
  const preset = store.get(PRESET)
  if (preset === undefined) return NONE
  store.delete(PRESET)
  return preset as readonly string[]
}
