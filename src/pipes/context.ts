import { DeadlineExceeded } from './failure.ts'

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
  #first: Cancellable | null = null
  #more: Set<Cancellable> | null = null
  #store: Map<string, unknown> | null = null
  #controller: AbortController | null = null
  #parent: Context | null

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
    return Math.max(0, this.deadline - performance.now())
  }

  /** Registers what must stop when the request is over. Stops it at once when it is over already. */
  attach(work: Cancellable): void {
    if (this.cancelled !== null) work.cancel(this.cancelled)
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
    const first = this.#first
    const more = this.#more
    this.#first = null
    this.#more = null
    first?.cancel(reason)
    if (more !== null) for (const work of more) work.cancel(reason)
  }

  /** The request has been answered: nothing waits for the deadline any more. */
  finish(): void {
    this.queue?.remove(this)
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
    child.route = this.route
    child.deadline = this.deadline
    if (queue !== null) queue.add(child)
    this.attach(child)
    return child
  }

  /** A context for work that outlives the request (a shadow call): same store, own deadline. */
  detached(queue: DeadlineQueue): Context {
    const other = new Context(performance.now(), this.clientAddress, this)
    other.route = this.route
    queue.add(other)
    return other
  }

  /** Ends a child without a reason to tell: its answer is not needed any more. */
  release(child: Context): void {
    child.finish()
    this.detach(child)
  }
}

const MAX_TIMER_MS = 2 ** 31 - 1 // a longer timer of Node fires at once

/**
 * All requests that have the same time to live, in the order of their deadlines. One timer for all of them: a request
 * costs two assignments to enter and two to leave.
 */
export class DeadlineQueue {
  readonly timeoutMs: number
  #head: Context | null = null
  #tail: Context | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
  }

  /** Starts the time of a context: now plus the timeout. */
  add(context: Context): void {
    context.queue?.remove(context)
    context.deadline = performance.now() + this.timeoutMs
    if (context.cancelled !== null) return
    context.queue = this
    context.before = this.#tail
    if (this.#tail === null) this.#head = context
    else this.#tail.after = context
    this.#tail = context
    if (this.#timer === null) this.#schedule(this.timeoutMs)
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
    this.#timer = setTimeout(() => this.#expire(), Math.min(Math.max(1, Math.ceil(delayMs)), MAX_TIMER_MS))
    this.#timer.unref()
  }

  #expire(): void {
    const now = performance.now()
    let head = this.#head
    for (; head !== null && head.deadline <= now; head = this.#head) {
      this.remove(head)
      head.cancel(new DeadlineExceeded())
    }
    this.#timer = null // not before: a context that is added above shall start no second timer
    if (head !== null) this.#schedule(head.deadline - now)
  }
}
