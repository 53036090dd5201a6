import { withLeadingSlash } from '../config/endpoint-path.ts'
import type { Feature } from '../config/feature.ts'
import type { GatewayConfig } from '../config/model.ts'
import type { Static } from '../config/type.ts'
import { type PluginReport, pluginEndpoint, pluginTelemetry } from '../features/telemetry/plugins.ts'
import type { Clock } from '../pipes/clock.ts'
import type { DeadlineQueue } from '../pipes/context.ts'
import type { Handler, HttpRequest } from '../pipes/http.ts'
import { hostOf, type PluginUse } from '../plugins/host.ts'
import { loadPlugins } from '../plugins/loader.ts'
import { createPluginMetrics } from '../plugins/plugin-metrics.ts'
import { PluginLoadError } from '../plugins/problem.ts'
import { openStores } from '../plugins/tools/open-stores.ts'
import { PRODUCT, VERSION } from '../product.ts'
import { accessLog } from '../router/access-log.ts'
import { allowedMethods, debugEndpoint, echoEndpoint, health } from '../router/built-in.ts'
import { compileClientAddress } from '../router/client-address.ts'
import type { RouterOptions } from '../router/options.ts'
import { RouteTable } from '../router/route-table.ts'
import { createRouter } from '../router/router.ts'
import type { Plugin } from '../sdk/define-plugin.ts'
import type { SharedStore } from '../shared/shared-store.ts'
import { createStoreOwner } from '../shared/store-owner.ts'
import { alone, type Surroundings } from '../shared/surroundings.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { HttpClient } from '../transport/client.ts'
import { createUndiciClient } from '../transport/undici.ts'
import { buildEndpoint, type Common } from './endpoint.ts'
import * as pipeline from './pipeline.ts'
import { recover, recoverThrown } from './recover.ts'
import { makeStages, wrap } from './step.ts'
import { Workshop } from './tools.ts'
import { isTraced, tracedStep } from './traced.ts'

/** A configuration turned into functions. Nothing of it is global: several can live side by side. */
export interface Gateway {
  readonly config: GatewayConfig
  /** Answers a request. Never rejects: what fails is answered and logged. */
  readonly handle: Handler
  /** The plugins that are loaded, and how their calls have gone in all threads. */
  plugins(): readonly PluginUse[]
  /** Changes with the code of the plugins that it loaded; absent when that is not known. */
  readonly codeFingerprint?: string
  /** It serves from now on: starts what works beside the requests. Called by whoever listens; again: nothing. */
  begin(): void
  /** Releases connections, plugins and timers. Requests under way should be answered before. */
  close(): Promise<void>
}

/** What a gateway needs from the program around it. */
export interface BuildOptions extends Partial<Surroundings> {
  readonly log: Logger
  /** Takes the lines of the access log, without the line feed; null writes none. */
  readonly accessLog: ((line: string) => void) | null
  /** Calls upstreams in place of the built-in client. */
  readonly client?: HttpClient
  /** Plugins of the program itself, beside those of the configuration's folder: made by `definePlugin`. */
  readonly plugins?: readonly Plugin[]
  /** Where deadlines and timers take their time from; the machine's clock by default. */
  readonly clock?: Clock
  /** The values that the plugins of all threads share; by default those of this gateway share them. */
  readonly store?: SharedStore
}

/**
 * Builds the pipes of a configuration: loads the plugins, makes every stage, opens no port.
 * @throws when a plugin or a component cannot be made; what was made before is released
 */
export async function buildGateway(config: GatewayConfig, options: BuildOptions): Promise<Gateway> {
  const workshop = new Workshop(config, options.log, options.clock, surroundingsOf(options))
  try {
    const handle = await buildHandler(config, options, workshop)
    const host = hostOf(workshop.forService())
    const { codeFingerprint } = host
    return {
      config,
      handle,
      codeFingerprint,
      plugins: () => host.counters(),
      begin: () => workshop.begin(),
      close: () => workshop.close(),
    }
  } catch (error) {
    await workshop.close()
    throw error
  }
}

function surroundingsOf({ cells, generation, thread, running }: BuildOptions): Surroundings {
  const own = alone()
  return {
    cells: cells ?? own.cells,
    generation: generation ?? own.generation,
    thread: thread ?? own.thread,
    running: running ?? own.running,
  }
}

/** The store that is given, or one that ends with this gateway. */
function storeOf({ store }: BuildOptions, workshop: Workshop): SharedStore {
  if (store !== undefined) return store
  const owner = createStoreOwner({ now: () => workshop.clock.now() })
  workshop.onClose(() => owner.clear())
  return owner.store
}

async function buildHandler(config: GatewayConfig, options: BuildOptions, workshop: Workshop): Promise<Handler> {
  const { log } = options
  const tools = workshop.forService()
  const metrics = createPluginMetrics(tools)
  const client = options.client ?? createUndiciClient(config.upstream)
  workshop.onClose(() => client.close())
  const plugins = await loadPlugins({
    section: config.plugin,
    configFile: config.file,
    log,
    lenient: config.lenient,
    inline: options.plugins ?? [],
    clock: workshop.clock,
    client: isTraced(config) ? tracedStep('fetch', client.handle) : client.handle,
    stores: openStores({ cells: tools.cells, values: storeOf(options, workshop), clock: workshop.clock }),
    metrics,
    traced: isTraced(config),
    running: tools.running,
  })
  workshop.onClose(() => plugins.close())
  workshop.provide('plugin', plugins)
  await startServices(pipeline.features, workshop)

  const routerOptions = (config.extra.router as RouterOptions | undefined) ?? {}
  const version = `Version ${routerOptions.hide_version_header ? 'undefined' : VERSION}`
  const common: Common = {
    workshop,
    client: isTraced(config) ? tracedStep('upstream', client.handle) : client.handle,
    product: `${PRODUCT} Version ${VERSION}`,
    version,
    returnErrorMessage: routerOptions.return_error_msg === true,
  }
  const { pluginProblems } = workshop
  const serverStages = await makeStages('server', pipeline.server, tools, pluginProblems)
  const routerStages = await makeStages('router', pipeline.router, tools, pluginProblems)
  const routes = await buildRoutes(config, routerOptions, common, () => ({
    generation: tools.generation,
    plugins: plugins.counters(),
    metrics: metrics.read(),
  }))
  if (pluginProblems.length > 0) throw new PluginLoadError(pluginProblems)
  const clientAddress = compileClientAddress(routerOptions)
  const routed = createRouter({
    options: routerOptions,
    routes,
    below: builtInBelow(config, log, workshop.deadlines(BUILT_IN_MS)),
    clientAddress,
    version,
  })
  if (routerOptions.trusted_proxies === undefined && routerOptions.forwarded_by_client_ip !== false) {
    log.info('[SERVICE: Gin] Any client may set its address with X-Forwarded-For: router.trusted_proxies is not set')
  }
  const logged =
    options.accessLog === null || routerOptions.disable_access_log
      ? []
      : [accessLog(options.accessLog, routerOptions.logger_skip_paths ?? [])]
  const inner = wrap([...logged, ...routerStages], routed)
  const served = wrap(serverStages, isTraced(config) ? tracedStep('router', inner) : inner)
  const handle = serverStages.length === 0 ? served : withClientAddress(clientAddress, served)
  return serverStages.length + routerStages.length > 0 ? recover(handle, log) : recoverThrown(handle, log)
}

/** Server plugins decide by the client's address too; the router looks again, for they may change the fields it is in. */
function withClientAddress(clientAddress: (request: HttpRequest) => string, next: Handler): Handler {
  return (request, context) => {
    context.clientAddress = clientAddress(request)
    return next(request, context)
  }
}

async function startServices(features: readonly Feature[], workshop: Workshop): Promise<void> {
  for (const { namespace, service } of features) {
    const options = workshop.config.extra[namespace]
    if (service === undefined || options === undefined) continue
    const { provide, close } = await service(options, workshop.forService())
    if (close !== undefined) workshop.onClose(close)
    workshop.provide(namespace, provide)
  }
}

async function buildRoutes(
  config: GatewayConfig,
  options: RouterOptions,
  common: Common,
  report: () => PluginReport,
): Promise<RouteTable<Handler>> {
  const routes = new RouteTable<Handler>()
  if (!options.disable_health) {
    routes.add('GET', withLeadingSlash(options.health_path ?? '/__health'), health)
  }
  const pluginOptions = config.extra[pluginTelemetry.namespace] as Static<typeof pluginTelemetry.options> | undefined
  if (pluginOptions !== undefined) routes.add('GET', pluginOptions.path, pluginEndpoint(report))
  for (const endpoint of config.endpoints) {
    const handle = await buildEndpoint(endpoint, common)
    routes.add(endpoint.method, endpoint.path, handle)
  }
  if (options.auto_options) {
    for (const [pattern, methods] of routes.methodsByPattern()) {
      routes.add('OPTIONS', pattern, allowedMethods(methods, common.version))
    }
  }
  return routes
}

/** How long the debug and echo endpoints wait for a body, in milliseconds: they belong to no endpoint with a timeout. */
const BUILT_IN_MS = 10_000

function builtInBelow(config: GatewayConfig, log: Logger, deadlines: DeadlineQueue): Map<string, Handler> {
  const below = new Map<string, Handler>()
  const add = (path: string, handle: Handler) => {
    const limited: Handler = (request, context) => {
      deadlines.add(context)
      return handle(request, context)
    }
    below.set(path, recover(limited, log))
  }
  if (config.debugEndpoint) add('/__debug/', debugEndpoint(log.tagged('[ENDPOINT: /__debug/*]')))
  if (config.echoEndpoint) add('/__echo/', echoEndpoint)
  return below
}
