import { ByteRing } from '../../../shared/byte-ring.ts'
import { type FrameSink, FrameSplitter, FrameWriter } from './frames.ts'

/** The shared memory of one connection between a gateway thread and the guest of a plugin. */
export interface LinkMemory {
  readonly connection: number
  readonly toGuest: SharedArrayBuffer
  readonly toHost: SharedArrayBuffer
}

/** One end of such a connection: sends frames, never waiting, and hands over those that come. */
export class Link {
  readonly connection: number
  /** For the frame that is put together next. */
  readonly #frames = new FrameWriter()
  readonly #out: ByteRing
  readonly #in: ByteRing
  readonly #splitter: FrameSplitter
  readonly #onBroken: (error: Error) => void
  /** What had no room yet. */
  #waiting: Buffer[] = []
  #closed = false

  /**
   * @param sink may throw for a frame that it cannot understand
   * @param onBroken runs then: nothing that comes after it can be trusted
   */
  constructor({ connection, toGuest, toHost }: LinkMemory, sink: FrameSink, onBroken: (error: Error) => void) {
    this.connection = connection
    this.#onBroken = onBroken
    this.#out = new ByteRing(toGuest)
    this.#in = new ByteRing(toHost)
    this.#splitter = new FrameSplitter(sink)
    this.#receive()
  }

  begin(kind: number, flags: number, call: number, extra: number): FrameWriter {
    return this.#frames.begin(kind, flags, this.connection, call, extra)
  }

  /** Sends the frame that was begun. */
  send(): void {
    if (this.#closed) return
    writeOrKeep(this.#out, this.#frames.end(), this.#waiting, this.#flush)
  }

  /** Nothing comes or goes any more. */
  close(): void {
    this.#closed = true
    this.#waiting = []
    this.#out.close()
    this.#in.close()
  }

  readonly #flush = (): void => {
    if (!this.#closed) flushKept(this.#out, this.#waiting, this.#flush)
  }

  readonly #receive = (): void => {
    try {
      do {
        for (;;) {
          const bytes = this.#closed ? 0 : this.#in.read(this.#splitter.free)
          if (bytes === 0) break
          this.#splitter.filled(bytes)
        }
      } while (!this.#closed && !this.#in.closed && !this.#in.wakeReader(this.#receive))
    } catch (error) {
      this.#onBroken(error instanceof Error ? error : new Error(String(error)))
    }
  }
}

/** Writes a frame into a ring; what has no room is kept in its order, and goes when there is some. */
export function writeOrKeep(ring: ByteRing, frame: Uint8Array, kept: Buffer[], flush: () => void): void {
  if (kept.length > 0) {
    kept.push(Buffer.from(frame))
    return
  }
  const taken = ring.write(frame)
  if (taken === frame.length) return
  kept.push(Buffer.from(frame.subarray(taken)))
  if (!ring.wakeWriter(flush)) flush()
}

/** Writes what was kept, as far as there is room. */
export function flushKept(ring: ByteRing, kept: Buffer[], flush: () => void): void {
  while (kept.length > 0) {
    const first = kept[0] as Buffer
    const taken = ring.write(first)
    if (taken === first.length) kept.shift()
    else {
      kept[0] = first.subarray(taken)
      if (ring.wakeWriter(flush) || ring.closed) return
    }
  }
}
