import { type Body, BodyStream } from '../../../pipes/body.ts'
import { LONGEST_TIMER_MS } from '../../../pipes/clock.ts'
import type { Cancellable, Context } from '../../../pipes/context.ts'
import { DeadlineExceeded } from '../../../pipes/failure.ts'
import { BODY, FROM_GUEST, type FrameReader, type FrameWriter, TO_GUEST } from './frames.ts'
import { type CallEnd, FromGuestStream, ToGuestStream } from './guest-streams.ts'
import type { Link } from './link.ts'

/** The largest body that is sent with the head of its message, without being asked for. */
const INLINE_BYTES = 4096

/** The guest ended while it worked for a request: a fault of the plugin's, as its `on_error` has them. */
export class GuestLost extends Error {
  override name = 'GuestLost'
  /** As with a panic, what it says is for the log alone. */
  readonly isCrash = true

  constructor(message: string) {
    super(message)
    this.stack = `${this.name}: ${message}` // where in the gateway it was noticed says nothing
  }
}

/** A context that is said to end later ends when the guest says so: it has no deadline. */
const LONGEST_MS = 2 ** 30

/** What a call tells whoever keeps the calls. */
export interface CallKeeper {
  /** The call is over: no frame is for it any more. */
  forget(id: number): void
}

/** A call that is begun by telling the guest. */
export interface StartableCall<Result> extends GuestCall {
  /**
   * @param instance the number of what the factory has made
   * @param parent the number of the call that stands around; 0: none
   */
  start(instance: number, parent: number): Promise<Result>
}

/** One call of a hook that lives in the guest, with its streams. */
export abstract class GuestCall implements CallEnd, Cancellable {
  readonly link: Link
  readonly id: number
  protected readonly context: Context
  readonly #keeper: CallKeeper
  #fromGuest: Map<number, FromGuestStream> | null = null
  #toGuest: Map<number, ToGuestStream> | null = null
  /** The contexts of calls of what stands behind that the guest may end, by their numbers. */
  #derived: Map<number, Context> | null = null
  /** Streams for the guest get numbers of their own, beyond those that the guest gives. */
  #lastStream = 0x8000_0000

  constructor(link: Link, id: number, context: Context, keeper: CallKeeper) {
    this.link = link
    this.id = id
    this.context = context
    this.#keeper = keeper
  }

  /** Takes a frame of the guest. */
  take(kind: number, flags: number, extra: number, payload: Buffer): void {
    switch (kind) {
      case FROM_GUEST.chunk:
        // The last chunk may end the request at once, and with it all streams.
        if (this.#fromGuest?.get(extra)?.take(flags, payload)) this.#fromGuest?.delete(extra)
        this.streamsChanged()
        break
      case FROM_GUEST.pull:
        this.#toGuest?.get(extra)?.pull(payload.readUInt32LE(0))
        break
      case FROM_GUEST.drop:
        this.#toGuest?.get(extra)?.drop()
        break
      default:
        this.takeHook(kind, flags, extra, payload)
    }
  }

  protected abstract takeHook(kind: number, flags: number, extra: number, payload: Buffer): void

  /** The request is over. */
  abstract cancel(reason: Error): void

  /** The guest has ended, or has spoiled this call. */
  lost(error: Error): void {
    this.failStreams(error)
    this.failed(error)
  }

  protected failStreams(error: Error): void {
    for (const stream of this.#fromGuest?.values() ?? []) stream.fail(error)
    // Nobody reads what was on its way to the guest: whoever sends it must not wait for that.
    for (const stream of [...(this.#toGuest?.values() ?? [])]) stream.drop()
    this.#fromGuest = null
    this.#toGuest = null
  }

  protected abstract failed(error: Error): void

  protected streamsChanged(): void {}

  protected get streaming(): boolean {
    return this.#fromGuest !== null && this.#fromGuest.size > 0
  }

  protected forget(): void {
    this.#keeper.forget(this.id)
  }

  protected tellCancelled(reason: Error): void {
    this.link.begin(TO_GUEST.cancel, reason instanceof DeadlineExceeded ? 1 : 0, this.id, 0)
    this.link.send()
  }

  /**
   * The context in which the guest calls what stands behind.
   * @param derived whether it may end before that of the request: `endNext` is called when the call is over
   */
  protected nextContext(id: number, derived: boolean): Context {
    if (!derived) return this.context
    const context = this.context.withTimeout(LONGEST_TIMER_MS)
    this.#derived ??= new Map()
    this.#derived.set(id, context)
    return context
  }

  /** The guest does not wait for that call any more. */
  protected cancelNext(id: number, reason: Error): void {
    this.#derived?.get(id)?.cancel(reason)
  }

  protected endNext(id: number, context: Context): void {
    if (this.#derived?.delete(id)) this.context.release(context)
  }

  /** Writes how long the request may take yet; -1 when it has no deadline. */
  protected writeTime(frame: FrameWriter): void {
    const { remainingMs } = this.context
    frame.i64(remainingMs > LONGEST_MS ? -1 : Math.round(remainingMs))
  }

  /** Describes a body to the guest; short ones that are there are sent along. */
  protected writeBody(frame: FrameWriter, body: Body): void {
    if (body === null || (!(body instanceof BodyStream) && body.length === 0)) {
      frame.u8(BODY.none)
      return
    }
    if (body instanceof BodyStream) {
      frame.u8(BODY.lazy).u32(this.#offer(body))
      return
    }
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    if (bytes.length <= INLINE_BYTES) frame.u8(BODY.inline).bytes(bytes)
    else frame.u8(BODY.lazy).u32(this.#offer(streamOf(bytes)))
  }

  #offer(body: BodyStream): number {
    const id = ++this.#lastStream
    this.#toGuest ??= new Map()
    this.#toGuest.set(id, new ToGuestStream(this, id, body, () => this.#toGuest?.delete(id)))
    return id
  }

  /** Opens a body that the guest is going to send. */
  protected openStream(id: number): BodyStream {
    const stream = new FromGuestStream(this, id, () => {
      this.#fromGuest?.delete(id)
      this.link.begin(TO_GUEST.drop, 0, this.id, id)
      this.link.send()
      this.streamsChanged()
    })
    this.#fromGuest ??= new Map()
    this.#fromGuest.set(id, stream)
    return stream.body
  }

  /** Puts the body that the guest has left in the place of the one that it was given, unless it is the same. */
  protected takeBody(reader: FrameReader, id: number, message: { body: Body }): void {
    const body = this.readBody(reader, id, message.body)
    if (body !== message.body) message.body = body
  }

  /**
   * Reads how the guest describes a body.
   * @param original the one that the guest was given
   */
  protected readBody(reader: FrameReader, id: number, original: Body): Body {
    switch (reader.u8()) {
      case BODY.original:
        return original
      case BODY.inline: {
        const bytes = reader.rest()
        return bytes.length === 0 ? null : bytes
      }
      case BODY.stream:
        return this.openStream(id)
      default:
        return null
    }
  }
}

function streamOf(bytes: Uint8Array): BodyStream {
  const stream = new BodyStream(undefined, bytes.length)
  stream.push(bytes)
  stream.end()
  return stream
}
