import type { Cancellable, Context } from '../pipes/context.ts'
import { ClientGone, Failure } from '../pipes/failure.ts'
import type { Call, CallSite } from './call.ts'
import { PluginFailure, PluginTimeout } from './failure.ts'
import type { Limited, TimeLimit } from './time-limit.ts'

/**
 * A call that a plugin has not finished yet. It ends when the plugin's promise settles, when the request is over, or when
 * its time is up, whichever comes first; what comes later is ignored.
 */
export class PendingCall<Subject, Result> implements Cancellable, Limited {
  before: Limited | null = null
  after: Limited | null = null
  since = 0
  readonly #call: Call<Subject, Result>
  readonly #subject: Subject
  readonly #context: Context
  readonly #startedAt: number
  readonly #resolve: (result: Result) => void
  readonly #reject: (failure: Failure) => void
  /** The limit it is listed in; null when the request's deadline is enough. */
  #limit: TimeLimit | null = null
  #over = false

  constructor(
    call: Call<Subject, Result>,
    subject: Subject,
    context: Context,
    startedAt: number,
    resolve: (result: Result) => void,
    reject: (failure: Failure) => void,
  ) {
    this.#call = call
    this.#subject = subject
    this.#context = context
    this.#startedAt = startedAt
    this.#resolve = resolve
    this.#reject = reject
  }

  /**
   * Begins to wait. A request without a deadline is held to `limit`, and so is what outlives the deadline: that does not
   * listen to the end of the request, since the pipe behind it does, and to listen costs more than all the rest.
   */
  waitFor(returned: PromiseLike<unknown>, limit: TimeLimit): void {
    const outlives = this.#call.recover !== null
    if (outlives || this.#context.deadline === Number.POSITIVE_INFINITY) {
      this.#limit = limit
      limit.add(this, this.#startedAt)
    }
    if (!outlives) this.#context.attach(this)
    Promise.resolve(returned).then(
      (value) => this.#settled(value),
      (thrown) => this.#threw(thrown),
    )
  }

  /** The request is over: the deadline has passed, or the client has gone. */
  cancel(reason: Error): void {
    if (!this.#finish()) return
    this.#fail(reason instanceof ClientGone ? reason : this.#timeout('before the deadline of the request', reason))
  }

  /** What stands around the pipe has the limit anew once the deadline of the request has passed. */
  dueAt(limitMs: number): number {
    const { deadline } = this.#context
    return (deadline === Number.POSITIVE_INFINITY ? this.#startedAt : deadline) + limitMs
  }

  expire(): void {
    const limitMs = this.#limit?.limitMs
    this.#limit = null
    if (this.#finish()) this.#fail(this.#timeout(`within ${limitMs} ms`, undefined))
  }

  #settled(value: unknown): void {
    if (!this.#finish()) return
    const { site, accept } = this.#call
    try {
      this.#resolve(accept(value, this.#subject))
    } catch (thrown) {
      this.#fail(toFailure(site, thrown))
    }
  }

  #threw(thrown: unknown): void {
    if (this.#finish()) this.#fail(toFailure(this.#call.site, thrown))
  }

  #timeout(limit: string, cause: Error | undefined): PluginTimeout {
    const timeout = new PluginTimeout(this.#call.site, limit, cause)
    const { counters, log } = this.#call.site
    counters.errors++
    log.error(timeout.message)
    return timeout
  }

  #fail(failure: Failure): void {
    const { recover } = this.#call
    if (recover === null) this.#reject(failure)
    else this.#resolve(recover(failure))
  }

  /** True the first time. */
  #finish(): boolean {
    if (this.#over) return false
    this.#over = true
    if (this.#call.recover === null) this.#context.detach(this)
    this.#limit?.remove(this)
    countCall(this.#call.site, this.#startedAt)
    return true
  }
}

/** Counts a call that is over. */
export function countCall({ counters }: CallSite, startedAt: number): void {
  counters.calls++
  counters.totalMs += performance.now() - startedAt
}

/**
 * What a plugin threw, as a failure. Failures go on as they are: an `HttpError` is the plugin's decision, and others came
 * through `next` from a stage that has told about them. Anything else is the plugin's fault: counted, and logged.
 */
export function toFailure(site: CallSite, thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown
  const failure = new PluginFailure(site, thrown)
  site.counters.errors++
  site.log.error(failure.logText)
  return failure
}
