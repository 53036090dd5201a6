import { settleWithin } from '../shared/settle-within.ts'
import type { Logger } from '../telemetry/logger.ts'
import { textOf } from './failure.ts'
import { type Eventually, isThenable } from './runtime.ts'

interface Closer {
  readonly close: () => Eventually<void>
  readonly log: Logger
}

/** What must be closed with the gateway: run once, from the last one added to the first. */
export class Closers {
  #closers: Closer[] = []
  #closed = false
  readonly #limitMs: number

  /** @param limitMs how long each may take, milliseconds; what goes on after it is not waited for */
  constructor(limitMs = Number.POSITIVE_INFINITY) {
    this.#limitMs = limitMs
  }

  /** Adds one. What is added after closing runs at once, so that nothing is left open. */
  async add(close: () => Eventually<void>, log: Logger): Promise<void> {
    if (this.#closed) await runCloser({ close, log }, this.#limitMs)
    else this.#closers.push({ close, log })
  }

  /** Closes everything, one after the other. An error is logged and keeps no other from being closed. */
  async close(): Promise<void> {
    this.#closed = true
    const closers = this.#closers
    this.#closers = []
    for (const closer of closers.reverse()) await runCloser(closer, this.#limitMs)
  }
}

async function runCloser({ close, log }: Closer, limitMs: number): Promise<void> {
  try {
    const closing = close()
    const late = () => new Error(`it did not settle within ${limitMs} ms`)
    const limited = limitMs !== Number.POSITIVE_INFINITY && isThenable(closing)
    await (limited ? settleWithin(limitMs, closing, late) : closing)
  } catch (error) {
    log.error(`onClose failed: ${textOf(error)}`)
  }
}
