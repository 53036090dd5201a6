import type { Static, TSchema } from '../config/type.ts'
import type { Handler } from '../pipes/http.ts'
import type { Logger } from '../telemetry/logger.ts'
import type {
  ModifierAnswer,
  ModifierRequest,
  ModifierResponse,
  PluginContext,
  PluginRequest,
  ServerAnswer,
} from './messages.ts'

/** A value, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>

/** What a hook returns that changes its message in place, or does not change it. */
// biome-ignore lint/suspicious/noConfusingVoidType: functions declared elsewhere to return void are hooks too
export type Nothing = undefined | void

/** Where in the configuration a plugin is named. */
export interface PluginPlace {
  /** The service's `name`. */
  readonly service: string
  /** The endpoint that names the plugin, or that the naming backend belongs to; null for a server plugin. */
  readonly endpoint: { readonly method: string; readonly path: string; readonly timeoutMs: number } | null
  /** The backend that names the plugin; null for a server plugin and at an endpoint. */
  readonly backend: { readonly method: string; readonly urlPattern: string; readonly hosts: readonly string[] } | null
}

/**
 * What a plugin is given to work with, once for each place that names it.
 *
 * @example
 * server: (options, { log, onClose }) => {
 *   const refresh = setInterval(() => log.debug('refreshing'), 60_000)
 *   onClose(() => clearInterval(refresh))
 *   return (next) => next
 * }
 */
export interface PluginTools {
  /** Writes to the gateway's log; every line begins with `[PLUGIN: name]`. */
  readonly log: Logger
  /** Where the plugin stands. */
  readonly config: PluginPlace
  /** The namespace's whole object: `name`, and the blocks of all plugins that are named there. */
  readonly block: Readonly<Record<string, unknown>>
  /** Calls `close` when the gateway closes, or at once after a factory that failed. The last one added runs first. */
  readonly onClose: (close: () => Awaitable<void>) => void
}

/**
 * The request path of a server plugin: made once when the gateway is built, called for every request.
 *
 * @example
 * (next) => async (request, context) => {
 *   if (request.method === 'TRACE') return { status: 405 }
 *   return next(request, context)
 * }
 */
export type ServerPlugin = (
  next: Handler,
) => (request: PluginRequest, context: PluginContext) => Awaitable<ServerAnswer>

/**
 * The hooks of a modifier. Both may be left out, and both may be plain or async functions.
 *
 * @example
 * {
 *   request: (request) => { request.headers.set('X-From', 'gateway') },
 *   response: (response) => { if (response.data) response.data['seen'] = true },
 * }
 */
export interface Modifier {
  /**
   * Runs before the call. Change the request in place and return nothing, or return another request to go on with, or an
   * answer: then nothing is called and the response hooks of this place are passed over.
   */
  request?(request: ModifierRequest, context: PluginContext): Awaitable<ModifierRequest | ModifierAnswer | Nothing>
  /**
   * Runs after a call that did not fail. Change the response in place and return nothing, or return another one.
   * `request` is the one that the request hooks left.
   */
  response?(
    response: ModifierResponse,
    request: ModifierRequest,
    context: PluginContext,
  ): Awaitable<ModifierAnswer | Nothing>
}

/** What a plugin consists of; at least one of its kinds must be there. */
export interface PluginDefinition<Options> {
  /** The name by which the configuration calls it; also the key of its options beside `name`. */
  readonly name: string
  /** For the log and for messages. */
  readonly version?: string
  /**
   * Named by `plugin/http-server`: stands before routing and sees every request and every answer. A factory that returns
   * null asks for nothing at this place.
   */
  server?(options: Options, tools: PluginTools): Awaitable<ServerPlugin | null>
  /**
   * Named by `plugin/req-resp-modifier` at an endpoint or a backend: works on what is asked and on the data that comes
   * back. A factory that returns null asks for nothing at this place.
   */
  modifier?(options: Options, tools: PluginTools): Awaitable<Modifier | null>
}

/** A plugin as the gateway takes it: made by `definePlugin`. */
export interface Plugin {
  readonly [PLUGIN]: true
  readonly name: string
  readonly version: string
  /** The schema of the options, null when the plugin takes them as they are. */
  readonly options: TSchema | null
  readonly server: ((options: unknown, tools: PluginTools) => unknown) | null
  readonly modifier: ((options: unknown, tools: PluginTools) => unknown) | null
}

/** Marks what `definePlugin` made. Registered by name, so that a second copy of this module makes plugins as well. */
export const PLUGIN: unique symbol = Symbol.for('loligo.plugin') as never

const KEYS = new Set(['name', 'version', 'options', 'server', 'modifier'])

/**
 * Declares a plugin. Export the result from a file in the plugin folder: by any name, as default, or several in a list.
 *
 * With `options`, a schema made with `Type`, the plugin's block in the configuration is checked before the gateway
 * starts, its defaults are filled in, and the factories get it typed. Without a schema the block is handed over as it is.
 *
 * @throws TypeError when the definition is none: no name, no kind, a kind that is no function, a misspelt key
 * @example
 * import { definePlugin, Type } from 'loligo/plugin'
 *
 * export const stamp = definePlugin({
 *   name: 'stamp',
 *   options: Type.Object({ header: Type.String({ default: 'X-Stamp' }) }),
 *   server: (options) => (next) => async (request, context) => {
 *     const response = await next(request, context)
 *     response.headers.set(options.header, 'seen')
 *     return response
 *   },
 * })
 */
export function definePlugin<const S extends TSchema>(
  definition: PluginDefinition<Static<S>> & { readonly options: S },
): Plugin
export function definePlugin(
  definition: PluginDefinition<Readonly<Record<string, unknown>>> & { readonly options?: undefined },
): Plugin
export function definePlugin(definition: PluginDefinition<never> & { readonly options?: TSchema | undefined }): Plugin {
  checkDefinition(definition)
  const { name, version = '', options } = definition
  return Object.freeze<Plugin>({
    [PLUGIN]: true,
    name,
    version,
    options: options ?? null,
    server: definition.server ? (given, tools) => definition.server?.(given as never, tools) : null,
    modifier: definition.modifier ? (given, tools) => definition.modifier?.(given as never, tools) : null,
  })
}

/** Whether a value was made by `definePlugin`. */
export function isPlugin(value: unknown): value is Plugin {
  return typeof value === 'object' && value !== null && PLUGIN in value
}

/** Authors in JavaScript have no compiler to tell them; what is wrong must not surface at the first request. */
function checkDefinition(definition: unknown): void {
  if (typeof definition !== 'object' || definition === null) {
    throw new TypeError('definePlugin takes an object: definePlugin({ name: "…", server: … })')
  }
  const { name, version, options, server, modifier } = definition as Record<string, unknown>
  if (typeof name !== 'string' || name === '')
    throw new TypeError('definePlugin: "name" must be a text that is not empty')
  const label = `definePlugin "${name}"`
  if (version !== undefined && typeof version !== 'string') throw new TypeError(`${label}: "version" must be a text`)
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw new TypeError(`${label}: "options" must be a schema, such as Type.Object({ … })`)
  }
  for (const key of Object.keys(definition)) {
    if (!KEYS.has(key)) throw new TypeError(`${label}: unknown key "${key}"; known are ${[...KEYS].join(', ')}`)
  }
  if (server === undefined && modifier === undefined) {
    throw new TypeError(`${label}: no kind; add "server" or "modifier"`)
  }
  for (const [kind, factory] of Object.entries({ server, modifier })) {
    if (factory !== undefined && typeof factory !== 'function') {
      throw new TypeError(`${label}: "${kind}" must be a function (options, tools) => …`)
    }
  }
}
