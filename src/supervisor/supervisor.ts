import type { GatewayConfig } from '../config/model.ts'
import type { Address } from '../server/listen.ts'
import { CellRegistry } from '../shared/cells.ts'
import { COUNTERS_CELL, counterBytes, sumCounters } from '../shared/thread-counters.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { LoggingOptions } from '../telemetry/logging.ts'
import { AddressUnusable, probePort } from './probe-port.ts'
import { RestartPause } from './restart-pause.ts'
import type { GatewayWorker, WorkerEnd } from './worker.ts'
import { startWorker, WorkerEnded } from './worker.ts'

export interface SupervisorOptions {
  readonly config: GatewayConfig
  /** How many gateway threads serve; more than one needs `reusePort`. */
  readonly threads: number
  readonly reusePort: boolean
  /** The file that a gateway thread runs. */
  readonly entry: URL
  /** What a thread's heap may grow to before the thread is ended and replaced, MiB. */
  readonly heapLimitMb: number
  /** How the threads log. */
  readonly logging: LoggingOptions
  /** The supervisor's own log. */
  readonly log: Logger
  /** Takes the threads' log lines. */
  readonly write: (text: string) => void
}

/** The gateway threads of a process. */
export interface Supervisor {
  readonly port: number
  /** Requests since the start, and those under way (as of half a second ago), of all threads that live. */
  counters(): { readonly requests: number; readonly active: number }
  /**
   * Stops accepting and lets the requests under way finish, for at most `max_shutdown_wait_time`; then they are cut.
   * Resolves when no thread is left.
   */
  stop(): Promise<void>
}

/** No gateway could be started; the message says why, once, however many threads failed. */
export class StartFailed extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'StartFailed'
  }
}

/**
 * Starts the gateway threads and resolves when all of them serve; none does before all are built. A thread that dies later is replaced.
 * @throws AddressUnusable when the port is not free.
 * @throws StartFailed when a gateway cannot be built.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const threads = new GatewayThreads(options)
  await threads.start()
  return threads
}

const TAG = '[SERVICE: Supervisor]'

class GatewayThreads implements Supervisor {
  port: number
  readonly #options: SupervisorOptions
  readonly #cells = new CellRegistry()
  readonly #workers: GatewayWorker[] = []
  readonly #pauses: readonly RestartPause[]
  readonly #waiting = new Set<NodeJS.Timeout>()
  #stopping = false

  constructor(options: SupervisorOptions) {
    this.port = options.config.port
    this.#options = options
    this.#pauses = Array.from({ length: options.threads }, () => new RestartPause())
  }

  async start(): Promise<void> {
    for (let index = 0; index < this.#options.threads; index++) this.#workers.push(this.#launch(index, index === 0))
    try {
      await Promise.all(this.#workers.map((worker) => worker.built))
      // As late as can be, for another process may have come in between.
      this.port = await probePort(this.port, this.#options.config.listenIp)
      for (const worker of this.#workers) worker.listen(this.#address())
      await Promise.all(this.#workers.map((worker) => worker.ready))
    } catch (error) {
      this.#stopping = true
      for (const worker of this.#workers) worker.terminate()
      await Promise.all(this.#workers.map((worker) => worker.ended))
      throw error instanceof WorkerEnded ? explainEnd(error.end) : error
    }
    for (const [index, worker] of this.#workers.entries()) this.#watch(index, worker)
  }

  counters(): { readonly requests: number; readonly active: number } {
    const { threads } = this.#options
    return sumCounters(this.#cells.get(COUNTERS_CELL, counterBytes(threads)), threads)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    for (const timer of this.#waiting) clearTimeout(timer)
    const gone = Promise.all(this.#workers.map((worker) => worker.ended))
    for (const worker of this.#workers) worker.stop()
    const limitMs = this.#options.config.server.maxShutdownWaitMs
    const limit = limitMs > 0 ? setTimeout(() => this.#cut(), limitMs) : null
    await gone
    if (limit !== null) clearTimeout(limit)
  }

  #cut(): void {
    this.#options.log.error('[SERVICE: Gin] context deadline exceeded')
    for (const worker of this.#workers) worker.terminate()
  }

  #address(): Address {
    return { port: this.port, host: this.#options.config.listenIp, reusePort: this.#options.reusePort }
  }

  #launch(index: number, announces: boolean): GatewayWorker {
    const { config, threads, entry, logging, heapLimitMb, write } = this.#options
    return startWorker({
      entry,
      data: { index, threads, generation: 1, config, logging, announces },
      cells: this.#cells,
      heapLimitMb,
      write,
    })
  }

  #watch(index: number, worker: GatewayWorker): void {
    void worker.ended.then((end) => {
      if (this.#stopping) return
      const pauseMs = this.#pauses[index]?.after(performance.now() - worker.startedAt) ?? 0
      const when = pauseMs === 0 ? 'now' : `in ${pauseMs} ms`
      this.#options.log.error(`${TAG} gateway thread ${index} ended: ${end.reason}; it is replaced ${when}`)
      this.#after(pauseMs, () => this.#replace(index))
    })
  }

  #replace(index: number): void {
    const worker = this.#launch(index, false)
    this.#workers[index] = worker
    this.#watch(index, worker)
    const serve = async (): Promise<void> => {
      await worker.built
      worker.listen(this.#address())
      await worker.ready
      this.#options.log.info(`${TAG} gateway thread ${index} serves again`)
    }
    serve().catch(() => {
      // `#watch` sees the end too, logs it and tries again.
    })
  }

  #after(delayMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#waiting.delete(timer)
      run()
    }, delayMs)
    this.#waiting.add(timer)
  }
}

function explainEnd({ reason, failedAt }: WorkerEnd): Error {
  if (failedAt === 'listen') return new AddressUnusable(reason, null)
  return new StartFailed(failedAt === 'build' ? reason : `a gateway thread ended before it served: ${reason}`)
}
