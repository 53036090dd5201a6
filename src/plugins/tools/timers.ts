import type { Clock } from '../../pipes/clock.ts'
import { type Cancellable, Context } from '../../pipes/context.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { describeThrown } from '../failure.ts'
import type { Eventually } from '../runtime.ts'

export interface TimersOptions {
  readonly clock: Clock
  /** Tagged with the plugin's name. */
  readonly log: Logger
  /** Where the configuration names the plugin, for messages. */
  readonly place: string
}

type Run = () => Eventually<void>

/** The timers of one instance of a plugin. */
export class Timers {
  readonly #options: TimersOptions
  readonly #running = new Set<() => void>()
  readonly #waiting = new Set<Cancellable>()
  /** Why nothing is timed any more. */
  #closed: Error | null = null

  constructor(options: TimersOptions) {
    this.#options = options
  }

  /** Stops all, and lets none begin any more. What runs just then runs to its end; what waits is told. */
  close(): void {
    this.#closed = new Error('this instance of the plugin has been closed')
    for (const stop of this.#running) stop()
    for (const waiting of this.#waiting) waiting.cancel(this.#closed)
  }

  readonly every = (ms: number, run: Run): (() => void) => {
    if (!Number.isFinite(ms) || ms <= 0) throw outOfRange('every', ms, 'above 0')
    return this.#start('every', ms, run)
  }

  readonly after = (ms: number, run: Run): (() => void) => {
    if (!Number.isFinite(ms) || ms < 0) throw outOfRange('after', ms, '0 or more')
    return this.#start('after', ms, run)
  }

  readonly wait = (ms: number, context?: Context): Promise<void> => {
    const waited = this.#wait(ms, context)
    waited.catch(() => {}) // who no longer looks at it need not hear of the end
    return waited
  }

  async #wait(ms: number, context: Context | undefined): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) throw outOfRange('wait', ms, '0 or more')
    if (context !== undefined && !(context instanceof Context)) {
      throw new TypeError('wait takes as its second argument the context of a request: wait(100, context)')
    }
    if (this.#closed !== null) throw this.#closed
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting = { cancel: reject }
    const stop = this.#start('wait', ms, resolve)
    this.#waiting.add(waiting)
    context?.attach(waiting)
    try {
      await promise
    } finally {
      stop()
      this.#waiting.delete(waiting)
      context?.detach(waiting)
    }
  }

  #start(what: 'every' | 'after' | 'wait', ms: number, run: Run): () => void {
    if (typeof run !== 'function') throw new TypeError(`${what} takes milliseconds and a function: ${what}(1000, run)`)
    if (this.#closed !== null) return () => {}
    const { clock } = this.#options
    let takeBack = (): void => {}
    let stopped = false
    let dueAt = clock.now() + ms
    const stop = (): void => {
      stopped = true
      takeBack()
      this.#running.delete(stop)
    }
    const wait = (): void => {
      takeBack = clock.schedule(fire, dueAt - clock.now())
    }
    const fire = (): void => {
      // The longest timer of the system is shorter than some.
      if (clock.now() < dueAt - EARLY_MS) wait()
      else if (what === 'every') void this.#run(run, `every ${ms} ms`).then(goOn)
      else {
        stop()
        void this.#run(run, `after ${ms} ms`)
      }
    }
    const goOn = (): void => {
      if (stopped) return
      dueAt = nextDue(dueAt, ms, clock.now())
      wait()
    }
    this.#running.add(stop)
    wait()
    return stop
  }

  /** Never rejects. */
  async #run(run: Run, what: string): Promise<void> {
    const { log, place } = this.#options
    try {
      await run()
    } catch (thrown) {
      if (this.#closed !== null && thrown === this.#closed) return // it waited
      log.error(`${what} at ${place}: ${describeThrown(thrown)}`)
    }
  }
}

/** Timers of the system may fire a little before their time. */
const EARLY_MS = 2

/** The first moment of the series that is still to come: what was missed is left out. */
function nextDue(dueAt: number, ms: number, now: number): number {
  const missed = Math.max(0, Math.floor((now - dueAt) / ms))
  return dueAt + (missed + 1) * ms
}

function outOfRange(what: string, ms: number, range: string): RangeError {
  return new RangeError(`${what} takes a number of milliseconds ${range}, not ${ms}`)
}
