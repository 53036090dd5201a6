import type { Feature } from '../config/feature.ts'
import type { GatewayConfig } from '../config/model.ts'
import type { Context } from '../pipes/context.ts'
import { Failure } from '../pipes/failure.ts'
import { HeaderList } from '../pipes/headers.ts'
import { type Handler, type HttpRequest, HttpResponse } from '../pipes/http.ts'
import { loadPlugins } from '../plugins/loader.ts'
import { PRODUCT, VERSION } from '../product.ts'
import { accessLog } from '../router/access-log.ts'
import { debugEndpoint, echoEndpoint, health } from '../router/built-in.ts'
import { compileClientAddress } from '../router/client-address.ts'
import type { RouterOptions } from '../router/options.ts'
import { RouteTable } from '../router/route-table.ts'
import { createRouter } from '../router/router.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { HttpClient } from '../transport/client.ts'
import { createUndiciClient } from '../transport/undici.ts'
import { buildEndpoint, type Common } from './endpoint.ts'
import * as pipeline from './pipeline.ts'
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
  const routes = await buildRoutes(config, routerOptions, common)
  const routed = createRouter({
    options: routerOptions,
    routes,
    below: builtInBelow(config, log),
    clientAddress: compileClientAddress(routerOptions),
    version,
  })
  const tools = workshop.forService()
  const logged =
    options.accessLog === null || routerOptions.disable_access_log
      ? []
      : [accessLog(options.accessLog, routerOptions.logger_skip_paths ?? [])]
  const router = wrap([...logged, ...(await makeStages(pipeline.router, tools))], routed)
  return recover(wrap(await makeStages(pipeline.server, tools), router), log)
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
    routes.add('GET', options.health_path ?? '/__health', [], health)
  }
  for (const endpoint of config.endpoints) {
    const handle = await buildEndpoint(endpoint, common)
    routes.add(endpoint.method, endpoint.path, endpoint.params, handle)
  }
  return routes
}

function builtInBelow(config: GatewayConfig, log: Logger): Map<string, Handler> {
  const below = new Map<string, Handler>()
  if (config.debugEndpoint) below.set('/__debug/', debugEndpoint(log.tagged('[ENDPOINT: /__debug/*]')))
  if (config.echoEndpoint) below.set('/__echo/', echoEndpoint)
  return below
}

/** What no step has turned into an answer ends here: the request is answered, the gateway goes on. */
function recover(handle: Handler, log: Logger): Handler {
  const answer = (error: unknown, request: HttpRequest, context: Context): HttpResponse => {
    const failure = error instanceof Failure ? error : null
    const text =
      error instanceof Error ? (failure === null ? (error.stack ?? error.message) : error.message) : String(error)
    log.error(`[SERVICE: Gin] ${request.method} ${context.route || request.path}: ${text}`)
    if (failure?.body === undefined) return new HttpResponse(failure?.status ?? 500)
    const headers = failure.headers?.copy() ?? new HeaderList()
    if (!headers.has('content-type')) headers.append('Content-Type', failure.contentType || 'text/plain; charset=utf-8')
    return new HttpResponse(failure.status, headers, failure.body)
  }
  return async (request, context) => {
    try {
      return await handle(request, context)
    } catch (error) {
      return answer(error, request, context)
    }
  }
}
