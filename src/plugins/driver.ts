import type { Clock } from '../pipes/clock.ts'
import { SYSTEM_CLOCK } from '../pipes/clock.ts'
import { Context } from '../pipes/context.ts'
import { HttpRequest, type HttpResponse } from '../pipes/http.ts'
import { ProxyRequest, ProxyResponse } from '../pipes/proxy.ts'
import { RunningCode } from '../shared/running-code.ts'
import { settleWithin } from '../shared/settle-within.ts'
import type { Call, CallTime } from './call.ts'
import { type FactoryRun, type FactoryWatch, watchFactories } from './left-running.ts'
import { PendingCall, toFailure } from './pending-call.ts'
import { type AroundHook, type AroundInstance, type Eventually, isThenable, type Next } from './runtime.ts'
import { TimeLimit } from './time-limit.ts'

export type RequestCall = Call<ProxyRequest, ProxyRequest | ProxyResponse>
export type ResponseCall = Call<ProxyResponse, ProxyResponse>
export type HttpCall = Call<HttpRequest, HttpResponse>
export type ProxyCall = Call<ProxyRequest, ProxyResponse>

/** Times in milliseconds. */
export interface DriverLimits {
  /** For a factory. */
  readonly createMs: number
  /** For a call where no deadline of the request holds, and for server plugins after it. */
  readonly callMs: number
  /** For middlewares and clients after the deadline of the request: long enough to answer by a fallback. */
  readonly graceMs: number
}

export const DEFAULT_LIMITS: DriverLimits = { createMs: 10_000, callMs: 60_000, graceMs: 1000 }

/** What sort of hook it is, as far as time is concerned. */
export type TimeClass = 'within' | 'outermost' | 'around'

/**
 * The only code that calls a plugin. It counts, holds every call to a time, and makes failures of whatever goes wrong, so
 * that a plugin can spoil no more than the request it was called for.
 */
export class Driver {
  readonly #limits: DriverLimits
  readonly #clock: Clock
  readonly #timeLimits = new Map<number, TimeLimit>()
  /** What the thread runs, for those who look when it stands still. */
  readonly running: RunningCode
  readonly factories: FactoryWatch
  readonly #slots: Int32Array

  constructor(limits: DriverLimits = DEFAULT_LIMITS, clock: Clock = SYSTEM_CLOCK, running = new RunningCode()) {
    this.#limits = limits
    this.#clock = clock
    this.running = running
    this.factories = watchFactories(running)
    this.#slots = running.slots
  }

  /**
   * The time of a hook: `within` ends with the request, `around` and `outermost` see the request's end.
   * @param ownMs the limit of the plugin's settings, milliseconds; 0: none
   */
  timeFor(sort: TimeClass, ownMs: number): CallTime {
    const { callMs, graceMs } = this.#limits
    const grace = sort === 'around' ? graceMs : callMs
    return {
      around: sort !== 'within',
      limit: this.#timeLimit(ownMs > 0 ? ownMs : grace),
      ownMs,
      withoutDeadlineMs: callMs,
      graceMs: grace,
    }
  }

  #timeLimit(ms: number): TimeLimit {
    const limit = this.#timeLimits.get(ms) ?? new TimeLimit(ms, this.#clock)
    this.#timeLimits.set(ms, limit)
    return limit
  }

  /** Calls a factory. Rejects with what it threw, or when it takes too long: nothing is served by then. */
  async create<T>(run: FactoryRun, make: () => Eventually<T>): Promise<T> {
    const { createMs } = this.#limits
    const late = () => new Error(`the factory did not settle within ${createMs} ms`)
    try {
      return await settleWithin(createMs, this.running.during(run, make), late)
    } finally {
      this.factories.end(run)
    }
  }

  /** Puts a hook around `next`. Throws what the plugin throws. */
  aroundHttp(
    instance: AroundInstance<HttpRequest, HttpResponse>,
    next: Next<HttpRequest, HttpResponse>,
  ): AroundHook<HttpRequest> {
    return instance((request, context) => {
      if (request instanceof HttpRequest && context instanceof Context) return next(request, context)
      throw new TypeError('next was called without the request and the context: next(request, context)')
    })
  }

  /**
   * Puts a hook around `next`. Throws what the plugin throws. Each call of `next` works on a copy of the request, so that
   * the steps behind it can be called again.
   */
  aroundProxy(
    instance: AroundInstance<ProxyRequest, ProxyResponse>,
    next: Next<ProxyRequest, ProxyResponse>,
  ): AroundHook<ProxyRequest> {
    return instance((request, context) => {
      if (request instanceof ProxyRequest && context instanceof Context)
        return next(request.fork(request.body), context)
      throw new TypeError('next was called without the request and the context: next(request, context)')
    })
  }

  /** Calls a hook that stands around the rest of the pipe. Never throws: rejects with a Failure. */
  run<Subject, Result>(call: Call<Subject, Result>, subject: Subject, context: Context): Promise<Result> {
    try {
      const outcome = this.#run(call, subject, context, null)
      return outcome instanceof Promise ? outcome : Promise.resolve(outcome)
    } catch (failure) {
      return Promise.reject(failure)
    }
  }

  /**
   * Calls request hooks one after the other, each with what the one before left. The first response ends it. Returns
   * without a promise when no hook needed one.
   * @throws Failure
   */
  runRequestHooks(
    calls: readonly RequestCall[],
    request: ProxyRequest,
    context: Context,
    from = 0,
  ): ProxyRequest | ProxyResponse | Promise<ProxyRequest | ProxyResponse> {
    let current = request
    for (let i = from; i < calls.length; i++) {
      const outcome = this.#run(calls[i] as RequestCall, current, context, null)
      if (outcome instanceof Promise) return this.#resumeRequestHooks(calls, outcome, context, i + 1)
      if (outcome instanceof ProxyResponse) return outcome
      current = outcome
    }
    return current
  }

  /**
   * Calls response hooks one after the other, each with what the one before left; a finished answer ends it. Returns
   * without a promise when no hook needed one.
   * @throws Failure
   */
  runResponseHooks(
    calls: readonly ResponseCall[],
    response: ProxyResponse,
    request: ProxyRequest,
    context: Context,
    from = 0,
  ): ProxyResponse | Promise<ProxyResponse> {
    let current = response
    for (let i = from; i < calls.length && current.answer === null; i++) {
      const outcome = this.#run(calls[i] as ResponseCall, current, context, request)
      if (outcome instanceof Promise) return this.#resumeResponseHooks(calls, outcome, request, context, i + 1)
      current = outcome
    }
    return current
  }

  async #resumeRequestHooks(
    calls: readonly RequestCall[],
    pending: Promise<ProxyRequest | ProxyResponse>,
    context: Context,
    from: number,
  ): Promise<ProxyRequest | ProxyResponse> {
    const outcome = await pending
    return outcome instanceof ProxyResponse ? outcome : this.runRequestHooks(calls, outcome, context, from)
  }

  async #resumeResponseHooks(
    calls: readonly ResponseCall[],
    pending: Promise<ProxyResponse>,
    request: ProxyRequest,
    context: Context,
    from: number,
  ): Promise<ProxyResponse> {
    return this.runResponseHooks(calls, await pending, request, context, from)
  }

  /** Every call of a hook goes through here. */
  #run<Subject, Result>(
    call: Call<Subject, Result>,
    subject: Subject,
    context: Context,
    request: ProxyRequest | null,
  ): Result | Promise<Result> {
    const startedAt = this.#clock.now()
    const outer = this.#slots[0] as number
    this.#slots[0] = call.site.mark
    let returned: unknown
    try {
      returned = call.invoke(subject, context, request)
      this.#slots[0] = outer
      if (!isThenable(returned)) {
        const result = call.accept(returned, subject)
        call.site.metrics.record(this.#clock.now() - startedAt)
        return result
      }
    } catch (thrown) {
      this.#slots[0] = outer
      call.site.metrics.record(this.#clock.now() - startedAt)
      const failure = toFailure(call.site, thrown)
      if (call.recover === null) throw failure
      return call.recover(failure, subject, context)
    }
    const promise = returned
    return new Promise((resolve, reject) => {
      new PendingCall(call, subject, context, startedAt, resolve, reject).waitFor(promise)
    })
  }
}
