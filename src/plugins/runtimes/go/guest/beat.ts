/** Words of the memory that shows whether a guest goes on. */
const TURNS = 0
const RUNS = 1

/** For the thread of the guest: notes when the guest's code runs. */
export class Beat {
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
  }

  /** The guest's code runs from now on, or has shown that it goes on. */
  runs(): void {
    this.#words[TURNS] = ((this.#words[TURNS] as number) + 1) | 0
    this.#words[RUNS] = 1
  }

  /** The guest waits. */
  waits(): void {
    this.#words[RUNS] = 0
  }
}

/** For who watches: tells how long a guest has computed without a pause. */
export class BeatWatch {
  readonly #words: Int32Array
  #turns = 0
  #since = 0

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
  }

  /** @returns milliseconds for which the same turn of the guest has been running; as seen by being asked again and again */
  stuckMs(now: number): number {
    const turns = Atomics.load(this.#words, TURNS)
    if (Atomics.load(this.#words, RUNS) === 0 || turns !== this.#turns || this.#since === 0) {
      this.#turns = turns
      this.#since = now
      return 0
    }
    return now - this.#since
  }

  /** The time until now does not count: whoever watches was late itself. */
  forgive(now: number): void {
    this.#since = now
  }
}

export function beatMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(8)
}
