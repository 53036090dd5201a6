import { basename } from 'node:path'
import { LONGEST_TIMER_MS } from '../../../pipes/clock.ts'
import type { Context } from '../../../pipes/context.ts'
import { settleWithin } from '../../../shared/settle-within.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import type { GuestUse } from '../../runtime.ts'
import { FROM_GUEST, TO_GUEST, Unsendable } from './frames.ts'
import type { GuestReport } from './guest/messages.ts'
import { type GuestCall, GuestLost, type StartableCall } from './guest-call.ts'
import type { GuestConnection, GuestEnd, GuestEvents, GuestSpec, Guests } from './guests.ts'
import { Link, type LinkMemory } from './link.ts'

/** The kinds of instances as the Go side numbers them. */
export const INSTANCE = {
  client: 1,
  handler: 2,
  modifyRequest: 3,
  modifyResponse: 4,
  middleware: 5,
  martian: 6,
} as const

/** What a factory of the guest has made for a place. */
export interface GuestInstance {
  /** Its number in the guest that runs now. */
  readonly id: number
  /** The sources wanted to be left out at that place. */
  readonly leftOut: boolean
}

/** Makes a call for a connection, under a number. */
type MakeCall<Result> = (link: Link, id: number) => StartableCall<Result>

interface OwnInstance {
  readonly kind: number
  readonly name: string
  readonly key: string
  readonly config: string
  id: number
  leftOut: boolean
  /** Why it could not be made by the guest that runs now. */
  broken: string | null
}

/** How long a factory may take in a new instance of the guest, in milliseconds. */
const REMAKE_MS = 10_000
const MADE = 0
const LEFT_OUT = 2

/** A gateway's connection to the guest of a plugin, over all instances of the guest. */
export class GuestClient {
  readonly report: GuestReport
  readonly #log: Logger
  readonly #file: string
  /** Under which a context has the call that stands around. */
  readonly #storeKey: string
  readonly #connection: GuestConnection
  readonly #instances: OwnInstance[] = []
  readonly #calls = new Map<number, GuestCall>()
  /** Keeps the thread alive while somebody waits for the guest: shared memory does not. */
  readonly #alive = setInterval(() => {}, LONGEST_TIMER_MS).unref()
  readonly #making = new Map<number, (flags: number, id: number, error: string) => void>()
  #lastCall = 0
  #link: Link | null = null
  /** Resolves when another instance serves; rejects when one will not soon. */
  #up: PromiseWithResolvers<void> | null = null
  /** How the last instance ended. */
  #end: GuestEnd
  /** Changes whenever the guest goes: what was begun for the one before is of no use. */
  #epoch = 0

  private constructor(connection: GuestConnection, spec: GuestSpec, log: Logger) {
    this.#connection = connection
    this.#log = log
    this.#file = spec.file
    this.#storeKey = `go ${spec.file}`
    this.report = connection.report
    const { memory, before } = connection
    this.#end = before
    if (memory !== null) this.#link = this.#connect(memory)
    else if (before.pauseMs === 0) this.#up = waiting()
  }

  /** Rejects with `GuestFailed` when the guest cannot be started. */
  static async open(guests: Guests, spec: GuestSpec, log: Logger): Promise<GuestClient> {
    const early: ((client: GuestClient) => void)[] = []
    let client: GuestClient | null = null
    const then = (run: (client: GuestClient) => void): void => {
      if (client === null) early.push(run)
      else run(client)
    }
    const events: GuestEvents = {
      up: (memory) => then((opened) => void opened.#restore(memory)),
      down: (end) => then((opened) => opened.#lose(end)),
    }
    const opened = new GuestClient(await guests.open(spec, events), spec, log)
    client = opened
    for (const run of early) run(opened)
    return opened
  }

  /**
   * Lets a factory make an instance, once for all threads.
   * @param key names the place of the configuration
   * @param config of the namespace there, as JSON
   * @throws Error with what the factory returned or threw
   */
  async instantiate(kind: number, name: string, key: string, config: string): Promise<GuestInstance> {
    const instance: OwnInstance = { kind, name, key, config, id: 0, leftOut: false, broken: null }
    const link = this.#link
    if (link !== null) {
      await this.#make(link, instance)
      if (instance.broken !== null) throw new Error(instance.broken)
    }
    this.#instances.push(instance) // where no guest runs now, the next one makes it
    return instance
  }

  /** How the guest fares. */
  get use(): GuestUse {
    const { restarts, reason } = this.#end
    if (this.#link === null) return { state: this.#up === null ? 'paused' : 'restarting', restarts, reason }
    const failing = this.#instances.find(({ broken }) => broken !== null)
    if (failing === undefined) return { state: 'serves', restarts, reason }
    return { state: 'failing', restarts, reason: `a factory of "${failing.name}": ${failing.broken}` }
  }

  /** What keeps its plugins from working, for whoever runs the gateway. */
  troubles(): readonly string[] {
    const { state, reason } = this.use
    const name = basename(this.#file)
    if (state === 'paused') return [`plugin ${name}: ${reason}; another instance is started after a pause`]
    return state === 'failing' ? [`plugin ${name}: ${reason}`] : []
  }

  /** Starts a call in the guest that runs, or is about to. */
  call<Result>(instance: GuestInstance, context: Context, make: MakeCall<Result>): Promise<Result> {
    const link = this.#link
    return link === null ? this.#callLater(instance, context, make) : this.#call(link, instance, context, make)
  }

  #call<Result>(link: Link, instance: GuestInstance, context: Context, make: MakeCall<Result>): Promise<Result> {
    const { broken, id } = instance as OwnInstance
    if (broken !== null) return Promise.reject(new Error(broken))
    const call = make(link, this.#nextId())
    if (this.#calls.size === 0) this.#alive.ref()
    this.#calls.set(call.id, call)
    return call.start(id, this.#callAround(context))
  }

  async #callLater<Result>(instance: GuestInstance, context: Context, make: MakeCall<Result>): Promise<Result> {
    if (this.#up === null) throw this.#lostFor(this.#end.reason)
    await this.#up.promise
    if (context.cancelled !== null) throw context.cancelled
    return await this.call(instance, context, make)
  }

  /** A call that stands around others of the same request: those have the values of its context. */
  readonly behind = (context: Context, call: number): void => {
    context.store.set(this.#storeKey, call)
  }

  #callAround(context: Context): number {
    return (context.store.get(this.#storeKey) as number | undefined) ?? 0
  }

  readonly forget = (id: number): void => {
    if (this.#calls.delete(id) && this.#calls.size === 0) this.#alive.unref()
  }

  close(): void {
    this.#lose({ ...this.#end, reason: 'the gateway has closed it', pauseMs: 0 })
    this.#up?.reject(this.#lostFor(this.#end.reason))
    this.#connection.close()
    clearInterval(this.#alive)
  }

  #connect(memory: LinkMemory): Link {
    const broken = (error: Error): void =>
      this.#connection.distrust(`it sent what cannot be understood: ${error.message}`)
    const link = new Link(
      memory,
      (kind, flags, _connection, call, extra, payload) => {
        if (kind === FROM_GUEST.instantiated) this.#making.get(call)?.(flags, extra, payload.toString('utf8'))
        else this.#take(link, kind, flags, call, extra, payload)
      },
      broken,
    )
    return link
  }

  #take(link: Link, kind: number, flags: number, id: number, extra: number, payload: Buffer): void {
    const call = this.#calls.get(id)
    try {
      call?.take(kind, flags, extra, payload)
    } catch (error) {
      if (!(error instanceof Unsendable)) throw error
      link.begin(TO_GUEST.release, 0, id, 0)
      link.send()
      call?.lost(error)
    }
  }

  #make(link: Link, instance: OwnInstance): Promise<void> {
    const { kind, name, key, config } = instance
    const id = this.#nextId()
    const made = new Promise<void>((resolve) => {
      this.#making.set(id, (flags, number, error) => {
        this.#making.delete(id)
        instance.id = number
        instance.leftOut = flags === LEFT_OUT
        instance.broken = flags === MADE || flags === LEFT_OUT ? null : error
        resolve()
      })
    })
    link.begin(TO_GUEST.instantiate, kind, id, 0).utf8(name).utf8(key).utf8(config)
    link.send()
    return made
  }

  #nextId(): number {
    this.#lastCall = (this.#lastCall % 0x7fff_ffff) + 1
    return this.#lastCall
  }

  /** As when the gateway was built: a factory that does not come back costs its own place alone. */
  async #remake(link: Link, instance: OwnInstance): Promise<void> {
    const late = () => new Error(`the factory did not settle within ${REMAKE_MS} ms`)
    const { leftOut } = instance
    try {
      await settleWithin(REMAKE_MS, this.#make(link, instance), late)
    } catch (error) {
      instance.broken = (error as Error).message
      return
    }
    if (instance.leftOut && !leftOut) instance.broken = 'it returned nothing this time'
  }

  #lose(end: GuestEnd): void {
    const { reason, pauseMs } = end
    this.#end = end
    this.#epoch++
    this.#link?.close()
    this.#link = null
    const error = this.#lostFor(reason)
    for (const call of [...this.#calls.values()]) call.lost(error)
    this.#calls.clear()
    this.#alive.unref()
    for (const made of [...this.#making.values()]) made(1, 0, reason)
    if (pauseMs === 0) this.#up ??= waiting()
    else {
      this.#up?.reject(error)
      this.#up = null
    }
  }

  async #restore(memory: LinkMemory): Promise<void> {
    const epoch = this.#epoch
    const link = this.#connect(memory)
    this.#up ??= waiting()
    await Promise.all(this.#instances.map((instance) => this.#remake(link, instance)))
    if (epoch !== this.#epoch) {
      link.close()
      return
    }
    for (const { name, broken } of this.#instances) {
      if (broken !== null) this.#log.error(`[PLUGIN: ${name}] its factory failed in the new instance: ${broken}`)
    }
    this.#link = link
    this.#up?.resolve()
    this.#up = null
  }

  #lostFor(reason: string): GuestLost {
    return new GuestLost(`the plugin's guest is gone: ${reason}`)
  }
}

function waiting(): PromiseWithResolvers<void> {
  const up = Promise.withResolvers<void>()
  up.promise.catch(() => {})
  return up
}
