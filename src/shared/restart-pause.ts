const FIRST_MS = 100
const LONGEST_MS = 30_000

/** A thread that lived this long was not broken from the start. */
const HEALTHY_MS = 60_000

/**
 * How long to wait before a thread that ended is replaced: not at all the first time, then 100 ms, doubled each time up
 * to 30 s, as long as its successors do not live for a minute.
 */
export class RestartPause {
  #next = 0
  readonly #healthyMs: number

  /** @param healthyMs how long a thread lives that was not broken from the start; a minute by default */
  constructor(healthyMs = HEALTHY_MS) {
    this.#healthyMs = healthyMs
  }

  /** The pause, in milliseconds, after a thread that lived for `livedMs`. */
  after(livedMs: number): number {
    if (livedMs >= this.#healthyMs) this.#next = 0
    const pause = this.#next
    this.#next = pause === 0 ? FIRST_MS : Math.min(pause * 2, LONGEST_MS)
    return pause
  }
}
