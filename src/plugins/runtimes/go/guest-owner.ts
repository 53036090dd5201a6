import { open } from 'node:fs/promises'
import type { MessagePort } from 'node:worker_threads'
import type { Logger } from '../../../telemetry/logger.ts'
import { type GuestProcess, type GuestProcessOptions, startGuestProcess } from './guest-process.ts'
import type { GuestConnection, GuestEvents, GuestSpec, Guests } from './guests.ts'
import { serveGuests } from './guests-port.ts'
import { KeptGuest } from './kept-guest.ts'
import { limitMemory, SLACK_BYTES } from './limited-module.ts'

export interface GuestOwnerOptions {
  readonly log: Logger
  /** Takes what plugins print. */
  readonly print: (stream: 1 | 2, text: string) => void
  /** How long a guest may take until its plugins are registered, in milliseconds; 10 s by default. */
  readonly startMs?: number
  /** How long an instance lives that was not broken from the start, in milliseconds; a minute by default. */
  readonly healthyMs?: number
  /** Starts an instance; by default in a thread of its own. */
  readonly launch?: (options: GuestProcessOptions) => GuestProcess
}

/** The owner of the guests of a process: lives in the main thread, and sees to it that they go on. */
export interface GuestOwner extends Guests {
  /** Answers the thread that holds the other end of this port in `connectGuests`. */
  serve(port: MessagePort): void
  /** Nobody has this generation any more: its guests are ended. */
  release(generation: number): void
  /** Ends all of them; resolves when they are gone. */
  close(): Promise<void>
}

const START_MS = 10_000
/** How often the guests are looked after, in milliseconds. */
const TICK_MS = 100

/** Makes an owner that has no guests yet. */
export function createGuestOwner(options: GuestOwnerOptions): GuestOwner {
  return new Owner(options)
}

class Owner implements GuestOwner {
  readonly #options: GuestOwnerOptions
  /** By generation, file and hash. */
  readonly #guests = new Map<string, KeptGuest>()
  /** How often instances of a file were replaced, over all generations. */
  readonly #restarts = new Map<string, number>()
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
      guest = this.#keep(spec)
      this.#guests.set(key, guest)
      this.#watch()
    }
    return guest.open(events)
  }

  #keep(spec: GuestSpec): KeptGuest {
    const { file } = spec
    const { log, print, startMs = START_MS, healthyMs, launch = startGuestProcess } = this.#options
    return new KeptGuest(spec, {
      ...{ log, print, startMs, healthyMs, launch },
      compile: () => this.#compile(spec),
      restarts: () => this.#restarts.get(file) ?? 0,
      countRestart: () => void this.#restarts.set(file, (this.#restarts.get(file) ?? 0) + 1),
    })
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
    const module = compileFile(file, permissions.memoryBytes)
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

  /**
   * Looks after guests that compute for too long. A look that comes late counts for little: this thread was late itself, or
   * the machine stood still.
   */
  #watch(): void {
    let last = performance.now()
    this.#timer ??= setInterval(() => {
      const now = performance.now()
      const elapsedMs = Math.min(now - last, 2 * TICK_MS)
      last = now
      for (const guest of this.#guests.values()) guest.look(elapsedMs)
    }, TICK_MS).unref()
  }
}

async function compileFile(file: string, memoryBytes: number): Promise<WebAssembly.Module> {
  const room = await readWithRoom(file)
  const module = await WebAssembly.compile(limitMemory(room, memoryBytes))
  room.buffer.transfer(0) // V8 has a copy of its own; the next collection of garbage may be far away
  return module
}

/** The bytes of a file behind the room that `limitMemory` wants. */
async function readWithRoom(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const opened = await open(file)
  try {
    const { size } = await opened.stat()
    const room = Buffer.allocUnsafeSlow(SLACK_BYTES + size)
    for (let at = 0; at < size; ) {
      const { bytesRead } = await opened.read(room, SLACK_BYTES + at, size - at, at)
      if (bytesRead === 0) throw new Error('it was cut off while it was read')
      at += bytesRead
    }
    return room
  } finally {
    await opened.close()
  }
}
