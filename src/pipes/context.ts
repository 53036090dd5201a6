import { type Clock, SYSTEM_CLOCK } from './clock.ts'
import { DeadlineExceeded, RequestOver } from './failure.ts'
import type { HttpRequest } from './http.ts'
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
 *
 * @example
 * const { clientAddress, params, remainingMs } = context
 * context.store.set('tenant', tenant)
 * const response = await next(request, context.withTimeout(remainingMs / 2))
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
  /**
   * The status of the answer; 0 before there is one.
   * @internal
   */
  status = 0
  /** The endpoint's path parameters, decoded. */
  params: Record<string, string> = NO_PARAMS
  /** What the token of the request says, once it has been verified; null without one. */
  claims: Readonly<Record<string, unknown>> | null = null
  /**
   * The client's request as it came to its endpoint, with all its header fields, whatever the allow-lists let pass; null
   * before. To look at: what goes to backends is changed elsewhere.
   */
  incoming: HttpRequest | null = null
  /**
   * The query parameter with a secret, whose value no log shows; null when there is none.
   * @internal
   */
  secretParameter: string | null = null
  /**
   * Runs when the answer has been sent, or the client has gone.
   * @internal
   */
  onFinish: (() => void) | null = null
  /**
   * What failed on the way, for the log: the access log lists them below its line.
   * @internal
   */
  errors: Error[] | null = null
  /** Why the request is over, or null while it goes on. */
  cancelled: Error | null = null
  /**
   * Links of the deadline queue the context waits in.
   * @internal
   */
  queue: DeadlineQueue | null = null
  /** @internal */
  before: Context | null = null
  /** @internal */
  after: Context | null = null
  /**
   * The step that is running, where the request is traced.
   * @internal
   */
  span: Span | null = null
  /**
   * The clock of `startedAt` and `deadline`.
   * @internal
   */
  clock: Clock = SYSTEM_CLOCK
  #first: Cancellable | null = null
  #more: Set<Cancellable> | null = null
  #store: Map<string, unknown> | null = null
  #controller: AbortController | null = null
  /** The context that this one is a part of. */
  readonly #parent: Context | null
  #finished = false
  /** Of a time of its own, beside the queue. */
  #takeBackTimer: (() => void) | null = null

  /**
   * @param parent what it is a part of: it has the same store, and what is reported to it is reported there
   * @internal
   */
  constructor(startedAt: number, clientAddress = '', parent: Context | null = null) {
    this.startedAt = startedAt
    this.clientAddress = clientAddress
    this.#parent = parent
  }

  /**
   * The context that this one is a part of, as `withTimeout` makes them; null for that of a whole request.
   * @internal
   */
  get parent(): Context | null {
    return this.#parent
  }

  /**
   * The one that ends when the answer has been sent: the outermost of those that this one is a part of.
   * @internal
   */
  get whole(): Context {
    return this.#parent === null ? this : this.#parent.whole
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

  /**
   * Registers what must stop when the request is over. Stops it at once when it is over already.
   * @internal
   */
  attach(work: Cancellable): void {
    if (this.cancelled !== null) work.cancel(this.cancelled)
    else if (this.#finished) work.cancel(new RequestOver())
    else if (this.#first === null) this.#first = work
    else {
      this.#more ??= new Set()
      this.#more.add(work)
    }
  }

  /**
   * Takes back `attach`.
   * @internal
   */
  detach(work: Cancellable): void {
    if (this.#first === work) this.#first = null
    else this.#more?.delete(work)
  }

  /**
   * Ends the request: everything attached is stopped. The first reason counts.
   * @internal
   */
  cancel(reason: Error): void {
    if (this.cancelled !== null) return
    this.cancelled = reason
    this.#stopTime()
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
   * @internal
   */
  finish(): void {
    this.#stopTime()
    this.#finished = true
    if (this.busy) this.#stop(new RequestOver())
    const { onFinish } = this
    if (onFinish === null) return
    this.onFinish = null
    onFinish()
  }

  /**
   * Notes a failure for the access log.
   * @internal
   */
  report(error: Error): void {
    if (this.#parent !== null) this.#parent.report(error)
    else if (this.errors === null) this.errors = [error]
    else this.errors.push(error)
  }

  /**
   * A context with a deadline of its own that also ends with this one: for calls that are given less time.
   * @internal
   */
  child(queue: DeadlineQueue | null): Context {
    const child = new Context(this.startedAt, this.clientAddress, this)
    this.#describe(child)
    child.deadline = this.deadline
    if (queue !== null) queue.add(child)
    this.attach(child)
    return child
  }

  /** Tells another context what is known of the request. */
  #describe(other: Context): void {
    other.clock = this.clock
    other.route = this.route
    other.params = this.params
    other.claims = this.claims
    other.incoming = this.incoming
    other.span = this.span
  }

  /** Ends this context after `ms` milliseconds, unless it ends before. */
  #endAfter(ms: number): void {
    this.deadline = Math.min(this.deadline, this.clock.now() + ms)
    if (this.cancelled !== null) return // it has ended with its parent
    this.#takeBackTimer = this.clock.schedule(() => this.cancel(new DeadlineExceeded()), ms)
  }

  #stopTime(): void {
    this.queue?.remove(this)
    if (this.#takeBackTimer === null) return
    this.#takeBackTimer()
    this.#takeBackTimer = null
  }

  /**
   * A context that ends after `ms` milliseconds, if this one does not end before: for one of several attempts. Its store
   * and parameters are those of this request. Its timer goes with the request at the latest; `release` lets it go before.
   *
   * @example
   * const attempt = context.withTimeout(500)
   * try {
   *   return await next(request, attempt)
   * } finally {
   *   context.release(attempt)
   * }
   */
  withTimeout(ms: number): Context {
    const child = this.child(null)
    child.#endAfter(ms)
    return child
  }

  /**
   * A context for work that outlives the request (a shadow call, the refresh of a cache): same store, own deadline. What
   * is attached to it ends at that deadline, or when somebody calls its `finish`.
   * @param time milliseconds, or the queue of those that have the same time
   */
  detached(time: DeadlineQueue | number): Context {
    const other = new Context(this.clock.now(), this.clientAddress)
    this.#describe(other)
    other.#store = this.store
    if (typeof time !== 'number') time.add(other)
    else other.#endAfter(time)
    return other
  }

  /**
   * The work of a context that `withTimeout` gave is done: its time ends no more, and its timer is let go. A body that is
   * still on its way through it stays tied to this request.
   */
  release(child: Context): void {
    child.#stopTime()
    if (!child.busy) this.detach(child)
  }

  /**
   * Whether something is attached.
   * @internal
   */
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
