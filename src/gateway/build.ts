import { withLeadingSlash } from '../config/endpoint-path.ts'
import type { Feature } from '../config/feature.ts'
import type { GatewayConfig } from '../config/model.ts'
import type { DeadlineQueue } from '../pipes/context.ts'
import type { Handler } from '../pipes/http.ts'
import { loadPlugins } from '../plugins/loader.ts'
import { PluginLoadError } from '../plugins/problem.ts'
import { PRODUCT, VERSION } from '../product.ts'
import { accessLog } from '../router/access-log.ts'
import { allowedMethods, debugEndpoint, echoEndpoint, health } from '../router/built-in.ts'
import { compileClientAddress } from '../router/client-address.ts'
import type { RouterOptions } from '../router/options.ts'
import { RouteTable } from '../router/route-table.ts'
import { createRouter } from '../router/router.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { HttpClient } from '../transport/client.ts'
import { createUndiciClient } from '../transport/undici.ts'
import { buildEndpoint, type Common } from './endpoint.ts'
import * as pipeline from './pipeline.ts'
import { recover, recoverThrown } from './recover.ts'
import { makeStages, wrap } from './step.ts'
import { Workshop } from './tools.ts'

/** A configuration turned into functions. Nothing of it is global: several can live side by side. */
export interface Gateway {
  readonly config: GatewayConfig
  /** Answers a request. Never rejects: what fails is answered and logged. */
  readonly handle: Handler
  /** Releases connections, plugins and timers. Requests under way should be answered before. */
  close(): Promise<void>
}

/** What a gateway needs from the program around it. */
export interface BuildOptions {
  readonly log: Logger
  /** Takes the lines of the access log, without the line feed; null writes none. */
  readonly accessLog: ((line: string) => void) | null
  /** Calls upstreams in place of the built-in client. */
  readonly client?: HttpClient
}

/**
 * Builds the pipes of a configuration: loads the plugins, makes every stage, opens no port.
 * @throws when a plugin or a component cannot be made; what was made before is released
 */
export async function buildGateway(config: GatewayConfig, options: BuildOptions): Promise<Gateway> {
  const workshop = new Workshop(config, options.log)
  try {
    return { config, handle: await buildHandler(config, options, workshop), close: () => workshop.close() }
  } catch (error) {
    await workshop.close()
    throw error
  }
}

async function buildHandler(config: GatewayConfig, options: BuildOptions, workshop: Workshop): Promise<Handler> {
  const { log } = options
  const client = options.client ?? createUndiciClient(config.upstream)
  workshop.onClose(() => client.close())
  const plugins = await loadPlugins({ section: config.plugin, log, lenient: config.lenient })
  workshop.onClose(() => plugins.close())
  workshop.provide('plugin', plugins)
  await startServices(pipeline.features, workshop)

  const routerOptions = (config.extra.router as RouterOptions | undefined) ?? {}
  const version = `Version ${routerOptions.hide_version_header ? 'undefined' : VERSION}`
  const common: Common = {
    workshop,
    client: client.handle,
    product: `${PRODUCT} Version ${VERSION}`,
    version,
    returnErrorMessage: routerOptions.return_error_msg === true,
  }
  const { pluginProblems } = workshop
  const tools = workshop.forService()
  const serverStages = await makeStages(pipeline.server, tools, pluginProblems)
  const routerStages = await makeStages(pipeline.router, tools, pluginProblems)
  const routes = await buildRoutes(config, routerOptions, common)
  if (pluginProblems.length > 0) throw new PluginLoadError(pluginProblems)
  const routed = createRouter({
    options: routerOptions,
    routes,
    below: builtInBelow(config, log, workshop.deadlines(BUILT_IN_MS)),
    clientAddress: compileClientAddress(routerOptions),
    version,
  })
  if (routerOptions.trusted_proxies === undefined && routerOptions.forwarded_by_client_ip !== false) {
    log.info('[SERVICE: Gin] Any client may set its address with X-Forwarded-For: router.trusted_proxies is not set')
  }
  const logged =
    options.accessLog === null || routerOptions.disable_access_log
      ? []
      : [accessLog(options.accessLog, routerOptions.logger_skip_paths ?? [])]
  const handle = wrap([...serverStages, ...logged, ...routerStages], routed)
  return serverStages.length + routerStages.length > 0 ? recover(handle, log) : recoverThrown(handle, log)
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
): Promise<RouteTable<Handler>> {
  const routes = new RouteTable<Handler>()
  if (!options.disable_health) {
    routes.add('GET', withLeadingSlash(options.health_path ?? '/__health'), health)
  }
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
