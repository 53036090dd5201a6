import { type Body, type BodySink, type BodySource, BodyStream } from '../../../pipes/body.ts'
import { CHUNK_BYTES, FLAG_END, FLAG_ERROR, TO_GUEST } from './frames.ts'
import type { Link } from './link.ts'

/** Where the frames of a call go. */
export interface CallEnd {
  readonly link: Link
  readonly id: number
}

/** A body that comes from the guest: told how much it may send as it is consumed. */
export class FromGuestStream implements BodySource {
  readonly body: BodyStream
  readonly #end: CallEnd
  readonly #id: number
  readonly #onGivenUp: () => void
  #paused = false
  /** Bytes that were consumed and not given back as credit yet. */
  #owed = 0
  #over = false

  /** @param onGivenUp nobody wants the rest */
  constructor(end: CallEnd, id: number, onGivenUp: () => void) {
    this.#end = end
    this.#id = id
    this.#onGivenUp = onGivenUp
    this.body = new BodyStream(this)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#pay()
  }

  cancel(): void {
    this.#over = true
    this.#onGivenUp()
  }

  /** Takes a chunk frame. True when it was the last. */
  take(flags: number, payload: Buffer): boolean {
    if (this.#over) return flags !== 0
    if ((flags & FLAG_ERROR) !== 0) {
      this.#over = true
      this.body.fail(new Error(payload.toString('utf8')))
      return true
    }
    if (payload.length > 0) {
      this.#owed += payload.length
      this.body.push(Buffer.from(payload))
      this.#pay()
    }
    if ((flags & FLAG_END) === 0) return false
    this.#over = true
    this.body.end()
    return true
  }

  fail(error: Error): void {
    this.#over = true
    this.body.fail(error)
  }

  #pay(): void {
    if (this.#paused || this.#over || this.#owed < CHUNK_BYTES) return
    const { link, id } = this.#end
    link.begin(TO_GUEST.credit, 0, id, this.#id).u32(this.#owed)
    link.send()
    this.#owed = 0
  }
}

/** A body that goes to the guest, as much of it as it asks for. Nothing is read before that. */
export class ToGuestStream implements BodySink {
  readonly #end: CallEnd
  readonly #id: number
  readonly #body: BodyStream
  readonly #onOver: () => void
  #credit = 0
  #started = false
  #over = false
  /** What came while there was no credit. */
  #waiting: Uint8Array[] = []
  #ended = false
  #failure: Error | null = null

  /** @param onOver all has been sent, or nobody wants the rest */
  constructor(end: CallEnd, id: number, body: BodyStream, onOver: () => void) {
    this.#end = end
    this.#id = id
    this.#body = body
    this.#onOver = onOver
  }

  /** The guest takes so many bytes more. */
  pull(bytes: number): void {
    if (this.#over) return
    this.#credit += bytes
    if (!this.#started) {
      this.#started = true
      if (this.#body.taken) {
        this.fail(new Error('the body has been read by another'))
        return
      }
      this.#body.pipeTo(this)
      return
    }
    this.#flush()
    if (!this.#over && this.#waiting.length === 0) this.#body.resume()
  }

  write(chunk: Uint8Array): boolean {
    this.#waiting.push(chunk)
    this.#flush()
    return this.#waiting.length === 0
  }

  end(): void {
    this.#ended = true
    this.#flush()
  }

  fail(error: Error): void {
    if (this.#over) return
    this.#failure = error
    this.#flush()
  }

  /** The guest wants no more. */
  drop(): void {
    if (this.#over) return
    this.#finish()
    if (this.#started) this.#body.cancel(new Error('the plugin has closed the body'))
  }

  #flush(): void {
    const { link, id } = this.#end
    while (this.#waiting.length > 0 && this.#credit > 0) {
      const first = this.#waiting[0] as Uint8Array
      const length = Math.min(first.length, this.#credit, CHUNK_BYTES)
      link.begin(TO_GUEST.chunk, 0, id, this.#id).bytes(first.subarray(0, length))
      link.send()
      this.#credit -= length
      if (length === first.length) this.#waiting.shift()
      else this.#waiting[0] = first.subarray(length)
    }
    if (this.#over || this.#waiting.length > 0) return
    if (this.#failure !== null) {
      link.begin(TO_GUEST.chunk, FLAG_ERROR, id, this.#id).bytes(Buffer.from(this.#failure.message))
      link.send()
      this.#finish()
    } else if (this.#ended) {
      link.begin(TO_GUEST.chunk, FLAG_END, id, this.#id)
      link.send()
      this.#finish()
    }
  }

  #finish(): void {
    this.#over = true
    this.#waiting = []
    this.#onOver()
  }
}

/** One body behind the other. */
export function concatenated(first: Body, second: Body): Body {
  if (first === null) return second
  if (second === null) return first
  return BodyStream.from(pieces([first, second]))
}

async function* pieces(bodies: readonly Exclude<Body, null>[]): AsyncGenerator<Uint8Array | string> {
  for (const body of bodies) {
    if (body instanceof BodyStream) yield* body
    else yield body
  }
}
