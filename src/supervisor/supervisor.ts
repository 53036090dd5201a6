import { setTimeout as delay } from 'node:timers/promises'
import type { GatewayConfig } from '../config/model.ts'
import { createGuestOwner, type GuestOwner } from '../plugins/runtimes/go/guest-owner.ts'
import { CellRegistry } from '../shared/cells.ts'
import { createStoreOwner } from '../shared/store-owner.ts'
import {
  COUNTERS_CELL,
  CounterRow,
  counterBytes,
  rowsFor,
  sumCounters,
  type ThreadCounters,
} from '../shared/thread-counters.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { LoggingOptions } from '../telemetry/logging.ts'
import { buildBeside, ReloadRefused, tryBuild } from './build-beside.ts'
import { Crew } from './crew.ts'
import { type GatewayWorker, type WorkerEnd, WorkerEnded } from './gateway-worker.ts'
import { GenerationLedger } from './generation-ledger.ts'
import type { Blueprint, ThreadData } from './messages.ts'
import { AddressUnusable, probePort } from './probe-port.ts'
import { Recycling } from './recycling.ts'
import { STANDSTILL_MS, Watchdog } from './watchdog.ts'
import { within } from './within.ts'
import { startWorker } from './worker.ts'

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
  /** Takes what plugins in WebAssembly print: 1 is standard output, 2 standard error; by default as log lines. */
  readonly print?: (stream: 1 | 2, text: string) => void
  /** How long a thread may take to build a gateway at a reload; 15 s by default. */
  readonly buildLimitMs?: number
  /** After how many changes of plugin code a thread gets a successor, for imported code is never freed; 20 by default. */
  readonly recycleAfter?: number
  /** How long a thread may stand still before it is ended and replaced, in milliseconds; 0 for ever, 2 s by default. */
  readonly standstillMs?: number
}

/** The gateway threads of a process. */
export interface Supervisor {
  readonly port: number
  /** What the threads have counted. */
  counters(): SupervisorCounters
  /**
   * Lets another configuration serve without closing a connection; resolves to its generation when all threads serve
   * it. Port and address stay those of the start.
   * @throws ReloadRefused when a gateway cannot be made of it: nothing has changed then
   */
  reload(next: Pick<Blueprint, 'config' | 'logging'>): Promise<number>
  /**
   * Stops accepting and lets the requests under way finish, for at most `max_shutdown_wait_time`; then they are cut.
   * Resolves when no thread is left.
   */
  stop(): Promise<void>
}

export interface SupervisorCounters {
  /** Requests since the start. */
  readonly requests: number
  /** Requests under way, as of half a second ago. */
  readonly active: number
  /** Which configuration counts: 1 for the one of the start. */
  readonly generation: number
  /** Connections that threads had not accepted when successors took their places. */
  readonly lostConnections: number
  /** The threads that live; those that leave and still answer their last requests are among them. */
  readonly threads: readonly (ThreadCounters & { readonly index: number })[]
  /** Cells of memory that threads share. */
  readonly cells: number
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
const BUILD_LIMIT_MS = 15_000
const RECYCLE_AFTER = 20

class GatewayThreads implements Supervisor {
  port: number
  readonly #options: SupervisorOptions
  readonly #buildLimitMs: number
  readonly #cells = new CellRegistry()
  readonly #store = createStoreOwner()
  readonly #guests: GuestOwner
  readonly #ledger = new GenerationLedger((generation) => {
    this.#cells.release(generation)
    this.#guests.release(generation)
  })
  readonly #watchdog: Watchdog
  readonly #crew: Crew
  readonly #recycling: Recycling
  /** What counts now: a thread that starts builds it. */
  #blueprint: Blueprint
  #releaseBlueprint: () => void
  #lastGeneration = 1
  #trial: GatewayWorker | null = null
  #last: Promise<unknown> = Promise.resolve()
  #stopping = false

  constructor(options: SupervisorOptions) {
    const { config, logging, threads, reusePort, log, recycleAfter = RECYCLE_AFTER } = options
    this.port = config.port
    this.#options = options
    this.#guests = createGuestOwner({ log, print: options.print ?? ((_stream, text) => options.write(text)) })
    this.#buildLimitMs = options.buildLimitMs ?? BUILD_LIMIT_MS
    this.#blueprint = { generation: 1, config, logging }
    this.#releaseBlueprint = this.#ledger.hold(1)
    this.#watchdog = new Watchdog({ limitMs: options.standstillMs ?? STANDSTILL_MS, log })
    this.#crew = new Crew({
      threads,
      log,
      launch: (place) => this.#launch({ ...place, blueprint: this.#blueprint }),
      onGone: ({ data }) => this.#row(data.row ?? 0).end(),
    })
    this.#recycling = new Recycling({
      crew: this.#crew,
      log,
      after: recycleAfter,
      possible: reusePort,
      buildLimitMs: this.#buildLimitMs,
      exclusively: (step) => this.#exclusively(step),
    })
  }

  async start(): Promise<void> {
    const { config, reusePort } = this.#options
    try {
      await this.#crew.start(async () => {
        // As late as can be, for another process may have come in between.
        this.port = await probePort(config.port, config.listenIp)
        return { port: this.port, host: config.listenIp, reusePort }
      })
    } catch (error) {
      throw error instanceof WorkerEnded ? explainEnd(error.end) : error
    }
  }

  counters(): SupervisorCounters {
    const rows = rowsFor(this.#options.threads)
    const sums = sumCounters(this.#cells.get(COUNTERS_CELL, counterBytes(rows)), rows)
    const threads = Array.from(this.#crew.living, ({ data }) => ({
      index: data.index,
      ...this.#row(data.row ?? 0).read(),
    }))
    const { generation } = this.#blueprint
    return { ...sums, generation, lostConnections: this.#recycling.lost, threads, cells: this.#cells.size }
  }

  reload(next: Pick<Blueprint, 'config' | 'logging'>): Promise<number> {
    return this.#exclusively(() => this.#reload(next))
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#recycling.stop()
    this.#trial?.terminate()
    const { shutdownDelayMs } = this.#blueprint.config.server
    if (shutdownDelayMs > 0) {
      this.#options.log.info(`${TAG} Serving for ${shutdownDelayMs} ms more, while the health endpoint answers 503`)
      this.#crew.leave()
      await delay(shutdownDelayMs)
    }
    const gone = this.#crew.stop()
    const limitMs = this.#blueprint.config.server.maxShutdownWaitMs
    const limit = limitMs > 0 ? setTimeout(() => this.#cut(), limitMs) : null
    await Promise.all([gone, this.#trial?.ended])
    if (limit !== null) clearTimeout(limit)
    this.#store.clear()
    await this.#guests.close()
  }

  /** One step after the other: reloads, and threads that are replaced on purpose. */
  #exclusively<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#last.then(step)
    this.#last = done.catch(() => {})
    return done
  }

  async #reload({ config, logging }: Pick<Blueprint, 'config' | 'logging'>): Promise<number> {
    const blueprint = { generation: ++this.#lastGeneration, config, logging }
    const release = this.#ledger.hold(blueprint.generation)
    try {
      await this.#try(blueprint)
      await this.#changeOver(blueprint, release)
    } catch (error) {
      release()
      throw error
    }
    void this.#recycling.start()
    return blueprint.generation
  }

  async #try(blueprint: Blueprint): Promise<void> {
    this.#refuseWhenStopping()
    this.#trial = this.#launch({ index: 0, row: null, blueprint, announces: true })
    try {
      await tryBuild(this.#trial, this.#buildLimitMs)
    } finally {
      this.#trial = null
    }
    this.#refuseWhenStopping()
  }

  /** All threads build beside; when all have, the blueprint counts, and they swap. */
  async #changeOver(blueprint: Blueprint, release: () => void): Promise<void> {
    await this.#crew.freeze(this.#buildLimitMs)
    let changed = false
    try {
      const workers = this.#crew.seats.filter(({ serves }) => serves).map(({ worker }) => worker)
      await buildBeside(workers, blueprint, this.#buildLimitMs)
      this.#refuseWhenStopping()
      this.#blueprint = blueprint
      changed = true
      const swaps = workers.map((worker) => this.#swap(worker, blueprint.generation))
      this.#releaseBlueprint()
      this.#releaseBlueprint = release
      await Promise.all(swaps)
    } finally {
      this.#crew.thaw(changed)
    }
  }

  async #swap(worker: GatewayWorker, generation: number): Promise<void> {
    await within(worker.swap(generation), this.#buildLimitMs).catch(() =>
      this.#options.log.warning(
        `${TAG} gateway thread ${worker.data.index} stands still: it changes over when it goes on`,
      ),
    )
  }

  #refuseWhenStopping(): void {
    if (this.#stopping) throw new ReloadRefused('the gateway is stopping')
  }

  #cut(): void {
    this.#options.log.error('[SERVICE: Gin] context deadline exceeded')
    void this.#crew.terminate()
  }

  #launch(place: Pick<ThreadData, 'index' | 'row' | 'blueprint' | 'announces'>): GatewayWorker {
    const { threads, entry, heapLimitMb, write } = this.#options
    const data = { ...place, threads }
    const shared = {
      cells: this.#cells,
      store: this.#store,
      guests: this.#guests,
      ledger: this.#ledger,
      watchdog: this.#watchdog,
    }
    return startWorker({ entry, data, ...shared, heapLimitMb, write })
  }

  #row(row: number): CounterRow {
    return new CounterRow(this.#cells.get(COUNTERS_CELL, counterBytes(rowsFor(this.#options.threads))), row)
  }
}

function explainEnd({ reason, failedAt }: WorkerEnd): Error {
  if (failedAt === 'listen') return new AddressUnusable(reason, null)
  return new StartFailed(failedAt === 'build' ? reason : `a gateway thread ended before it served: ${reason}`)
}
