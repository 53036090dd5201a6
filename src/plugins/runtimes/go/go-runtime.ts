import { basename } from 'node:path'
import type { PluginSection, UpstreamOptions } from '../../../config/model.ts'
import type { Permissions } from '../../../config/permissions.ts'
import { permissionsOf } from '../../../config/permissions-options.ts'
import type { Context } from '../../../pipes/context.ts'
import type { HttpRequest, HttpResponse } from '../../../pipes/http.ts'
import type { ProxyRequest, ProxyResponse } from '../../../pipes/proxy.ts'
import type { Readiness } from '../../../shared/readiness.ts'
import type { Logger } from '../../../telemetry/logger.ts'
import { namesOf } from '../../loading/sources.ts'
import { heldTo } from '../../permission-problems.ts'
import { fileProblem, PluginLoadError } from '../../problem.ts'
import type {
  AroundInstance,
  LoadedCode,
  LoadedPlugin,
  MartianPlugin,
  ModifierInstance,
  PluginKind,
  PluginKinds,
  PluginSetup,
  PluginUnit,
  Runtime,
} from '../../runtime.ts'
import type { GuestReport, TypeReport } from './guest/messages.ts'
import { GuestClient, type GuestInstance, INSTANCE } from './guest-client.ts'
import { GuestFailed, type GuestSpec, type Guests } from './guests.ts'
import { HttpCall } from './http-call.ts'
import { MartianCall } from './martian-call.ts'
import { type PluginSection as BuiltSection, FORMAT, readPluginSectionOf } from './plugin-section.ts'
import { type Habits, MiddlewareCall, ModifyRequestCall, ModifyResponseCall } from './proxy-calls.ts'
import { transportSettings } from './transport-settings.ts'

export interface GoRuntimeOptions {
  readonly guests: Guests
  readonly generation: number
  /** The root's `plugin` object; null when there is none. */
  readonly section: PluginSection | null
  /** The settings of the gateway's own calls; null: plugins have Go's. */
  readonly upstream: UpstreamOptions | null
  /** Is told where to ask what keeps plugins from working. */
  readonly readiness: Readiness
  readonly log: Logger
  /** Runs when the gateway closes. */
  readonly onClose: (close: () => void) => void
}

const NAME = 'go'

/**
 * Plugins of Go sources that `loligo plugin build` has compiled to WebAssembly: one guest for the process and file, on a
 * thread of its own.
 */
export function createGoRuntime(options: GoRuntimeOptions): Runtime {
  const transport = options.upstream === null ? null : transportSettings(options.upstream)
  return {
    name: NAME,
    extensions: ['.wasm'],
    packageExtensions: [],
    load: async (unit, code) => {
      const section = await readPluginSectionOf(code.entry)
      if (section === null) throw new PluginLoadError([foreign(unit)])
      if (section.format > FORMAT) throw new PluginLoadError([tooNew(unit, section)])
      const configured = configuredPermissions(unit, options.section)
      if (configured === null) tellUnconfined(unit, section, options.log)
      const permissions = configured ?? permissionsOf(null)
      const client = await open(unit, { file: code.entry, hash: code.hash, permissions, transport }, options)
      options.onClose(() => client.close())
      options.readiness.add(() => client.troubles())
      const plugins = pluginsOf(client, unit, code.hash)
      const refused = refusedOf(client.report)
      const martian = martianOf(client, unit)
      if (plugins.length + martian.length + Object.keys(refused).length === 0) throw new PluginLoadError([empty(unit)])
      return { plugins, refused, martian }
    },
  }
}

/** What the configuration says of a file; null: nothing, then it may do what a native plugin could. */
function configuredPermissions(unit: PluginUnit, section: PluginSection | null): Permissions | null {
  if (section === null) return null
  return heldTo(namesOf(unit), section).permissions
}

/** Whoever runs the gateway shall know which files are not confined, and what they were seen to use. */
function tellUnconfined({ entry }: PluginUnit, { uses }: BuiltSection, log: Logger): void {
  const seen = Object.entries(uses).filter(([, list]) => list.length > 0)
  const told = seen.map(([what, list]) => `${what} (${list.join(', ')})`).join(', ')
  log.warning(
    `[SERVICE: Plugin Loader] ${entry} may do what a native plugin could, for plugin.settings grants it no permissions; ` +
      (told === '' ? 'its build saw it use no hosts, files or environment' : `its build saw it use ${told}`),
  )
}

async function open(
  unit: PluginUnit,
  spec: Omit<GuestSpec, 'generation'>,
  { guests, generation, log }: GoRuntimeOptions,
): Promise<GuestClient> {
  try {
    return await GuestClient.open(guests, { ...spec, generation }, log)
  } catch (error) {
    if (!(error instanceof GuestFailed)) throw error
    throw new PluginLoadError([
      fileProblem(
        'PLUGIN_FILE_BROKEN',
        unit.entry,
        `could not be started: ${error.message}`,
        'mend its init functions, or build it anew',
      ),
    ])
  }
}

/** The kinds of registerers. */
const TYPES = [
  ['client', 'client'],
  ['handler', 'server'],
  ['modifier', 'modifier'],
  ['middleware', 'middleware'],
] as const

/** In Go numbers are `json.Number`, which is a text. */
const SEE_TEXTS: readonly PluginKind[] = ['modifier', 'middleware']

function refusedOf(report: GuestReport): LoadedCode['refused'] {
  return Object.fromEntries(TYPES.flatMap(([type, kind]) => (report[type].error ? [[kind, report[type].error]] : [])))
}

function empty({ entry }: PluginUnit) {
  return fileProblem('PLUGIN_FILE_BROKEN', entry, 'registers no plugin', 'correct its registerers, and build it anew')
}

/** One plugin for each name; a name may be registered for several kinds. */
function pluginsOf(client: GuestClient, unit: PluginUnit, hash: string): LoadedPlugin[] {
  const { report } = client
  const has = (type: TypeReport, name: string): boolean => type.names?.includes(name) ?? false
  const names = new Set(TYPES.flatMap(([type]) => report[type].names ?? []))
  return [...names].map((name) => {
    const kinds: PluginKinds = {
      ...(has(report.handler, name) && {
        server: (setup: PluginSetup) => makeHttp(client, INSTANCE.handler, name, setup),
      }),
      ...(has(report.client, name) && {
        client: (setup: PluginSetup) => makeHttp(client, INSTANCE.client, name, setup),
      }),
      ...(has(report.modifier, name) && { modifier: (setup: PluginSetup) => makeModifier(client, name, setup) }),
      ...(has(report.middleware, name) && { middleware: (setup: PluginSetup) => makeMiddleware(client, name, setup) }),
    }
    const from = { file: unit.entry, unit: unit.name, hash, runtime: NAME }
    // A modifier that is used for requests sees no data.
    const withoutData: PluginKind[] = report.request?.includes(name) ? ['modifier'] : []
    const data = { numberTexts: SEE_TEXTS, withoutData }
    return { name, version: '', ...from, options: null, kinds, ...data, guest: () => client.use }
  })
}

async function instantiate(
  client: GuestClient,
  kind: number,
  name: string,
  { tools, place }: PluginSetup,
): Promise<GuestInstance | null> {
  const instance = await client.instantiate(kind, name, `${kind} ${place}`, JSON.stringify(tools.block))
  return instance.leftOut ? null : instance
}

async function makeHttp(
  client: GuestClient,
  kind: typeof INSTANCE.handler | typeof INSTANCE.client,
  name: string,
  setup: PluginSetup,
): Promise<AroundInstance<HttpRequest, HttpResponse> | null> {
  const instance = await instantiate(client, kind, name, setup)
  if (instance === null) return null
  const isClient = kind === INSTANCE.client
  return (next) => (request, context) =>
    client.call(
      instance,
      context,
      (link, id) =>
        new HttpCall(link, id, request, context, next, isClient, client, (inner) => client.behind(inner, id)),
    )
}

/**
 * A name that is registered for requests and for responses is used for requests alone, as in the reference
 * (specification: plugins 4.1).
 */
async function makeModifier(client: GuestClient, name: string, setup: PluginSetup): Promise<ModifierInstance | null> {
  const { report } = client
  const forRequest = report.request?.includes(name) ?? false
  const kind = forRequest ? INSTANCE.modifyRequest : INSTANCE.modifyResponse
  const instance = await instantiate(client, kind, name, setup)
  if (instance === null) return null
  const place = setup.tools.config.backend === null ? 'endpoint' : 'backend'
  const habits: Habits = { data: false }
  if (forRequest) {
    return {
      request: (request: ProxyRequest, context) =>
        client.call(instance, context, (link, id) => new ModifyRequestCall(link, id, request, context, place, client)),
      response: null,
      partial: false,
    }
  }
  return {
    request: null,
    response: (response: ProxyResponse, request: ProxyRequest, context) =>
      client.call(
        instance,
        context,
        (link, id) => new ModifyResponseCall(link, id, response, request, context, habits, client),
      ),
    partial: false,
  }
}

async function makeMiddleware(
  client: GuestClient,
  name: string,
  setup: PluginSetup,
): Promise<AroundInstance<ProxyRequest, ProxyResponse> | null> {
  const instance = await instantiate(client, INSTANCE.middleware, name, setup)
  if (instance === null) return null
  const { endpoint, backend } = setup.tools.config
  const place = backend === null ? 'endpoint' : 'backend'
  const isNoOp = (backend === null ? endpoint?.outputEncoding : backend.encoding) === 'no-op'
  const habits: Habits = { data: false }
  return (next) => (request, context) =>
    client.call(
      instance,
      context,
      (link, id) =>
        new MiddlewareCall(link, id, request, context, next, place, isNoOp, habits, client, (inner) =>
          client.behind(inner, id),
        ),
    )
}

function martianOf(client: GuestClient, { entry }: PluginUnit): MartianPlugin[] {
  return (client.report.martian ?? []).map(({ name, scopes }) => ({
    name,
    scopes,
    file: entry,
    async make(config, place) {
      const instance = await client.instantiate(INSTANCE.martian, name, `${INSTANCE.martian} ${place}`, config)
      const modify = (request: HttpRequest, response: HttpResponse | null, context: Context): Promise<void> =>
        client.call(instance, context, (link, id) => new MartianCall(link, id, request, response, context, client))
      return {
        request: (request, context) => modify(request, null, context),
        response: (response, request, context) => modify(request, response, context),
      }
    },
  }))
}

function tooNew({ entry }: PluginUnit, { format, builtWith }: BuiltSection) {
  return fileProblem(
    'PLUGIN_RUNTIME_MISSING',
    entry,
    `was built by version ${builtWith} for a newer gateway (format ${format}; this one knows ${FORMAT})`,
    'update the gateway, or build the plugin with this one',
  )
}

/** A WebAssembly file of another kind. */
function foreign({ entry }: PluginUnit) {
  return fileProblem(
    'PLUGIN_RUNTIME_MISSING',
    entry,
    `${basename(entry)} is no plugin that "loligo plugin build" has made; other kinds of WebAssembly are not supported`,
    'build it from its Go sources, or take it out',
  )
}
