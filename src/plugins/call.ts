import type { Context } from '../pipes/context.ts'
import type { Failure } from '../pipes/failure.ts'
import type { ProxyRequest } from '../pipes/proxy.ts'
import type { Logger } from '../telemetry/logger.ts'

/** The hooks of all kinds, as they are named in log lines. */
export type HookName = 'server' | 'modifier.request' | 'modifier.response'

/** What all calls of one plugin have come to, in all its places in this thread. */
export interface PluginCounters {
  calls: number
  /** Calls that threw, returned what they must not, or did not settle. An `HttpError` is a decision, not an error. */
  errors: number
  /** Milliseconds between calls and their results; for server plugins with all that lies behind `next`. */
  totalMs: number
}

/** One hook of one instance: what must be told about a call. */
export interface CallSite {
  readonly plugin: string
  readonly hook: HookName
  /** Where the configuration names it, as log tags have it: `[ENDPOINT: /users/:id]`. */
  readonly place: string
  /** Tagged with the plugin's name. */
  readonly log: Logger
  readonly counters: PluginCounters
}

/** A hook made ready: everything about a call but the message. */
export interface Call<Subject, Result> {
  readonly site: CallSite
  /** @param request what a response belongs to; null for other hooks */
  readonly invoke: (subject: Subject, context: Context, request: ProxyRequest | null) => unknown
  /** Makes the result of what was returned, or throws a TypeError that says what is wrong with it. */
  readonly accept: (returned: unknown, subject: Subject) => Result
  /**
   * Makes an answer of a failure, for hooks that stand around the rest of the pipe; null lets the failure go on. What
   * stands around is not cut off at the request's deadline: the pipe behind it answers then, and it shall see that answer.
   */
  readonly recover: ((failure: Failure) => Result) | null
}
