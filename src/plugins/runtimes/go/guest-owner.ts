import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { MessagePort } from 'node:worker_threads'
import { RestartPause } from '../../../shared/restart-pause.ts'
import { settleWithin } from '../../../shared/settle-within.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { GuestReport } from './guest/messages.ts'
import { GuestProcess } from './guest-process.ts'
import { type GuestConnection, type GuestEvents, GuestFailed, type GuestSpec, type Guests } from './guests.ts'
import { serveGuests } from './guests-port.ts'
import { limitMemory } from './limited-module.ts'

export interface GuestOwnerOptions {
  readonly log: Logger
  /** Takes what plugins print. */
  readonly print: (stream: 1 | 2, text: string) => void
  /** How long a guest may take until its plugins are registered, in milliseconds; 10 s by default. */
  readonly startMs?: number
}

/** The owner of the guests of a process: lives in the main thread, and sees to it that they go on. */
export interface GuestOwner extends Guests {
  /** Answers the thread that holds the other end of this port in `connectGuests`. */
  serve(port: MessagePort): void
  /** Nobody has this generation any more: its guests are ended. */
  release(generation: number): void
  /** Of guests that are in trouble: that were ended and wait to be started again. */
  troubles(): readonly string[]
  /** Ends all of them; resolves when they are gone. */
  close(): Promise<void>
}

const START_MS = 10_000

/** Makes an owner that has no guests yet. */
export function createGuestOwner(options: GuestOwnerOptions): GuestOwner {
  return new Owner(options)
}

class Owner implements GuestOwner {
  readonly #options: GuestOwnerOptions
  /** By generation, file and hash. */
  readonly #guests = new Map<string, Guest>()
  /** Compiled code by its hash and limit; the same for all generations. */
  readonly #modules = new Map<string, Promise<WebAssembly.Module>>()
  readonly #ending = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | null = null

  constructor(options: GuestOwnerOptions) {
    this.#options = options
  }

  open(spec: GuestSpec, events: GuestEvents): Promise<GuestConnection> {
    const key = `${spec.generation} ${spec.hash} ${spec.file}`
    let guest = this.#guests.get(key)
    if (guest === undefined) {
      guest = new Guest(spec, this.#options, () => this.#compile(spec))
      this.#guests.set(key, guest)
      this.#watch()
    }
    return guest.open(events)
  }

  serve(port: MessagePort): void {
    serveGuests(this, port)
  }

  release(generation: number): void {
    for (const [key, guest] of this.#guests) {
      if (guest.spec.generation !== generation) continue
      this.#guests.delete(key)
      const end = guest.end()
      this.#ending.add(end)
      void end.then(() => this.#ending.delete(end))
    }
    this.#forgetModules()
  }

  troubles(): readonly string[] {
    return [...this.#guests.values()].flatMap(({ trouble }) => (trouble === null ? [] : [trouble]))
  }

  async close(): Promise<void> {
    for (const { spec } of [...this.#guests.values()]) this.release(spec.generation)
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    await Promise.all(this.#ending)
  }

  #compile({ file, hash, permissions }: GuestSpec): Promise<WebAssembly.Module> {
    const key = `${hash} ${permissions.memoryBytes}`
    const known = this.#modules.get(key)
    if (known !== undefined) return known
    const module = readFile(file).then((bytes) => WebAssembly.compile(limitMemory(bytes, permissions.memoryBytes)))
    this.#modules.set(key, module)
    module.catch(() => this.#modules.delete(key))
    return module
  }

  #forgetModules(): void {
    const used = new Set(
      Array.from(this.#guests.values(), ({ spec }) => `${spec.hash} ${spec.permissions.memoryBytes}`),
    )
    for (const key of this.#modules.keys()) if (!used.has(key)) this.#modules.delete(key)
  }

  /** Looks after guests that compute for too long, unless this thread was late itself: then the machine stood still. */
  #watch(): void {
    const TICK_MS = 100
    let last = performance.now()
    this.#timer ??= setInterval(() => {
      const now = performance.now()
      const late = now - last > 5 * TICK_MS
      last = now
      for (const guest of this.#guests.values()) guest.check(now, late)
    }, TICK_MS).unref()
  }
}

interface OpenConnection {
  readonly events: GuestEvents
  readonly number: number
}

/** A plugin's guest over all of its instances. */
class Guest {
  readonly spec: GuestSpec
  /** Why it does not run now; null while it does. */
  trouble: string | null = null
  readonly #options: GuestOwnerOptions
  readonly #compile: () => Promise<WebAssembly.Module>
  readonly #connections = new Map<number, OpenConnection>()
  readonly #pause = new RestartPause()
  readonly #first: Promise<{ readonly process: GuestProcess; readonly report: GuestReport }>
  #process: GuestProcess | null = null
  #lastConnection = 0
  #timer: NodeJS.Timeout | null = null
  #over = false

  constructor(spec: GuestSpec, options: GuestOwnerOptions, compile: () => Promise<WebAssembly.Module>) {
    this.spec = spec
    this.#options = options
    this.#compile = compile
    this.#first = this.#start()
    this.#first.catch(() => {}) // whoever opens a connection is told
  }

  async open(events: GuestEvents): Promise<GuestConnection> {
    const { report } = await this.#first
    const number = ++this.#lastConnection
    this.#connections.set(number, { events, number })
    const process = this.#process
    if (process === null) throw new GuestFailed(this.trouble ?? 'it has been ended')
    const close = (): void => {
      this.#connections.delete(number)
      this.#process?.disconnect(number)
    }
    const distrust = (reason: string): void => this.#process?.terminate(reason)
    return { memory: process.connect(number), report, distrust, close }
  }

  /** Ends an instance that computes without a pause for longer than it may. */
  check(now: number, late: boolean): void {
    const process = this.#process
    if (process === null) return
    const { timeMs } = this.spec.permissions
    if (late) process.forgive(now)
    else if (process.stuckMs(now) > timeMs) process.terminate(`it computed for more than ${timeMs} ms without a pause`)
  }

  async end(): Promise<void> {
    this.#over = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#first.catch(() => {})
    await this.#process?.shutdown()
  }

  async #start(): Promise<{ readonly process: GuestProcess; readonly report: GuestReport }> {
    const { permissions, transport, file } = this.spec
    const { log, print, startMs = START_MS } = this.#options
    let module: WebAssembly.Module
    try {
      module = await this.#compile()
    } catch (error) {
      throw new GuestFailed(error instanceof Error ? error.message : String(error))
    }
    const process = new GuestProcess({ module, name: basename(file), permissions, transport, log, print })
    this.#process = process
    const late = () => new Error(`its plugins were not registered after ${startMs} ms`)
    try {
      const report = await settleWithin(startMs, process.ready, late)
      void process.ended.then((reason) => this.#lost(process, reason))
      return { process, report }
    } catch (error) {
      const { message } = error as Error
      process.terminate(message)
      await process.ended
      this.#process = null
      throw new GuestFailed(message)
    }
  }

  #lost(process: GuestProcess, reason: string): void {
    this.#process = null
    if (this.#over) return
    this.#restart(reason, process.startedAt)
  }

  #restart(reason: string, startedAt: number): void {
    const pauseMs = this.#pause.after(performance.now() - startedAt)
    const name = basename(this.spec.file)
    const when = pauseMs === 0 ? 'at once' : `after ${pauseMs} ms`
    this.trouble = `plugin ${name}: ${reason}`
    this.#options.log.error(`[PLUGIN: ${name}] ${reason}; another instance is started ${when}`)
    for (const { events } of this.#connections.values()) events.down(reason, pauseMs)
    if (pauseMs === 0) void this.#again()
    else this.#timer = setTimeout(() => void this.#again(), pauseMs)
  }

  async #again(): Promise<void> {
    const startedAt = performance.now()
    try {
      const { process } = await this.#start()
      if (this.#over) return
      this.trouble = null
      const took = Math.round(performance.now() - startedAt)
      this.#options.log.info(`[PLUGIN: ${basename(this.spec.file)}] another instance serves after ${took} ms`)
      for (const { events, number } of this.#connections.values()) events.up(process.connect(number))
    } catch (error) {
      if (!this.#over) this.#restart((error as Error).message, startedAt)
    }
  }
}
