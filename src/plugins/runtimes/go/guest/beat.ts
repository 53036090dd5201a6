import { schedulingOf, systemThread } from '../../../../shared/scheduling.ts'

/** Words of the memory that shows whether a guest goes on. */
const TURNS = 0
const RUNS = 1
const SYSTEM_THREAD = 2
const WORDS = 3

/** For the thread of the guest: notes when the guest's code runs. */
export class Beat {
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
    this.#words[SYSTEM_THREAD] = systemThread()
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
  readonly #waitedMs: (systemThread: number) => number
  #turns = 0
  #stuckMs = 0
  /** How long its thread had waited for a processor when it was looked at last. */
  #waited = Number.NaN

  /** @param waitedMs how long a thread has waited for a processor since it began; asks Linux by default */
  constructor(memory: SharedArrayBuffer, waitedMs = (thread: number) => schedulingOf(thread)?.waitedMs ?? 0) {
    this.#words = new Int32Array(memory)
    this.#waitedMs = waitedMs
  }

  /**
   * Looks again. Time in which others had the processors does not count.
   * @param elapsedMs the time since the last look, as far as it counts
   * @returns milliseconds for which the same turn of the guest has been running
   */
  look(elapsedMs: number): number {
    const turns = Atomics.load(this.#words, TURNS)
    if (Atomics.load(this.#words, RUNS) === 0 || turns !== this.#turns) {
      this.#turns = turns
      this.#stuckMs = 0
      this.#waited = Number.NaN
      return 0
    }
    const waited = this.#waitedMs(Atomics.load(this.#words, SYSTEM_THREAD))
    const lost = Number.isNaN(this.#waited) ? 0 : waited - this.#waited
    this.#waited = waited
    this.#stuckMs += Math.max(0, elapsedMs - lost)
    return this.#stuckMs
  }
}

export function beatMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)
}
