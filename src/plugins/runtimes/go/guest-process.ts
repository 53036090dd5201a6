import { Worker } from 'node:worker_threads'
import type { Permissions } from '../../../config/permissions.ts'
import { ringMemory } from '../../../shared/byte-ring.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import { WINDOW_BYTES } from './frames.ts'
import { BeatWatch, beatMemory } from './guest/beat.ts'
import type { FromGuestThread, GuestData, GuestReport, ToGuestThread } from './guest/messages.ts'
import type { GuestSpec } from './guests.ts'
import type { LinkMemory } from './link.ts'

/** The file that the thread of a guest runs: beside this one in a checkout, beside the bundle in a package. */
function guestEntry(): URL {
  const here = import.meta.url
  return new URL(here.endsWith('.ts') ? 'guest/guest-thread.ts' : 'guest-thread.js', here)
}

export interface GuestProcessOptions {
  readonly module: WebAssembly.Module
  /** The name of the plugin's file. */
  readonly name: string
  readonly permissions: Permissions
  readonly transport: GuestSpec['transport']
  readonly log: Logger
  /** Takes what the plugin prints. */
  readonly print: (stream: 1 | 2, text: string) => void
}

/** Words of panics and fatal errors in what a Go program prints as it ends. */
const LAST_WORDS = /^(?:panic|fatal error|runtime): .*/m
const KEPT_OUTPUT = 4096
/** The thread's own heap, beside the guest's memory: frames that wait, and little else. */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 6 } as const
/** How long a plugin may take to end what it does in the background, in milliseconds. */
const SHUTDOWN_MS = 250

/** One instance of a guest: the thread that it runs in, from its start to its end. */
export class GuestProcess {
  readonly startedAt = performance.now()
  readonly #worker: Worker
  readonly #beat = beatMemory()
  readonly #watch = new BeatWatch(this.#beat)
  readonly #options: GuestProcessOptions
  readonly #ready = Promise.withResolvers<GuestReport>()
  readonly #ended = Promise.withResolvers<string>()
  #reason: string | null = null
  #output = ''
  #over = false
  readonly #denied = new Set<string>()

  constructor(options: GuestProcessOptions) {
    this.#options = options
    const { module, name, permissions, transport, log } = options
    this.#ready.promise.catch(() => {}) // who waits for it is told by `ended` as well
    this.#worker = new Worker(guestEntry(), {
      resourceLimits: HEAP_LIMITS,
      execArgv: [], // what the program around was started with is not for the guest
      name: `plugin ${name}`.slice(0, 60),
      workerData: {
        module,
        name,
        permissions,
        folder: process.cwd(),
        settings: JSON.stringify({ logLevel: lowestLevel(log), transport }),
        beat: this.#beat,
      } satisfies GuestData,
    })
    this.#worker.unref()
    this.#worker.on('message', (message: FromGuestThread) => this.#take(message))
    this.#worker.on('error', (error: unknown) => {
      this.#reason ??= `its thread failed: ${error instanceof Error ? error.message : String(error)}`
    })
    this.#worker.on('exit', () => this.#exit())
  }

  /** Resolves when the plugins are registered; rejects when it ends before. */
  get ready(): Promise<GuestReport> {
    return this.#ready.promise
  }

  /** Resolves when the thread is gone, with the reason. */
  get ended(): Promise<string> {
    return this.#ended.promise
  }

  /** Gives a gateway thread a connection to it. */
  connect(connection: number): LinkMemory {
    const memory = { connection, toGuest: ringMemory(WINDOW_BYTES), toHost: ringMemory(WINDOW_BYTES) }
    this.#tell({ type: 'connect', ...memory })
    return memory
  }

  disconnect(connection: number): void {
    this.#tell({ type: 'disconnect', connection })
  }

  /** Milliseconds for which it has computed without a pause, as far as can be seen. */
  stuckMs(now: number): number {
    return this.#over ? 0 : this.#watch.stuckMs(now)
  }

  /** The time until now does not count. */
  forgive(now: number): void {
    this.#watch.forgive(now)
  }

  /** Ends it at once. */
  terminate(reason: string): void {
    this.#reason ??= reason
    void this.#worker.terminate()
  }

  /** Lets the plugin end what it does in the background, and ends it. */
  async shutdown(): Promise<void> {
    if (this.#over) return
    this.#tell({ type: 'shutdown' })
    const timer = setTimeout(() => this.terminate('it was ended'), SHUTDOWN_MS)
    await this.ended
    clearTimeout(timer)
  }

  #tell(message: ToGuestThread): void {
    if (!this.#over) this.#worker.postMessage(message)
  }

  #take(message: FromGuestThread): void {
    const { log, name } = { log: this.#options.log, name: this.#options.name }
    switch (message.type) {
      case 'ready':
        this.#ready.resolve(message.report)
        break
      case 'log':
        logAt(log, message.level, message.text)
        break
      case 'printed': {
        const text = Buffer.from(message.bytes).toString('utf8')
        if (message.stream === 2) this.#output = (this.#output + text).slice(-KEPT_OUTPUT)
        this.#options.print(message.stream, text)
        break
      }
      case 'denied': {
        const what = `${message.grant} ${message.what}`
        if (this.#denied.has(what)) break
        this.#denied.add(what)
        log.warning(
          `[PLUGIN: ${name}] was denied ${message.what}: plugin.settings grants it no such "${message.grant}"`,
        )
        break
      }
      case 'ended':
        this.#reason ??= message.reason
        void this.#worker.terminate()
        break
    }
  }

  #exit(): void {
    this.#over = true
    const words = LAST_WORDS.exec(this.#output)?.[0]
    const reason = this.#reason ?? 'its thread ended'
    const told = words === undefined ? reason : `${reason} (${words})`
    this.#ready.reject(new Error(told))
    this.#ended.resolve(told)
  }
}

/** The levels of the Go side's log. */
const FATAL = 5

function logAt(log: Logger, level: number, text: string): void {
  if (level === 0) log.debug(text)
  else if (level === 1) log.info(text)
  else if (level === 2) log.warning(text)
  else if (level === 3) log.error(text)
  else log.critical(level === FATAL ? `${text} (the plugin ends itself)` : text)
}

function lowestLevel(log: Logger): number {
  const levels = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const
  const lowest = levels.findIndex((level) => log.isEnabled(level))
  return lowest === -1 ? levels.length : lowest
}
