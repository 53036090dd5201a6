import type { Logger } from '../telemetry/logger.ts'
import type { Crew } from './crew.ts'
import { within } from './within.ts'

export interface RecyclingOptions {
  readonly crew: Crew
  readonly log: Logger
  /** After how many changes of plugin code a thread gets a successor. */
  readonly after: number
  /** Whether two threads can listen on the port at once. */
  readonly possible: boolean
  /** How long a successor may take until it serves. */
  readonly buildLimitMs: number
  /** Runs a step while nothing else changes the threads. */
  readonly exclusively: <T>(step: () => Promise<T>) => Promise<T>
}

const TAG = '[SERVICE: Supervisor]'

/** How long the next thread waits for the last requests of one that leaves. They are not cut: it may take longer. */
const DRAIN_MS = 30_000

/**
 * Gives threads that have imported plugin code again and again a successor: code that was imported is never freed, but
 * with its thread. One after the other, so that the port is served by all but one.
 */
export class Recycling {
  readonly #options: RecyclingOptions
  #lost = 0
  #running = false
  #stopped = false
  #saidImpossible = false

  constructor(options: RecyclingOptions) {
    this.#options = options
  }

  /** Connections that were lost, because threads that left had not accepted them yet. */
  get lost(): number {
    return this.#lost
  }

  /** Recycles what is worn out; returns at once when it is at it already. Never rejects. */
  async start(): Promise<void> {
    const { crew, log } = this.#options
    if (this.#running || this.#stopped || !this.#hasWornOut()) return
    if (!this.#options.possible) {
      if (!this.#saidImpossible) log.warning(`${TAG} ${IMPOSSIBLE}`)
      this.#saidImpossible = true
      return
    }
    this.#running = true
    for (const { index } of crew.seats) if (!this.#stopped) await this.#recycle(index)
    this.#running = false
  }

  /** Lets no thread more be recycled. */
  stop(): void {
    this.#stopped = true
  }

  #hasWornOut(): boolean {
    return this.#options.crew.seats.some(({ index }) => this.#isWornOut(index))
  }

  #isWornOut(index: number): boolean {
    const seat = this.#options.crew.seats[index]
    return seat?.serves === true && seat.leaving === null && seat.worker.codeChanges >= this.#options.after
  }

  async #recycle(index: number): Promise<void> {
    const { exclusively, log } = this.#options
    try {
      await exclusively(async () => {
        if (!this.#stopped && this.#isWornOut(index)) await this.#succeed(index)
      })
    } catch (error) {
      const { message } = error as Error
      if (!this.#stopped)
        log.warning(`${TAG} gateway thread ${index} goes on, for its successor cannot serve: ${message}`)
    }
    const ended = this.#options.crew.seats[index]?.leaving?.ended
    if (ended !== undefined) await within(ended, DRAIN_MS).catch(() => {})
  }

  async #succeed(index: number): Promise<void> {
    const { crew, log, buildLimitMs } = this.#options
    const lost = await crew.succeed(index, buildLimitMs)
    this.#lost += lost ?? 0
    const text = `${TAG} gateway thread ${index} has a successor, for plugin code changed often; connections lost: ${lost ?? 'not known'}`
    if (lost === 0) log.info(text)
    else log.warning(text)
  }
}

const IMPOSSIBLE =
  'plugin code changed often, and what was imported is never freed; this system cannot share a port, so the thread ' +
  'cannot get a successor: restart the gateway when its memory grows'
