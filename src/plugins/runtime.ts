import type { TSchema } from '../config/type.ts'
import type { Context } from '../pipes/context.ts'
import type { HttpRequest, HttpResponse } from '../pipes/http.ts'
import type { ProxyRequest, ProxyResponse } from '../pipes/proxy.ts'
import type { PluginTools } from '../sdk/tools.ts'

/**
 * What runs plugins of one sort of file. The kinds know this interface alone: a runtime whose code lives in another
 * language or on another thread implements it with functions that carry each call there and back.
 */
export interface Runtime {
  readonly name: string
  /** Endings of the names of files that it takes from the plugin folder, with the dot. */
  readonly extensions: readonly string[]
  /** Endings that it takes beside these when a package names such a file as its entry. */
  readonly packageExtensions: readonly string[]
  /**
   * Loads one unit.
   * @param code what the unit consists of now: a runtime must not go on with code that it loaded when this was another
   * @throws PluginLoadError when the unit cannot be used
   */
  load(unit: PluginUnit, code: UnitCode, limits: LoadLimits): Promise<LoadedCode>
}

/** What a unit holds. */
export interface LoadedCode {
  /** One entry for each plugin in it. */
  readonly plugins: readonly LoadedPlugin[]
  /** Kinds of which it has plugins that could not be registered, with the reasons. */
  readonly refused: Readonly<Partial<Record<PluginKind, string>>>
  /** Modifiers for `modifier/martian`. */
  readonly martian: readonly MartianPlugin[]
}

/** A modifier of Martian's that sources have registered (specification: plugins 8). */
export interface MartianPlugin {
  /** As the Martian configuration names it: `body.ESQuery`. */
  readonly name: string
  /** Where it may be used: `request`, `response`. */
  readonly scopes: readonly string[]
  readonly file: string
  /**
   * Makes one of its configuration, as JSON.
   * @param place names the place of the configuration: the same in all threads
   * @throws Error with what the factory returned or threw
   */
  make(config: string, place: string): Promise<MartianInstance>
}

/** Both change what they are given, and reject with the modifier's error. */
export interface MartianInstance {
  request(request: HttpRequest, context: Context): Promise<void>
  response(response: HttpResponse, request: HttpRequest, context: Context): Promise<void>
}

/** What is loaded at once and may hold several plugins: a file, a folder with a `package.json`, or an npm package. */
export interface PluginUnit {
  readonly kind: 'file' | 'folder' | 'package'
  /** Name of the file or folder, or of the package as it is configured. */
  readonly name: string
  /** The absolute path of the file or folder; empty for a package that was not found. */
  readonly path: string
  /** The absolute path of the file to load; empty when there is none. */
  readonly entry: string
  /** The folder whose code belongs to the unit; for a file the folder that it lies in. */
  readonly root: string
}

/** The code of a unit at one time. */
export interface UnitCode {
  /** The unit's entry without links. */
  readonly entry: string
  /** The first 12 hexadecimal digits of SHA-256 over all of it. */
  readonly hash: string
  readonly files: readonly CodeFile[]
}

/** A file of code without links, and the hash of it and of all that it leads to. */
export interface CodeFile {
  readonly file: string
  readonly hash: string
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
  /** The absolute path of the file that was loaded. */
  readonly file: string
  /** The name of the unit that it came with. */
  readonly unit: string
  /** The hash of that unit's code, as in `UnitCode`; empty for a plugin of the program around the gateway. */
  readonly hash: string
  /** The name of the runtime that runs it. */
  readonly runtime: string
  /** The schema that its own block must match; null: the block is handed over as it is. */
  readonly options: TSchema | null
  readonly kinds: PluginKinds
  /** Kinds in which it sees the numbers of data as the texts that they were written as. */
  readonly numberTexts?: readonly PluginKind[]
  /** Kinds in which it sees no data. */
  readonly withoutData?: readonly PluginKind[]
  /** Tells how the instance fares that it runs in; absent where it runs in the gateway's own threads. */
  readonly guest?: () => GuestUse
}

/**
 * The instance that the plugins of a WebAssembly file run in, all of them and for all threads.
 *
 * @example
 * const guests = gateway.plugins().flatMap(({ guest }) => guest ?? [])
 * assert.ok(guests.every(({ restarts }) => restarts === 0))
 */
export interface GuestUse {
  /**
   * `serves`; `restarting`: it ended, and calls wait for the next one; `paused`: it ended again and again, and calls fail
   * until the next one is started; `failing`: a factory of a plugin failed in it.
   */
  readonly state: 'serves' | 'restarting' | 'paused' | 'failing'
  /** How often an instance of this file was replaced, since the process began. */
  readonly restarts: number
  /** Why the last one ended, or what fails; empty when nothing has. */
  readonly reason: string
}

/**
 * The kinds of a plugin; each makes an instance for one place of the configuration. Nothing here is believed: what
 * instances return is checked by the driver. Null instead of an instance asks for nothing at that place.
 */
export interface PluginKinds {
  readonly server?: (setup: PluginSetup) => Eventually<AroundInstance<HttpRequest, HttpResponse> | null>
  readonly modifier?: (setup: PluginSetup) => Eventually<ModifierInstance | null>
  readonly middleware?: (setup: PluginSetup) => Eventually<AroundInstance<ProxyRequest, ProxyResponse> | null>
  readonly client?: (setup: PluginSetup) => Eventually<AroundInstance<HttpRequest, HttpResponse> | null>
}

export type PluginKind = keyof PluginKinds

/** What an instance is made of. `options` has been checked against the schema and holds its defaults. */
export interface PluginSetup {
  readonly options: unknown
  readonly tools: PluginTools
  /** Names the place among those of a configuration: the same in all threads. */
  readonly place: string
}

/** The step that a hook stands around. It may be called any number of times. */
export type Next<Request, Response> = (request: Request, context: Context) => Promise<Response>

/** Stands around `next`; called once for its place, when the gateway is built. */
export type AroundInstance<Request, Response> = (next: Next<Request, Response>) => AroundHook<Request>

/** Answers a request: at once or by a promise, with anything that `toHttpResponse` or `toAnswer` understands. */
export type AroundHook<Request> = (request: Request, context: Context) => unknown

/** The hooks of a modifier; null where it has none. Results as `toRequestOutcome` and `toResponseOutcome` understand them. */
export interface ModifierInstance {
  readonly request: ((request: ProxyRequest, context: Context) => unknown) | null
  readonly response: ((response: ProxyResponse, request: ProxyRequest, context: Context) => unknown) | null
  /** The response hook also runs on an answer of which parts are missing. */
  readonly partial: boolean
}

export type Eventually<T> = T | PromiseLike<T>

/** Whether a value must be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
