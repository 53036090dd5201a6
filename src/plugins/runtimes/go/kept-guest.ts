import { basename } from 'node:path'
import { DEFAULT_PLUGIN_TIME_MS } from '../../../config/permissions-options.ts'
import { RestartPause } from '../../../shared/restart-pause.ts'
import { settleWithin } from '../../../shared/settle-within.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { GuestReport } from './guest/messages.ts'
import type { GuestProcess, GuestProcessOptions } from './guest-process.ts'
import { type GuestConnection, type GuestEnd, type GuestEvents, GuestFailed, type GuestSpec } from './guests.ts'

export interface KeptGuestOptions {
  readonly log: Logger
  readonly print: GuestProcessOptions['print']
  /** How long an instance may take until its plugins are registered, in milliseconds. */
  readonly startMs: number
  /** How long an instance lives that was not broken from the start, in milliseconds. */
  readonly healthyMs: number | undefined
  readonly launch: (options: GuestProcessOptions) => GuestProcess
  readonly compile: () => Promise<WebAssembly.Module>
  /** How often instances of the file were replaced. */
  readonly restarts: () => number
  readonly countRestart: () => void
}

interface OpenConnection {
  readonly events: GuestEvents
  readonly number: number
}

/** A plugin's guest over all of its instances: one runs, and when it ends another takes its place. */
export class KeptGuest {
  readonly spec: GuestSpec
  readonly #options: KeptGuestOptions
  readonly #name: string
  readonly #connections = new Map<number, OpenConnection>()
  readonly #pause: RestartPause
  readonly #first: Promise<GuestReport>
  #starting: Promise<GuestReport>
  /** The instance that runs or starts. */
  #process: GuestProcess | null = null
  /** How the last instance ended; null while one serves. */
  #end: GuestEnd | null = null
  #isStarting = false
  #lastConnection = 0
  #timer: NodeJS.Timeout | null = null
  #over = false

  constructor(spec: GuestSpec, options: KeptGuestOptions) {
    this.spec = spec
    this.#options = options
    this.#name = basename(spec.file)
    this.#pause = new RestartPause(options.healthyMs)
    this.#first = this.#start()
    this.#starting = this.#first
    this.#first.catch(() => {}) // whoever opens a connection is told
  }

  /** Rejects with `GuestFailed` when the first instance could not be started. */
  async open(events: GuestEvents): Promise<GuestConnection> {
    const report = await this.#first
    if (this.#over) throw new GuestFailed('it has been ended')
    const number = ++this.#lastConnection
    this.#connections.set(number, { events, number })
    const end = this.#end
    return {
      memory: end === null ? (this.#process?.connect(number) ?? null) : null,
      report,
      before: end ?? { reason: '', pauseMs: 0, restarts: this.#options.restarts() },
      distrust: (reason) => this.#process?.terminate(reason),
      close: () => {
        this.#connections.delete(number)
        this.#process?.disconnect(number)
      },
    }
  }

  /** Ends an instance that computes without a pause for longer than it may. */
  look(elapsedMs: number): void {
    const process = this.#process
    if (process === null) return
    const limitMs = this.#limitMs()
    if (process.look(elapsedMs) > limitMs) process.terminate(`it computed for more than ${limitMs} ms without a pause`)
  }

  /** Where nobody has set a time, what runs once at the start may take as long as the start may. */
  #limitMs(): number {
    const { timeMs } = this.spec.permissions
    return this.#isStarting && timeMs === DEFAULT_PLUGIN_TIME_MS ? this.#options.startMs : timeMs
  }

  /** Ends it for good. */
  async end(): Promise<void> {
    this.#over = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#process?.shutdown()
    await this.#starting.catch(() => {})
  }

  async #start(): Promise<GuestReport> {
    const { permissions, transport } = this.spec
    const { log, print, startMs, launch, compile } = this.#options
    let module: WebAssembly.Module
    try {
      module = await compile()
    } catch (error) {
      throw new GuestFailed(error instanceof Error ? error.message : String(error))
    }
    if (this.#over) throw new GuestFailed('it has been ended')
    const process = launch({ module, name: this.#name, permissions, transport, log, print })
    this.#process = process
    this.#isStarting = true
    const late = () => new Error(`its plugins were not registered after ${startMs} ms`)
    try {
      const report = await settleWithin(startMs, process.ready, late)
      this.#isStarting = false
      void process.ended.then((reason) => this.#lost(process, reason))
      return report
    } catch (error) {
      const { message } = error as Error
      process.terminate(message)
      this.#process = null
      await process.ended
      throw new GuestFailed(message)
    }
  }

  #lost(process: GuestProcess, reason: string): void {
    this.#process = null
    if (!this.#over) this.#restart(reason, process.startedAt)
  }

  #restart(reason: string, startedAt: number): void {
    const { log, restarts, countRestart } = this.#options
    const pauseMs = this.#pause.after(performance.now() - startedAt)
    countRestart()
    const end = { reason, pauseMs, restarts: restarts() }
    this.#end = end
    const when = pauseMs === 0 ? 'at once' : `after ${pauseMs} ms`
    log.error(`[PLUGIN: ${this.#name}] ${reason}; another instance is started ${when}`)
    for (const { events } of this.#connections.values()) events.down(end)
    if (pauseMs === 0) void this.#again()
    else this.#timer = setTimeout(() => void this.#again(), pauseMs)
  }

  async #again(): Promise<void> {
    const startedAt = performance.now()
    try {
      this.#starting = this.#start()
      await this.#starting
    } catch (error) {
      if (!this.#over) this.#restart((error as Error).message, startedAt)
      return
    }
    const process = this.#process
    if (this.#over || process === null) return // it has ended already, and is told to
    this.#end = null
    const took = Math.round(performance.now() - startedAt)
    this.#options.log.info(`[PLUGIN: ${this.#name}] another instance serves after ${took} ms`)
    for (const { events, number } of this.#connections.values()) events.up(process.connect(number))
  }
}
