import { Readable } from 'node:stream'

/** Where the bytes of a stream come from. */
export interface BodySource {
  /** Called once, when somebody wants the bytes; a source that delivers by itself leaves it out. */
  start?(): void
  /** Stop delivering until `resume`. */
  pause(): void
  resume(): void
  /** Nobody wants the rest: free what is held (close or reset the connection). */
  cancel(reason: Error): void
}

/** Where the bytes of a stream go. */
export interface BodySink {
  /** Takes a chunk. False asks to wait until the stream's `resume` is called. */
  write(chunk: Uint8Array): boolean
  end(): void
  /** The stream broke off: what was written is not the whole. */
  fail(error: Error): void
}

/**
 * What a message carries: nothing, text, bytes, or a stream that has not been read yet.
 *
 * @example
 * request.body = JSON.stringify({ wrapped: await request.json() })
 * response.body = new Uint8Array(bytes)
 * response.body = createReadStream('big.csv')
 */
export type Body = string | Uint8Array | BodyStream | null

const HIGH_WATER_BYTES = 65_536
const NO_SOURCE: BodySource = { pause() {}, resume() {}, cancel() {} }

/**
 * A body on its way: pushed by one source, consumed by one sink, with back-pressure in between. Short bodies are
 * usually whole before anybody asks for them; then they are handed over without a promise. A stream that fails half-way
 * says so to its sink, so that nobody takes the first half for the whole.
 */
export class BodyStream implements AsyncIterable<Uint8Array> {
  /** The length in bytes when the sender declared it, else -1. */
  readonly declaredLength: number
  #source: BodySource
  #sink: BodySink | null = null
  #chunks: Uint8Array[] = []
  #buffered = 0
  #ended = false
  #error: Error | null = null
  #taken = false
  #paused = false
  #started = false
  #cancelled = false
  #onArrival: (() => void) | null = null

  constructor(source: BodySource = NO_SOURCE, declaredLength = -1) {
    this.#source = source
    this.declaredLength = declaredLength
  }

  /** Whether all bytes have arrived. */
  get ended(): boolean {
    return this.#ended
  }

  /** Whether somebody has begun to consume it. */
  get taken(): boolean {
    return this.#taken
  }

  /** For the source: delivers a chunk. False asks it to pause until `resume`. */
  push(chunk: Uint8Array): boolean {
    if (this.#ended || this.#error !== null || chunk.length === 0) return true
    if (this.#sink !== null) {
      if (this.#sink.write(chunk)) return true
      this.#pause()
      return false
    }
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    if (this.#onArrival !== null) this.#arrived()
    if (this.#buffered < HIGH_WATER_BYTES) return true
    this.#pause()
    return false
  }

  /** For the source: that was all. */
  end(): void {
    if (this.#ended || this.#error !== null) return
    this.#ended = true
    this.#sink?.end()
    if (this.#onArrival !== null) this.#arrived()
  }

  /** For the source: there is no more, and it was not all. */
  fail(error: Error): void {
    if (this.#ended || this.#error !== null) return
    this.#error = error
    this.#sink?.fail(error)
    if (this.#onArrival !== null) this.#arrived()
  }

  /** For the sink: goes on after `write` returned false. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#source.resume()
  }

  /** Delivers everything to `sink`, at once what is there already. A stream is consumed once. */
  pipeTo(sink: BodySink): void {
    if (this.#taken) throw new TypeError('this body has been consumed already')
    this.#taken = true
    const chunks = this.#chunks
    this.#chunks = []
    this.#buffered = 0
    let flowing = true
    for (const chunk of chunks) {
      if (this.#cancelled) break // by the sink itself
      flowing = sink.write(chunk) && flowing
    }
    if (this.#error !== null) sink.fail(this.#error)
    else if (this.#ended) sink.end()
    else this.#attach(sink, flowing)
  }

  #attach(sink: BodySink, flowing: boolean): void {
    this.#sink = sink
    if (flowing) this.resume()
    else this.#pause()
    if (!this.#ended && this.#error === null) this.#start()
  }

  #pause(): void {
    if (this.#paused) return
    this.#paused = true
    this.#source.pause()
  }

  /** Gives up: the source is told to free what it holds. */
  cancel(reason: Error): void {
    if (this.#ended || this.#error !== null) return
    this.#error = reason
    this.#cancelled = true
    this.#chunks = []
    this.#source.cancel(reason)
    this.#sink?.fail(reason)
    if (this.#onArrival !== null) this.#arrived()
  }

  /** The first chunk without taking it, null when the body is empty. Rejects when it breaks off before. */
  peek(): Promise<Uint8Array | null> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (this.#chunks.length > 0) resolve(this.#chunks[0] as Uint8Array)
        else if (this.#error !== null) reject(this.#error)
        else if (this.#ended) resolve(null)
        else {
          const earlier = this.#onArrival
          this.#onArrival = () => {
            earlier?.()
            look()
          }
        }
      }
      this.#start()
      look()
    })
  }

  #start(): void {
    if (this.#started) return
    this.#started = true
    this.#source.start?.()
  }

  #arrived(): void {
    const look = this.#onArrival
    this.#onArrival = null
    look?.()
  }

  /** All bytes, when they are all here already; the stream is then consumed. Else undefined. */
  takeWhole(): Buffer | undefined {
    if (!this.#ended || this.#taken) return undefined
    this.#taken = true
    return joinChunks(this.#chunks)
  }

  /**
   * Reads to the end.
   * @param maxBytes more than that rejects with `BodyTooLong` and cancels the source
   */
  read(maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = []
      let length = 0
      this.pipeTo({
        write: (chunk) => {
          length += chunk.length
          if (length > maxBytes) {
            chunks.length = 0
            const error = new BodyTooLong(maxBytes)
            this.cancel(error)
            reject(error)
          } else chunks.push(chunk)
          return true
        },
        end: () => resolve(joinChunks(chunks)),
        fail: reject,
      })
    })
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const waiting: Uint8Array[] = []
    let done = false
    let failure: Error | null = null
    let wake: () => void = () => {}
    this.pipeTo({
      write: (chunk) => {
        waiting.push(chunk)
        wake()
        return false
      },
      end: () => {
        done = true
        wake()
      },
      fail: (error) => {
        failure = error
        wake()
      },
    })
    try {
      for (;;) {
        const chunk = waiting.shift()
        if (chunk !== undefined) {
          yield chunk
          if (waiting.length === 0) this.resume()
        } else if (failure !== null) throw failure
        else if (done) return
        else
          await new Promise<void>((resolve) => {
            wake = resolve
          })
      }
    } finally {
      if (!done && failure === null) this.cancel(new Error('the reader of the body stopped'))
    }
  }

  /** A stream that delivers what an iterable (a generator, a web stream, a Node stream) yields. */
  static from(iterable: Pieces): BodyStream {
    let wake: () => void = () => {}
    let paused = false
    let cancelled = false
    const web = isWebStream(iterable) ? new WebPieces(iterable) : null
    const stream: BodyStream = new BodyStream({
      start: () => void pump(),
      pause: () => {
        paused = true
      },
      resume: () => {
        paused = false
        wake()
      },
      cancel: (reason) => {
        cancelled = true
        paused = false
        wake()
        web?.cancel(reason)
        // Ends a wait for the next piece; a generator that waits ends with that piece.
        if (iterable instanceof Readable) iterable.destroy()
      },
    })
    const pump = async () => {
      try {
        for await (const piece of web ?? iterable) {
          if (cancelled) return
          stream.push(typeof piece === 'string' ? Buffer.from(piece) : piece)
          while (paused)
            await new Promise<void>((resolve) => {
              wake = resolve
            })
          if (cancelled) return
        }
        stream.end()
      } catch (error) {
        stream.fail(error instanceof Error ? error : new Error(String(error)))
      }
    }
    return stream
  }
}

type Pieces = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>

/** By its shape: to name the class loads Node's web streams. */
function isWebStream(iterable: Pieces): iterable is ReadableStream<Uint8Array | string> {
  return 'getReader' in iterable && typeof iterable.getReader === 'function'
}

/** What a web stream yields; unlike its own iterator it can be cancelled while it waits for the next piece. */
class WebPieces implements AsyncIterable<Uint8Array | string> {
  readonly #stream: ReadableStream<Uint8Array | string>
  #reader: ReadableStreamDefaultReader<Uint8Array | string> | null = null

  constructor(stream: ReadableStream<Uint8Array | string>) {
    this.#stream = stream
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array | string> {
    this.#reader = this.#stream.getReader()
    for (;;) {
      const { done, value } = await this.#reader.read()
      if (done) return
      yield value
    }
  }

  /** What fails by it, nobody is interested in any more. */
  cancel(reason: Error): void {
    ;(this.#reader ?? this.#stream).cancel(reason).catch(() => {})
  }
}

/** A body has more bytes than may be read. */
export class BodyTooLong extends RangeError {
  readonly maxBytes: number

  constructor(maxBytes: number) {
    super(`the body is longer than ${maxBytes} bytes`)
    this.maxBytes = maxBytes
  }
}

/** All bytes of a body as text, without a promise where it is there already. */
export function bodyText(body: Body): string | Promise<string> {
  if (body === null) return ''
  if (typeof body === 'string') return body
  if (!(body instanceof BodyStream)) return asBuffer(body).toString('utf8')
  const whole = body.takeWhole()
  return whole !== undefined ? whole.toString('utf8') : body.read().then((bytes) => bytes.toString('utf8'))
}

/** All bytes of a body, without a promise where they are there already. */
export function bodyBytes(body: Body): Buffer | Promise<Buffer> {
  if (body === null) return EMPTY
  if (typeof body === 'string') return Buffer.from(body)
  if (!(body instanceof BodyStream)) return asBuffer(body)
  return body.takeWhole() ?? body.read()
}

const EMPTY = Buffer.alloc(0)

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function joinChunks(chunks: Uint8Array[]): Buffer {
  return chunks.length === 1 ? asBuffer(chunks[0] as Uint8Array) : Buffer.concat(chunks)
}
