import { type Clock, SYSTEM_CLOCK } from './clock.ts'
import { DeadlineExceeded, RequestOver } from './failure.ts'
import type { Span } from './span.ts'

/** The parameters of a path that has none. Frozen, for all requests share it. */
export const NO_PARAMS: Record<string, string> = Object.freeze({})

/** Something under way that must stop when the request is over: an upstream call, a plugin's wait. */
export interface Cancellable {
  cancel(reason: Error): void
}

/**
 * What belongs to one request beside its message: the deadline, the signal that it is over, the store that all hooks of
 * the request share. Costs next to nothing until something of it is asked for.
 */
export class Context {
  /** The moment (`performance.now()`, milliseconds) when the request arrived. */
  readonly startedAt: number
  /** The moment when time is up; Infinity before the endpoint set it. */
  deadline = Number.POSITIVE_INFINITY
  /** The client's address after the rules of `trusted_proxies`; the peer's before the router decided. */
  clientAddress: string
  /** The endpoint's path as configured; empty before the route is found. */
  route = ''
  /** The status of the answer; 0 before there is one. */
  status = 0
  /** The endpoint's path parameters, decoded. */
  params: Record<string, string> = NO_PARAMS
  /** What the token of the request says, once it has been verified; null without one. */
  claims: Readonly<Record<string, unknown>> | null = null
  /** Runs when the answer has been sent, or the client has gone. */
  onFinish: (() => void) | null = null
  /** What failed on the way, for the log: the access log lists them below its line. */
  errors: Error[] | null = null
  /** Why the request is over, or null while it goes on. */
  cancelled: Error | null = null
  /** Links of the deadline queue the context waits in. */
  queue: DeadlineQueue | null = null
  before: Context | null = null
  after: Context | null = null
  /** The step that is running, where the request is traced. */
  span: Span | null = null
  /** The clock of `startedAt` and `deadline`. */
  clock: Clock = SYSTEM_CLOCK
  #first: Cancellable | null = null
  #more: Set<Cancellable> | null = null
  #store: Map<string, unknown> | null = null
  #controller: AbortController | null = null
  #parent: Context | null
  #finished = false

  constructor(startedAt: number, clientAddress = '', parent: Context | null = null) {
    this.startedAt = startedAt
    this.clientAddress = clientAddress
    this.#parent = parent
  }

  /** Values that all hooks of this request share. */
  get store(): Map<string, unknown> {
    if (this.#parent !== null) return this.#parent.store
    this.#store ??= new Map()
    return this.#store
  }

  /** Aborted at the deadline and when the client goes away. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      const controller = new AbortController()
      this.#controller = controller
      if (this.cancelled !== null) controller.abort(this.cancelled)
    }
    return this.#controller.signal
  }

  /** Milliseconds until the deadline; 0 when it has passed, Infinity when there is none. */
  get remainingMs(): number {
    return Math.max(0, this.deadline - this.clock.now())
  }

  /** Registers what must stop when the request is over. Stops it at once when it is over already. */
  attach(work: Cancellable): void {
    if (this.cancelled !== null) work.cancel(this.cancelled)
    else if (this.#finished) work.cancel(new RequestOver())
    else if (this.#first === null) this.#first = work
    else {
      this.#more ??= new Set()
      this.#more.add(work)
    }
  }

  /** Takes back `attach`. */
  detach(work: Cancellable): void {
    if (this.#first === work) this.#first = null
    else this.#more?.delete(work)
  }

  /** Ends the request: everything attached is stopped. The first reason counts. */
  cancel(reason: Error): void {
    if (this.cancelled !== null) return
    this.cancelled = reason
    this.queue?.remove(this)
    this.#controller?.abort(reason)
    this.#stop(reason)
  }

  #stop(reason: Error): void {
    const first = this.#first
    const more = this.#more
    this.#first = null
    this.#more = null
    first?.cancel(reason)
    if (more !== null) for (const work of more) work.cancel(reason)
  }

  /**
   * The request has been answered: nothing waits for the deadline any more, and what is still attached (a call whose body
   * nobody has read) is stopped.
   */
  finish(): void {
    this.queue?.remove(this)
    this.#finished = true
    if (this.busy) this.#stop(new RequestOver())
    const { onFinish } = this
    if (onFinish === null) return
    this.onFinish = null
    onFinish()
  }

  /** Notes a failure for the access log. */
  report(error: Error): void {
    if (this.errors === null) this.errors = [error]
    else this.errors.push(error)
  }

  /** A context with a deadline of its own that also ends with this one: for calls that are given less time. */
  child(queue: DeadlineQueue | null): Context {
    const child = new Context(this.startedAt, this.clientAddress, this)
    child.clock = this.clock
    child.route = this.route
    child.claims = this.claims
    child.span = this.span
    child.deadline = this.deadline
    if (queue !== null) queue.add(child)
    this.attach(child)
    return child
  }

  /**
   * A context that ends after `ms` milliseconds, if this one does not end before: for one of several attempts. Its store
   * and parameters are those of this request.
   */
  withTimeout(ms: number): Context {
    const child = this.child(null)
    child.params = this.params
    child.deadline = Math.min(this.deadline, this.clock.now() + ms)
    this.clock.schedule(() => child.cancel(new DeadlineExceeded()), ms)
    return child
  }

  /**
   * A context for work that outlives the request (a shadow call, the refresh of a cache): same store, own deadline. What
   * is attached to it ends at that deadline, or when somebody calls its `finish`.
   * @param time milliseconds, or the queue of those that have the same time
   */
  detached(time: DeadlineQueue | number): Context {
    const other = new Context(this.clock.now(), this.clientAddress, this)
    other.clock = this.clock
    other.route = this.route
    other.claims = this.claims
    other.span = this.span
    if (typeof time !== 'number') time.add(other)
    else {
      other.params = this.params
      other.deadline = this.clock.now() + time
      other.onFinish = this.clock.schedule(() => other.cancel(new DeadlineExceeded()), time)
    }
    return other
  }

  /**
   * A child's work is done: its time ends no more. A body that is still on its way through it stays tied to this request.
   */
  release(child: Context): void {
    child.queue?.remove(child)
    if (!child.busy) this.detach(child)
  }

  /** Whether something is attached. */
  get busy(): boolean {
    return this.#first !== null || (this.#more !== null && this.#more.size > 0)
  }
}

/**
 * All requests that have the same time to live, in the order of their deadlines. One timer for all of them: a request
 * costs two assignments to enter and two to leave.
 */
export class DeadlineQueue {
  readonly timeoutMs: number
  #head: Context | null = null
  #tail: Context | null = null
  #timing = false
  readonly #clock: Clock

  constructor(timeoutMs: number, clock: Clock = SYSTEM_CLOCK) {
    this.timeoutMs = timeoutMs
    this.#clock = clock
  }

  /** Starts the time of a context: now plus the timeout. */
  add(context: Context): void {
    context.queue?.remove(context)
    context.clock = this.#clock
    context.deadline = this.#clock.now() + this.timeoutMs
    if (context.cancelled !== null) return
    context.queue = this
    context.before = this.#tail
    if (this.#tail === null) this.#head = context
    else this.#tail.after = context
    this.#tail = context
    if (!this.#timing) this.#schedule(this.timeoutMs)
  }

  remove(context: Context): void {
    if (context.queue !== this) return
    if (context.before === null) this.#head = context.after
    else context.before.after = context.after
    if (context.after === null) this.#tail = context.before
    else context.after.before = context.before
    context.queue = null
    context.before = null
    context.after = null
  }

  #schedule(delayMs: number): void {
    this.#timing = true
    this.#clock.schedule(() => this.#expire(), delayMs)
  }

  #expire(): void {
    const now = this.#clock.now()
    let head = this.#head
    for (; head !== null && head.deadline <= now; head = this.#head) {
      this.remove(head)
      head.cancel(new DeadlineExceeded())
    }
    this.#timing = false // not before: a context that is added above shall start no second timer
    if (head !== null) this.#schedule(head.deadline - now)
  }
}
