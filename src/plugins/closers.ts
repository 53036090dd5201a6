import type { Logger } from '../telemetry/logger.ts'
import { textOf } from './failure.ts'
import type { Eventually } from './runtime.ts'

interface Closer {
  readonly close: () => Eventually<void>
  readonly log: Logger
}

/** What must be closed with the gateway: run once, from the last one added to the first. */
export class Closers {
  #closers: Closer[] = []
  #closed = false

  /** Adds one. What is added after closing runs at once, so that nothing is left open. */
  async add(close: () => Eventually<void>, log: Logger): Promise<void> {
    if (this.#closed) await runCloser({ close, log })
    else this.#closers.push({ close, log })
  }

  /** Closes everything, one after the other. An error is logged and keeps no other from being closed. */
  async close(): Promise<void> {
    this.#closed = true
    const closers = this.#closers
    this.#closers = []
    for (const closer of closers.reverse()) await runCloser(closer)
  }
}

async function runCloser({ close, log }: Closer): Promise<void> {
  try {
    await close()
  } catch (error) {
    log.error(`onClose failed: ${textOf(error)}`)
  }
}
