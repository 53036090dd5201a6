import type { Cancellable, Context } from '../pipes/context.ts'
import { ClientGone, Failure } from '../pipes/failure.ts'
import type { Call, CallSite } from './call.ts'
import { PluginFailure, PluginTimeout } from './failure.ts'
import type { Limited, TimeLimit } from './time-limit.ts'
import { FetchFailure } from './tools/fetch-failure.ts'

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
  readonly #resolve: (result: Result | Promise<Result>) => void
  readonly #reject: (failure: unknown) => void
  /** The limit it is listed in; null when the request's deadline is enough. */
  #limit: TimeLimit | null = null
  #over = false

  constructor(
    call: Call<Subject, Result>,
    subject: Subject,
    context: Context,
    startedAt: number,
    resolve: (result: Result | Promise<Result>) => void,
    reject: (failure: unknown) => void,
  ) {
    this.#call = call
    this.#subject = subject
    this.#context = context
    this.#startedAt = startedAt
    this.#resolve = resolve
    this.#reject = reject
  }

  /**
   * Begins to wait. What stands around the pipe does not listen to the end of the request, since the pipe behind it does,
   * and to listen costs more than all the rest.
   */
  waitFor(returned: PromiseLike<unknown>): void {
    const { around, limit, ownMs } = this.#call.time
    if (around || ownMs > 0 || this.#context.deadline === Number.POSITIVE_INFINITY) {
      this.#limit = limit
      limit.add(this, this.#startedAt)
    }
    if (!around) this.#context.attach(this)
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

  dueAt(): number {
    const { ownMs, withoutDeadlineMs, graceMs } = this.#call.time
    if (ownMs > 0) return this.#startedAt + ownMs
    const { deadline } = this.#context
    return deadline === Number.POSITIVE_INFINITY ? this.#startedAt + withoutDeadlineMs : deadline + graceMs
  }

  expire(): void {
    const { ownMs, withoutDeadlineMs, graceMs } = this.#call.time
    this.#limit = null
    if (!this.#finish()) return
    const withoutDeadline = this.#context.deadline === Number.POSITIVE_INFINITY
    const limitMs = ownMs > 0 ? ownMs : withoutDeadline ? withoutDeadlineMs : graceMs
    const after = ownMs > 0 || withoutDeadline ? '' : ' after the deadline of the request'
    this.#fail(this.#timeout(`within ${limitMs} ms${after}`, undefined))
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
    const { metrics, log } = this.#call.site
    metrics.countError()
    log.error(timeout.message)
    return timeout
  }

  #fail(failure: Failure): void {
    const { recover } = this.#call
    if (recover === null) this.#reject(failure)
    else {
      try {
        this.#resolve(recover(failure, this.#subject, this.#context))
      } catch (thrown) {
        this.#reject(thrown)
      }
    }
  }

  /** True the first time. */
  #finish(): boolean {
    if (this.#over) return false
    this.#over = true
    if (!this.#call.time.around) this.#context.detach(this)
    this.#limit?.remove(this)
    this.#call.site.metrics.record(this.#context.clock.now() - this.#startedAt)
    return true
  }
}

/**
 * What a plugin threw, as a failure. Failures go on as they are: an `HttpError` is the plugin's decision, and others came
 * through `next` from a stage that has told about them. Anything else is the plugin's fault: counted, and logged; so are
 * its own calls that fail, unless it is the client's doing.
 */
export function toFailure(site: CallSite, thrown: unknown): Failure {
  if (thrown instanceof FetchFailure) {
    if (thrown.cause instanceof ClientGone) return thrown.cause
  } else if (thrown instanceof Failure) return thrown
  const failure = new PluginFailure(site, thrown)
  site.metrics.countError()
  site.log.error(failure.logText)
  return failure
}
