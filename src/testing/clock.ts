import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../pipes/clock.ts'

/**
 * A clock that stands still until `advance` moves it.
 *
 * @example
 * const answer = gateway.fetch('/slow') // not awaited: it waits for the clock
 * await clock.advance(2000)
 * assert.equal((await answer).status, 500)
 */
export interface TestClock extends Clock {
  /**
   * Moves the time on by `ms` milliseconds. Timers that come due run in their order, each at its own time, and what they
   * wake goes on as far as it can before the next one. Resolves when all of that has come to rest.
   * @throws RangeError when `ms` is no number from 0 on; TypeError while another `advance` is under way
   */
  advance(ms: number): Promise<void>
}

/**
 * How a clock begins.
 *
 * @example
 * createClock({ now: '2026-03-01T12:00:00Z' })
 */
export interface ClockOptions {
  /** The moment at which it stands: a date, its text, or milliseconds since 1970. The first of January 2026 (UTC) by default. */
  readonly now?: Date | string | number
}

const START = '2026-01-01T00:00:00Z'
/** Turns of the event loop in which what a timer woke comes to rest. Promises need one, messages between ports more. */
const SETTLING_TURNS = 3

/**
 * Makes a clock that a test moves. Given to `createTestGateway`, everything in the gateway that takes time follows it: the
 * deadlines of requests, the limits of plugins, their timers and `now()`, the life of stored values, `delayMs` of upstreams.
 * Both `now()` and `wallTime()` count from the same moment.
 *
 * @throws RangeError when `now` is no date
 * @example
 * const clock = createClock({ now: '2026-03-01T12:00:00Z' })
 * const gateway = await createTestGateway({ config, upstreams: { 'http://users.test': 'never' }, clock })
 * const answer = gateway.fetch('/users')
 * await clock.advance(2000)
 * assert.equal((await answer).status, 500)
 */
export function createClock({ now = START }: ClockOptions = {}): TestClock {
  return new ManualClock(readMoment(now))
}

interface Timer {
  readonly at: number
  readonly run: () => void
}

class ManualClock implements TestClock {
  #time: number
  #advancing = false
  /** By the order in which they were set; of several that are due at once the first one runs first. */
  readonly #timers = new Set<Timer>()

  constructor(time: number) {
    this.#time = time
  }

  now(): number {
    return this.#time
  }

  wallTime(): number {
    return this.#time
  }

  /** Whole milliseconds, as on the machine: a rounding error would let a timer fire a hair too early, for ever. */
  schedule(run: () => void, ms: number): () => void {
    const timer = { at: this.#time + Math.max(1, Math.ceil(ms)), run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`a clock goes on by a number of milliseconds from 0 on, not by ${ms}`)
    if (this.#advancing) throw new TypeError('the clock is being moved: await the former advance first')
    this.#advancing = true
    try {
      await this.#advanceTo(this.#time + ms)
    } finally {
      this.#advancing = false
    }
  }

  async #advanceTo(end: number): Promise<void> {
    await settle()
    for (let timer = this.#earliest(end); timer !== null; timer = this.#earliest(end)) {
      this.#timers.delete(timer)
      this.#time = Math.max(this.#time, timer.at)
      timer.run()
      await settle()
    }
    this.#time = end
    await settle()
  }

  #earliest(end: number): Timer | null {
    let earliest: Timer | null = null
    for (const timer of this.#timers) {
      if (timer.at <= end && (earliest === null || timer.at < earliest.at)) earliest = timer
    }
    return earliest
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < SETTLING_TURNS; i++) await turn()
}

function readMoment(moment: Date | string | number): number {
  const time = typeof moment === 'number' ? moment : new Date(moment).getTime()
  if (Number.isFinite(time)) return time
  throw new RangeError(`"now" of a clock must be a date, not ${String(moment)}`)
}
