import { Context } from '../pipes/context.ts'
import { type Handler, HttpRequest, type HttpResponse } from '../pipes/http.ts'
import { type ProxyRequest, ProxyResponse } from '../pipes/proxy.ts'
import type { Call } from './call.ts'
import { countCall, PendingCall, toFailure } from './pending-call.ts'
import { type Eventually, isThenable, type ServerInstance } from './runtime.ts'
import { TimeLimit } from './time-limit.ts'

export type RequestCall = Call<ProxyRequest, ProxyRequest | ProxyResponse>
export type ResponseCall = Call<ProxyResponse, ProxyResponse>
export type ServerCall = Call<HttpRequest, HttpResponse>

/** Times in milliseconds. */
export interface DriverLimits {
  /** For a factory. */
  readonly createMs: number
  /** For a call where no deadline of the request holds. */
  readonly callMs: number
}

export const DEFAULT_LIMITS: DriverLimits = { createMs: 10_000, callMs: 60_000 }

/**
 * The only code that calls a plugin. It counts, holds every call to a time, and makes failures of whatever goes wrong, so
 * that a plugin can spoil no more than the request it was called for.
 */
export class Driver {
  readonly #createMs: number
  readonly #limit: TimeLimit

  constructor({ createMs, callMs }: DriverLimits = DEFAULT_LIMITS) {
    this.#createMs = createMs
    this.#limit = new TimeLimit(callMs)
  }

  /** Calls a factory. Rejects with what it threw, or when it takes too long: nothing is served by then. */
  async create<T>(make: () => Eventually<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const text = `the factory did not settle within ${this.#createMs} ms`
      timer = setTimeout(() => reject(new Error(text)), this.#createMs)
    })
    try {
      return await Promise.race([make(), late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Puts a server plugin around `next`. Throws what the plugin throws. */
  around(instance: ServerInstance, next: Handler): (request: HttpRequest, context: Context) => unknown {
    return instance((request, context) => {
      if (request instanceof HttpRequest && context instanceof Context) return next(request, context)
      throw new TypeError('next was called without the request and the context: next(request, context)')
    })
  }

  /** A handler that calls a server plugin. It never rejects: failures are answers. */
  serve(call: ServerCall): Handler {
    return (request, context) => {
      const outcome = this.#run(call, request, context, null)
      return outcome instanceof Promise ? outcome : Promise.resolve(outcome)
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
    const startedAt = performance.now()
    let returned: unknown
    try {
      returned = call.invoke(subject, context, request)
      if (!isThenable(returned)) {
        const result = call.accept(returned, subject)
        countCall(call.site, startedAt)
        return result
      }
    } catch (thrown) {
      return failNow(call, startedAt, thrown)
    }
    const promise = returned
    return new Promise((resolve, reject) => {
      new PendingCall(call, subject, context, startedAt, resolve, reject).waitFor(promise, this.#limit)
    })
  }
}

function failNow<Subject, Result>(call: Call<Subject, Result>, startedAt: number, thrown: unknown): Result {
  countCall(call.site, startedAt)
  const failure = toFailure(call.site, thrown)
  if (call.recover === null) throw failure
  return call.recover(failure)
}
