import type { Static, TSchema } from '../config/type.ts'
import type { Handler } from '../pipes/http.ts'
import type { Proxy } from '../pipes/proxy.ts'
import type {
  ClientRequest,
  ModifierAnswer,
  ModifierRequest,
  ModifierResponse,
  PluginContext,
  PluginRequest,
  ServerAnswer,
} from './messages.ts'
import type { Awaitable, PluginTools } from './tools.ts'

/** What a hook returns that changes its message in place, or does not change it. */
// biome-ignore lint/suspicious/noConfusingVoidType: functions declared elsewhere to return void are hooks too
export type Nothing = undefined | void

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
  /**
   * True: the response hook also runs on an answer of which parts are missing since a backend failed; its `complete` is
   * false then. Set it where the hook must never be passed over, as one that masks fields. By default the hook is passed
   * over, as in the reference (specification: plugins 4.4).
   */
  readonly partial?: boolean
}

/**
 * The request path of a middleware: made once for each place that names it, called for every request there. `next` may be
 * called not at all, once, or several times; each call works on a copy of the request, so the same one can be given again
 * (read its body with `await request.bytes()` before, if it has one). What is given to `next` is what is asked.
 *
 * @example
 * (next) => async (request, context) => {
 *   try {
 *     return await next(request, context.withTimeout(500))
 *   } catch {
 *     return await next(request, context) // once more
 *   }
 * }
 */
export type Middleware = (
  next: Proxy,
) => (request: ModifierRequest, context: PluginContext) => Awaitable<ModifierAnswer>

/**
 * The request path of a client plugin: made once for each backend that names it, called for every call of that backend.
 * `next` is the gateway's HTTP client, with its pools of connections; the request has an absolute `url`, and the answer's
 * body streams through as long as nobody reads it.
 *
 * @example
 * (next) => async (request, context) => {
 *   request.headers.set('Authorization', await token())
 *   return next(request, context)
 * }
 */
export type ClientPlugin = (
  next: Handler,
) => (request: ClientRequest, context: PluginContext) => Awaitable<ServerAnswer>

/**
 * What a plugin consists of; at least one of its kinds must be there.
 *
 * @example
 * definePlugin({
 *   name: 'stamp',
 *   version: '1.0.0',
 *   options: Type.Object({ header: Type.String({ default: 'X-Stamp' }) }),
 *   server: ({ header }, tools) => (next) => async (request, context) => next(request, context),
 * })
 */
export interface PluginDefinition<Options> {
  /** The name by which the configuration calls it; also the key of its options beside `name`. */
  readonly name: string
  /** For the log and for messages. */
  readonly version?: string
  /**
   * Named by `plugin/http-server`: at the service it stands before routing and sees every request and every answer, at an
   * endpoint it stands around that endpoint alone. A factory that returns null asks for nothing at this place.
   */
  server?(options: Options, tools: PluginTools): Awaitable<ServerPlugin | null>
  /**
   * Named by `plugin/req-resp-modifier` at an endpoint or a backend: works on what is asked and on the data that comes
   * back. A factory that returns null asks for nothing at this place.
   */
  modifier?(options: Options, tools: PluginTools): Awaitable<Modifier | null>
  /**
   * Named by `plugin/middleware` at an endpoint or a backend: stands around the calls, and decides whether and how often
   * they are made. A factory that returns null asks for nothing at this place.
   */
  middleware?(options: Options, tools: PluginTools): Awaitable<Middleware | null>
  /**
   * Named by `plugin/http-client` at a backend: stands around the HTTP client, or takes its place. A factory that returns
   * null asks for nothing at this place.
   */
  client?(options: Options, tools: PluginTools): Awaitable<ClientPlugin | null>
}

/**
 * A plugin as the gateway takes it: made by `definePlugin`.
 *
 * @example
 * const plugins: Plugin[] = [stamp, prices]
 * await createTestGateway({ plugins, config })
 */
export interface Plugin {
  /** @internal */
  readonly [PLUGIN]: true
  readonly name: string
  readonly version: string
  /** The schema of the options, null when the plugin takes them as they are. */
  readonly options: TSchema | null
  readonly server: ((options: unknown, tools: PluginTools) => unknown) | null
  readonly modifier: ((options: unknown, tools: PluginTools) => unknown) | null
  readonly middleware: ((options: unknown, tools: PluginTools) => unknown) | null
  readonly client: ((options: unknown, tools: PluginTools) => unknown) | null
}

/** Marks what `definePlugin` made. Registered by name, so that a second copy of this module makes plugins as well. */
export const PLUGIN: unique symbol = Symbol.for('loligo.plugin') as never

const KINDS = ['server', 'modifier', 'middleware', 'client'] as const
const KEYS = new Set<string>(['name', 'version', 'options', ...KINDS])

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
    middleware: definition.middleware ? (given, tools) => definition.middleware?.(given as never, tools) : null,
    client: definition.client ? (given, tools) => definition.client?.(given as never, tools) : null,
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
  const given = definition as Record<string, unknown>
  const { name, version, options } = given
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
  if (KINDS.every((kind) => given[kind] === undefined)) {
    throw new TypeError(`${label}: no kind; add one of ${KINDS.join(', ')}`)
  }
  for (const kind of KINDS) {
    if (given[kind] !== undefined && typeof given[kind] !== 'function') {
      throw new TypeError(`${label}: "${kind}" must be a function (options, tools) => …`)
    }
  }
}
