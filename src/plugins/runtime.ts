import type { TSchema } from '../config/type.ts'
import type { Context } from '../pipes/context.ts'
import type { Handler, HttpRequest } from '../pipes/http.ts'
import type { ProxyRequest, ProxyResponse } from '../pipes/proxy.ts'
import type { PluginTools } from '../sdk/define-plugin.ts'

/**
 * What runs plugins of one sort of file. The kinds know this interface alone: a runtime whose code lives in another
 * language or on another thread implements it with functions that carry each call there and back.
 */
export interface Runtime {
  readonly name: string
  /** Endings of file names that it takes, with the dot. */
  readonly extensions: readonly string[]
  /**
   * Loads one file.
   * @returns one entry for each plugin in it, at least one
   * @throws PluginLoadError when the file cannot be used
   */
  load(file: string, limits: LoadLimits): Promise<LoadedPlugin[]>
}

export interface LoadLimits {
  /** How long the code that runs while a file is loaded may take, in milliseconds. */
  readonly loadMs: number
}

/** A plugin that is ready to make instances. */
export interface LoadedPlugin {
  readonly name: string
  /** Empty when the author gave none. */
  readonly version: string
  /** The absolute path. */
  readonly file: string
  /** The schema that its own block must match; null: the block is handed over as it is. */
  readonly options: TSchema | null
  readonly kinds: PluginKinds
}

/**
 * The kinds of a plugin; each makes an instance for one place of the configuration. Nothing here is believed: what
 * instances return is checked by the driver. Null instead of an instance asks for nothing at that place.
 */
export interface PluginKinds {
  readonly server?: (setup: PluginSetup) => Eventually<ServerInstance | null>
  readonly modifier?: (setup: PluginSetup) => Eventually<ModifierInstance | null>
}

export type PluginKind = keyof PluginKinds

/** What an instance is made of. `options` has been checked against the schema and holds its defaults. */
export interface PluginSetup {
  readonly options: unknown
  readonly tools: PluginTools
}

/** Stands around `next`; called once when the gateway is built. */
export type ServerInstance = (next: Handler) => ServerHook

/** Answers a request: at once or by a promise, with anything that `toHttpResponse` understands. */
export type ServerHook = (request: HttpRequest, context: Context) => unknown

/** The hooks of a modifier; null where it has none. Results as `toModifierOutcome` understands them. */
export interface ModifierInstance {
  readonly request: ((request: ProxyRequest, context: Context) => unknown) | null
  readonly response: ((response: ProxyResponse, request: ProxyRequest, context: Context) => unknown) | null
}

export type Eventually<T> = T | PromiseLike<T>

/** Whether a value must be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
