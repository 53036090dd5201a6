/** Words of the head: each a 32-bit integer. */
const WRITTEN = 0
const READ = 1
/** 1 while the reader sleeps; whoever writes sets it to 0 and wakes the reader. */
const READER_SLEEPS = 2
/** 1 while the writer waits for room. */
const WRITER_SLEEPS = 3
const CLOSED = 4
const HEAD_BYTES = 64

/**
 * Bytes from one thread to another through shared memory: one thread writes, one reads. Neither ever waits in a call;
 * each can ask to be woken. While the other side is at work nothing is sent to it but the bytes, so what comes in bursts
 * costs one waking.
 */
export class ByteRing {
  readonly memory: SharedArrayBuffer
  readonly #head: Int32Array
  readonly #bytes: Uint8Array
  readonly #mask: number
  #armed = false

  /** @param memory of `ringMemory`, the same in both threads */
  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#head = new Int32Array(memory, 0, HEAD_BYTES / 4)
    this.#bytes = new Uint8Array(memory, HEAD_BYTES)
    this.#mask = this.#bytes.length - 1
  }

  /** How many bytes can be read now. */
  get readable(): number {
    return (Atomics.load(this.#head, WRITTEN) - Atomics.load(this.#head, READ)) >>> 0
  }

  /** How many bytes can be written now. */
  get writable(): number {
    return this.#bytes.length - this.readable
  }

  get closed(): boolean {
    return Atomics.load(this.#head, CLOSED) === 1
  }

  /**
   * Writes as much as there is room for, and wakes a reader that sleeps.
   * @returns the number of bytes taken
   */
  write(source: Uint8Array): number {
    const written = Atomics.load(this.#head, WRITTEN)
    const room = this.#bytes.length - ((written - Atomics.load(this.#head, READ)) >>> 0)
    const length = Math.min(source.length, room)
    if (length === 0) return 0
    const start = written & this.#mask
    const first = this.#bytes.length - start
    if (length <= first) this.#bytes.set(length === source.length ? source : source.subarray(0, length), start)
    else {
      this.#bytes.set(source.subarray(0, first), start)
      this.#bytes.set(source.subarray(first, length), 0)
    }
    Atomics.store(this.#head, WRITTEN, (written + length) | 0)
    this.#wake(READER_SLEEPS)
    return length
  }

  /**
   * Moves bytes into the target, and wakes a writer that waits for room.
   * @returns the number of bytes moved
   */
  read(target: Uint8Array): number {
    const read = Atomics.load(this.#head, READ)
    const there = (Atomics.load(this.#head, WRITTEN) - read) >>> 0
    const length = Math.min(target.length, there)
    if (length === 0) return 0
    const start = read & this.#mask
    const first = this.#bytes.length - start
    if (length <= first) target.set(this.#bytes.subarray(start, start + length))
    else {
      target.set(this.#bytes.subarray(start))
      target.set(this.#bytes.subarray(0, length - first), first)
    }
    Atomics.store(this.#head, READ, (read + length) | 0)
    this.#wake(WRITER_SLEEPS)
    return length
  }

  /**
   * For the reader: runs `wake` once there is something to read, in a turn of its own; at most one such request is open.
   * False when there is something already: then nothing is arranged.
   */
  wakeReader(wake: () => void): boolean {
    Atomics.store(this.#head, READER_SLEEPS, 1)
    if (this.readable > 0 || this.closed) {
      Atomics.store(this.#head, READER_SLEEPS, 0)
      return false
    }
    if (this.#armed) return true
    const waiting = waitWhileOne(this.#head, READER_SLEEPS)
    if (waiting === null) return false
    this.#armed = true
    void waiting.then(() => {
      this.#armed = false
      wake()
    })
    return true
  }

  /** For the writer: runs `wake` once there may be room again. False when there is room already. */
  wakeWriter(wake: () => void): boolean {
    Atomics.store(this.#head, WRITER_SLEEPS, 1)
    if (this.writable > 0 || this.closed) {
      Atomics.store(this.#head, WRITER_SLEEPS, 0)
      return false
    }
    const waiting = waitWhileOne(this.#head, WRITER_SLEEPS)
    if (waiting === null) return false
    void waiting.then(wake)
    return true
  }

  /** Nothing more will be written or read; who sleeps wakes up. */
  close(): void {
    Atomics.store(this.#head, CLOSED, 1)
    this.#wake(READER_SLEEPS)
    this.#wake(WRITER_SLEEPS)
  }

  #wake(word: number): void {
    if (Atomics.load(this.#head, word) === 1 && Atomics.compareExchange(this.#head, word, 1, 0) === 1) {
      Atomics.notify(this.#head, word)
    }
  }
}

/** @param capacity in bytes, a power of two */
export function ringMemory(capacity: number): SharedArrayBuffer {
  if (capacity < 1024 || (capacity & (capacity - 1)) !== 0) throw new RangeError('the capacity must be a power of two')
  return new SharedArrayBuffer(HEAD_BYTES + capacity)
}

/** Null when the word is not 1 any more. */
function waitWhileOne(words: Int32Array, word: number): Promise<unknown> | null {
  const { async, value } = Atomics.waitAsync(words, word, 1)
  return async ? value : null
}
