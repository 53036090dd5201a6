import { StringDecoder } from 'node:string_decoder'
import { Worker } from 'node:worker_threads'
import type { Permissions } from '../../../config/permissions.ts'
import { ringMemory } from '../../../shared/byte-ring.ts'
import { entryBeside } from '../../../shared/entry-beside.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import { WINDOW_BYTES } from './frames.ts'
import { BeatWatch, beatMemory } from './guest/beat.ts'
import type { FromGuestThread, GuestData, GuestReport, ToGuestThread } from './guest/messages.ts'
import { outboxMemory, taken } from './guest/outbox.ts'
import type { GuestSpec } from './guests.ts'
import { LastWords } from './last-words.ts'
import type { LinkMemory } from './link.ts'

const ENTRY = entryBeside(import.meta.url, './guest/guest-thread.ts')

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

/** The thread's own heap, beside the guest's memory: frames that wait, and little else. */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 6 } as const
/** How long a plugin may take to end what it does in the background, in milliseconds. */
const SHUTDOWN_MS = 250
/** So many things that it was denied are told. */
const MOST_DENIALS = 100

/** One instance of a guest, from its start to its end. */
export interface GuestProcess {
  /** Of `performance.now()`. */
  readonly startedAt: number
  /** Resolves when the plugins are registered; rejects when it ends before. */
  readonly ready: Promise<GuestReport>
  /** Resolves when it is gone, with the reason. */
  readonly ended: Promise<string>
  /** Gives a gateway thread a connection to it. */
  connect(connection: number): LinkMemory
  disconnect(connection: number): void
  /**
   * Looks whether it goes on.
   * @param elapsedMs the time since the last look, as far as it counts
   * @returns milliseconds for which it has computed without a pause, as far as can be seen
   */
  look(elapsedMs: number): number
  /** Ends it at once. */
  terminate(reason: string): void
  /** Lets the plugin end what it does in the background, and ends it. */
  shutdown(): Promise<void>
}

/** Starts an instance in a thread of its own. */
export function startGuestProcess(options: GuestProcessOptions): GuestProcess {
  return new GuestThread(options)
}

class GuestThread implements GuestProcess {
  readonly startedAt = performance.now()
  readonly #worker: Worker
  readonly #beat = beatMemory()
  readonly #watch = new BeatWatch(this.#beat)
  readonly #outbox = outboxMemory()
  readonly #options: GuestProcessOptions
  readonly #ready = Promise.withResolvers<GuestReport>()
  readonly #ended = Promise.withResolvers<string>()
  #reason: string | null = null
  #over = false
  readonly #lastWords = new LastWords()
  /** Texts may be cut anywhere. */
  readonly #decoders = { 1: new StringDecoder('utf8'), 2: new StringDecoder('utf8') } as const
  readonly #denied = new Set<string>()

  constructor(options: GuestProcessOptions) {
    this.#options = options
    const { module, name, permissions, transport, log } = options
    this.#ready.promise.catch(() => {}) // who waits for it is told by `ended` as well
    this.#worker = new Worker(ENTRY, {
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
        outbox: this.#outbox,
      } satisfies GuestData,
    })
    this.#worker.on('message', (message: FromGuestThread) => {
      this.#take(message)
      taken(this.#outbox, message)
    })
    this.#worker.on('error', (error: unknown) => {
      this.#reason ??= `its thread failed: ${error instanceof Error ? error.message : String(error)}`
    })
    this.#worker.on('exit', () => this.#exit())
    this.#worker.unref() // last: a listener for messages takes that back
  }

  get ready(): Promise<GuestReport> {
    return this.#ready.promise
  }

  get ended(): Promise<string> {
    return this.#ended.promise
  }

  connect(connection: number): LinkMemory {
    const memory = { connection, toGuest: ringMemory(WINDOW_BYTES), toHost: ringMemory(WINDOW_BYTES) }
    this.#tell({ type: 'connect', ...memory })
    return memory
  }

  disconnect(connection: number): void {
    this.#tell({ type: 'disconnect', connection })
  }

  look(elapsedMs: number): number {
    return this.#over ? 0 : this.#watch.look(elapsedMs)
  }

  terminate(reason: string): void {
    this.#reason ??= reason
    void this.#worker.terminate()
  }

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
        const { bytes, stream } = message
        const text = this.#decoders[stream].write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
        if (stream === 2) this.#lastWords.heard(text)
        this.#options.print(stream, text)
        break
      }
      case 'denied': {
        const what = `${message.grant} ${message.what}`
        if (this.#denied.has(what) || this.#denied.size > MOST_DENIALS) break
        this.#denied.add(what)
        log.warning(
          this.#denied.size > MOST_DENIALS
            ? `[PLUGIN: ${name}] was denied more than ${MOST_DENIALS} things: the others are not told`
            : `[PLUGIN: ${name}] was denied ${message.what}: plugin.settings grants it no such "${message.grant}"`,
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
    const reason = this.#reason ?? 'its thread ended'
    const words = reason.endsWith(CRASHED) ? this.#lastWords.words : ''
    const told = words === '' ? reason : `${reason} (${words})`
    this.#ready.reject(new Error(told))
    this.#ended.resolve(told)
  }
}

/** With this code Go ends after a panic or a fatal error. */
const CRASHED = 'exit code 2'

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
