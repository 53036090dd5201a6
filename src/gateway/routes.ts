import { withLeadingSlash } from '../config/endpoint-path.ts'
import type { GatewayConfig } from '../config/model.ts'
import type { Static } from '../config/type.ts'
import { type PluginReport, pluginEndpoint, pluginTelemetry } from '../features/telemetry/plugins.ts'
import type { DeadlineQueue } from '../pipes/context.ts'
import type { Handler } from '../pipes/http.ts'
import { allowedMethods, debugEndpoint, echoEndpoint, healthEndpoint } from '../router/built-in.ts'
import type { RouterOptions } from '../router/options.ts'
import { RouteTable } from '../router/route-table.ts'
import type { Logger } from '../telemetry/logger.ts'
import { buildEndpoint, type Common } from './endpoint.ts'
import { recover } from './recover.ts'

/**
 * Makes the routes of a gateway: its endpoints, and what it answers by itself.
 * @param report what the endpoint of `telemetry/plugins` tells
 */
export async function buildRoutes(
  options: RouterOptions,
  common: Common,
  report: () => PluginReport,
): Promise<RouteTable<Handler>> {
  const { config } = common.workshop
  const routes = new RouteTable<Handler>()
  if (!options.disable_health) {
    routes.add('GET', withLeadingSlash(options.health_path ?? '/__health'), healthEndpoint(common.workshop.readiness))
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
export const BUILT_IN_MS = 10_000

/** What is answered below a path, by path; nothing but the debug and echo endpoints. */
export function builtInBelow(config: GatewayConfig, log: Logger, deadlines: DeadlineQueue): Map<string, Handler> {
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
