import type { FixedAnswer, PluginSettings } from '../config/model.ts'
import type { Context } from '../pipes/context.ts'
import type { Failure } from '../pipes/failure.ts'
import { HeaderList } from '../pipes/headers.ts'
import { HttpResponse } from '../pipes/http.ts'
import type { CallSite } from './call.ts'
import { PluginFailure, PluginTimeout } from './failure.ts'
import type { AroundInstance, Next } from './runtime.ts'

/** What a kind does with failures; each way gives the result of the call. */
export interface Recovery<Subject, Result> {
  /** A failure that goes on: `on_error: "fail"`, a decision of the plugin, or what failed behind it. Null: it is thrown. */
  readonly fail: ((failure: Failure) => Result) | null
  /** The way without the plugin. */
  readonly skip: (subject: Subject, context: Context) => Result | Promise<Result>
  /** An answer of the configuration. */
  readonly answer: (answer: HttpResponse) => Result
}

/**
 * What becomes of a failed call, as the plugin's `on_error` says. It decides on faults of this plugin alone: an
 * `HttpError` is what the plugin wants, and other failures came through `next`.
 */
export function recoverBy<Subject, Result>(
  { onError }: PluginSettings,
  site: CallSite,
  { fail, skip, answer }: Recovery<Subject, Result>,
): ((failure: Failure, subject: Subject, context: Context) => Result | Promise<Result>) | null {
  if (onError === 'fail') return fail
  const pass = (failure: Failure): Result => {
    if (fail === null) throw failure
    return fail(failure)
  }
  if (onError === 'skip') {
    return (failure, subject, context) => (isFaultOf(site, failure) ? skip(subject, context) : pass(failure))
  }
  return (failure) => (isFaultOf(site, failure) ? answer(fixedAnswer(onError)) : pass(failure))
}

function isFaultOf(site: CallSite, failure: Failure): boolean {
  return (failure instanceof PluginFailure || failure instanceof PluginTimeout) && failure.site === site
}

function fixedAnswer({ status, headers, body }: FixedAnswer): HttpResponse {
  const list = HeaderList.from(headers)
  if (body !== '' && !list.has('content-type')) list.append('Content-Type', 'text/plain; charset=utf-8')
  return new HttpResponse(status, list, body === '' ? null : body)
}

/** A hook that remembers what `next` gave for each request, so that the request can go on without it. */
export interface Skippable<Request, Response> {
  readonly instance: AroundInstance<Request, Response>
  /** What `next` gave the last time the hook called it for this request; when it did not, it is called now. */
  readonly skip: (request: Request, context: Context) => Promise<Response>
}

/** Makes a hook that stands around the pipe skippable. Only for `on_error: "skip"`: it costs a look-up per call. */
export function skippable<Request extends object, Response>(
  instance: AroundInstance<Request, Response>,
  next: Next<Request, Response>,
): Skippable<Request, Response> {
  /** By the context of each call of the hook; null as long as it has not called `next`. */
  const given = new WeakMap<Context, Promise<Response> | null>()
  return {
    instance: (inner) => {
      const hook = instance((request, context) => {
        const response = inner(request, context)
        const call = callOf(context, given)
        if (call !== null) given.set(call, response)
        return response
      })
      return (request, context) => {
        given.set(context, null) // of this call, where a step around it calls more than once
        return hook(request, context)
      }
    },
    skip: (request, context) => given.get(context) ?? next(request, context),
  }
}

/** The context that the hook was called with: that of its call of `next`, or the one it made that of. */
function callOf(context: Context, calls: WeakMap<Context, unknown>): Context | null {
  for (let from: Context | null = context; from !== null; from = from.parent) if (calls.has(from)) return from
  return null
}
