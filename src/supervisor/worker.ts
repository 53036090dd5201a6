import { inspect } from 'node:util'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { GuestOwner } from '../plugins/runtimes/go/guest-owner.ts'
import type { Address } from '../server/listen.ts'
import type { CellRegistry } from '../shared/cells.ts'
import { CodeTable } from '../shared/code-table.ts'
import { runningSite } from '../shared/running-code.ts'
import type { StoreOwner } from '../shared/store-owner.ts'
import { seeToTheEnd } from './end-thread.ts'
import { BuildRefused, type GatewayWorker, type WorkerEnd, WorkerEnded } from './gateway-worker.ts'
import type { GenerationLedger } from './generation-ledger.ts'
import type { Blueprint, FromThread, ThreadData, ThreadPlan, ToThread } from './messages.ts'
import { makePulse, runningSlots, systemThreadOf } from './pulse.ts'
import type { Watchdog, Watched } from './watchdog.ts'

export interface WorkerOptions {
  readonly entry: URL
  readonly data: ThreadPlan
  readonly cells: CellRegistry
  readonly store: StoreOwner
  readonly guests: GuestOwner
  readonly ledger: GenerationLedger
  readonly watchdog: Watchdog
  readonly heapLimitMb: number
  /** Takes whole log lines. */
  readonly write: (text: string) => void
}

/**
 * Three semi-spaces of 16 MiB. Node gives a thread at its limit 16 MiB more to end in; a larger semi-space can move more
 * than that at once, and then V8 ends the whole process instead of the thread (seen with 32 MiB).
 */
const YOUNG_MB = 48

/** Starts a gateway thread. */
export function startWorker(options: WorkerOptions): GatewayWorker {
  return new ThreadHandle(options)
}

class ThreadHandle implements GatewayWorker, Watched {
  readonly data: ThreadPlan
  readonly startedAt = performance.now()
  readonly name: string
  readonly threadId: number
  readonly pulse = makePulse()
  readonly code = new CodeTable()
  codeChanges = 0
  readonly #worker: Worker
  readonly #options: WorkerOptions
  readonly #built = settlement<void>()
  readonly #ready = settlement<void>()
  readonly #draining = Promise.withResolvers<number | null>()
  readonly #ended = Promise.withResolvers<WorkerEnd>()
  /** Generations that it has or builds → what gives them back to the ledger. */
  readonly #generations = new Map<number, () => void>()
  readonly #builds = new Map<number, PromiseWithResolvers<void>>()
  readonly #swaps = new Map<number, () => void>()
  #fingerprint: string | null = null
  #end: WorkerEnd | null = null
  #serves = false
  #orderly = false
  #failure: Extract<FromThread, { readonly type: 'failed' }> | null = null
  #fatal: unknown = null
  /** Why it is being ended, or is about to end by itself. */
  #doom: string | null = null

  constructor(options: WorkerOptions) {
    const { entry, data, cells, store, guests, watchdog, heapLimitMb, write } = options
    const [toCells, toStore, toGuests] = [new MessageChannel(), new MessageChannel(), new MessageChannel()]
    cells.serve(toCells.port1)
    store.serve(toStore.port1)
    guests.serve(toGuests.port1)
    this.data = data
    this.#options = options
    this.#hold(data.blueprint.generation)
    this.#worker = new Worker(entry, {
      name: data.row === null ? 'gateway-trial' : `gateway-${data.index}`,
      workerData: {
        ...data,
        cells: toCells.port2,
        store: toStore.port2,
        guests: toGuests.port2,
        pulse: this.pulse,
        beatMs: watchdog.beatMs,
      } satisfies ThreadData,
      transferList: [toCells.port2, toStore.port2, toGuests.port2],
      stdout: true,
      resourceLimits: { maxOldGenerationSizeMb: heapLimitMb, maxYoungGenerationSizeMb: YOUNG_MB },
    })
    // What a plugin prints with console.log takes the same way as the log, so that it tears no line.
    this.#worker.stdout.setEncoding('utf8').on('data', write)
    this.#worker.on('message', (message: FromThread) => this.#take(message))
    this.#worker.on('error', (error: unknown) => {
      this.#fatal = error ?? 'an empty exception'
    })
    this.#worker.on('exit', (code) => {
      toCells.port1.close()
      toStore.port1.close()
      toGuests.port1.close()
      this.#exit(code)
    })
    this.name = data.row === null ? 'the trial thread' : `gateway thread ${data.index}`
    this.threadId = this.#worker.threadId
    watchdog.watch(this)
  }

  get built(): Promise<void> {
    return this.#built.promise
  }

  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get draining(): Promise<number | null> {
    return this.#draining.promise
  }

  get ended(): Promise<WorkerEnd> {
    return this.#ended.promise
  }

  listen(address: Address): void {
    this.#tell({ type: 'listen', address })
  }

  build(blueprint: Blueprint): Promise<void> {
    if (this.#end !== null) return Promise.reject(new WorkerEnded(this.#end))
    const build = settlement<void>()
    this.#builds.set(blueprint.generation, build)
    this.#hold(blueprint.generation)
    this.#tell({ type: 'build', blueprint })
    return build.promise
  }

  swap(generation: number): Promise<void> {
    if (this.#end !== null) return Promise.resolve()
    this.#tell({ type: 'swap', generation })
    return new Promise((resolve) => this.#swaps.set(generation, resolve))
  }

  discard(generation: number): void {
    this.#tell({ type: 'discard', generation })
  }

  stop(countsLost = false): void {
    if (this.#serves) this.#tell({ type: 'stop', countsLost })
    else this.terminate()
  }

  leave(): void {
    this.#tell({ type: 'leave' })
  }

  terminate(reason = 'it was told to end at once'): void {
    this.#doom ??= this.#failure?.reason ?? reason
    void this.#worker.terminate()
  }

  /** A thread in a call of native code ends when that returns: it counts as gone before, so that another takes its place. */
  end(reason: string): void {
    this.#doom = reason
    void this.#worker.terminate()
    seeToTheEnd({
      isGone: () => this.#end !== null,
      systemThread: () => systemThreadOf(this.pulse),
      giveUp: () => {
        this.#doom = `${reason}; it hangs in a call of native code and cannot be ended before that returns`
        this.#exit(1)
      },
    })
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  #take(message: FromThread): void {
    switch (message.type) {
      case 'log':
        this.#options.write(message.text)
        break
      case 'built':
        this.#takeBuilt(message.generation, message.codeFingerprint)
        break
      case 'ready':
        this.#serves = true
        this.#ready.resolve()
        break
      case 'refused':
        this.#builds.get(message.generation)?.reject(new BuildRefused(message.reason))
        this.#builds.delete(message.generation)
        this.#release(message.generation)
        break
      case 'swapped':
        this.#swaps.get(message.generation)?.()
        this.#swaps.delete(message.generation)
        break
      case 'closed':
        this.#release(message.generation)
        break
      case 'draining':
        this.#draining.resolve(message.lost)
        break
      case 'stopped':
        this.#orderly = true
        break
      case 'code':
        this.code.add(message.entry)
        break
      case 'dying':
        this.#doom ??= message.reason
        break
      case 'failed':
        this.#failure = message
    }
  }

  #takeBuilt(generation: number, fingerprint: string | null): void {
    if (this.#fingerprint !== null && fingerprint !== this.#fingerprint) this.codeChanges++
    this.#fingerprint = fingerprint
    if (generation === this.data.blueprint.generation) this.#built.resolve()
    this.#builds.get(generation)?.resolve()
    this.#builds.delete(generation)
  }

  #exit(code: number): void {
    this.#options.watchdog.forget(this)
    if (this.#end !== null) return
    const reason = this.#doom ?? this.#failure?.reason ?? this.#describeEnd(code)
    const end = { reason, failedAt: this.#failure?.at ?? null, orderly: this.#orderly }
    const ended = new WorkerEnded(end)
    this.#end = end
    for (const awaited of [this.#built, this.#ready, ...this.#builds.values()]) awaited.reject(ended)
    for (const swapped of this.#swaps.values()) swapped()
    for (const generation of this.#generations.keys()) this.#release(generation)
    this.#draining.resolve(null)
    this.#ended.resolve(end)
  }

  #describeEnd(code: number): string {
    const reason = describeEnd(this.#fatal, code, this.#options.heapLimitMb)
    // What it ran when it died says nothing where it ended by itself.
    const site = this.#fatal === null ? null : runningSite(this.code, runningSlots(this.pulse))
    return site === null ? reason : `${reason} in ${site}`
  }

  #hold(generation: number): void {
    this.#generations.set(generation, this.#options.ledger.hold(generation))
  }

  #release(generation: number): void {
    this.#generations.get(generation)?.()
    this.#generations.delete(generation)
  }
}

/** A promise that nobody has to look at: `ended` tells of a failure in any case. */
function settlement<T>(): PromiseWithResolvers<T> {
  const made = Promise.withResolvers<T>()
  made.promise.catch(() => {})
  return made
}

/** Nothing is left to run, and what is awaited has not settled. */
const EXIT_UNSETTLED = 13

function describeEnd(fatal: unknown, code: number, heapLimitMb: number): string {
  if (fatal === null && code === EXIT_UNSETTLED) return 'it waited for a promise that nothing can settle any more'
  if (fatal === null) return `it called process.exit(${code})`
  if (!(fatal instanceof Error)) return `nobody caught ${inspect(fatal)}`
  if ('code' in fatal && fatal.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return `its heap reached the limit of ${heapLimitMb} MB`
  }
  return `nobody caught ${fatal.stack ?? fatal.message}`
}
