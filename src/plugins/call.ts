import type { Context } from '../pipes/context.ts'
import type { Failure } from '../pipes/failure.ts'
import type { ProxyRequest } from '../pipes/proxy.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { HookMetrics } from './plugin-metrics.ts'
import type { PluginKind } from './runtime.ts'
import type { TimeLimit } from './time-limit.ts'

/** The hooks of all kinds, as they are named in log lines. */
export type HookName = 'server' | 'modifier.request' | 'modifier.response' | 'middleware' | 'client'

/** The hooks that plugins of a kind may have. */
export function hooksOf(kind: PluginKind): readonly HookName[] {
  return kind === 'modifier' ? ['modifier.request', 'modifier.response'] : [kind]
}

/** One hook of one instance: what must be told about a call. */
export interface CallSite {
  readonly plugin: string
  /** Empty when the author gave none. */
  readonly version: string
  readonly hook: HookName
  /** Where the configuration names it, as log tags have it: `[ENDPOINT: /users/:id]`. */
  readonly place: string
  /** Tagged with the plugin's name. */
  readonly log: Logger
  readonly metrics: HookMetrics
  /** Stands for it in the memory that tells what a thread runs. */
  readonly mark: number
  /** What traces call it; null where requests are not traced. */
  readonly span: string | null
}

/** A hook made ready: everything about a call but the message. */
export interface Call<Subject, Result> {
  readonly site: CallSite
  /** @param request what a response belongs to; null for other hooks */
  readonly invoke: (subject: Subject, context: Context, request: ProxyRequest | null) => unknown
  /** Makes the result of what was returned, or throws a TypeError that says what is wrong with it. */
  readonly accept: (returned: unknown, subject: Subject) => Result
  /** Makes a result of a failure; null lets every failure go on. May throw a failure in turn. */
  readonly recover: ((failure: Failure, subject: Subject, context: Context) => Result | Promise<Result>) | null
  readonly time: CallTime
}

/** How long a call may take. */
export interface CallTime {
  /**
   * The call stands around the rest of the pipe. It is not cut off at the request's deadline: the pipe behind it fails
   * then, and the plugin shall see that and answer.
   */
  readonly around: boolean
  /** Where a call waits that the request's deadline alone does not end. */
  readonly limit: TimeLimit
  /** The limit of the plugin's settings, milliseconds; 0: none. */
  readonly ownMs: number
  /** How long a call may take where the request has no deadline and `ownMs` is 0, milliseconds. */
  readonly withoutDeadlineMs: number
  /** How long a call may go on after the request's deadline where `ownMs` is 0, milliseconds. */
  readonly graceMs: number
}
