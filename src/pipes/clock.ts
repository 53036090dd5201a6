/**
 * Where the gateway's timers and deadlines take their time from. Tests put one in its place that they move themselves.
 *
 * @example
 * const gateway = await createTestGateway({ config, clock: createClock() })
 */
export interface Clock {
  /** Milliseconds that only grow, as `performance.now()` gives them. */
  now(): number
  /** Milliseconds since 1970, as `Date.now()` gives them. */
  wallTime(): number
  /**
   * Calls `run` once after `ms` milliseconds; the timer keeps no process alive.
   * @returns a function that takes the timer back
   */
  schedule(run: () => void, ms: number): () => void
}

/** Nearly 25 days, in milliseconds; a timer of Node that is longer fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The time of this machine. A timer for more than 24 days fires early; who sets one looks at the clock then. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  schedule: (run, ms) => {
    const timer = setTimeout(run, Math.min(Math.max(1, Math.ceil(ms)), LONGEST_TIMER_MS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
