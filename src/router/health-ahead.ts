import { withLeadingSlash } from '../config/endpoint-path.ts'
import type { ServiceTools } from '../config/feature.ts'
import type { GatewayConfig } from '../config/model.ts'
import type { HttpRequest, HttpStage } from '../pipes/http.ts'
import { Readiness } from '../shared/readiness.ts'
import { healthEndpoint } from './built-in.ts'
import type { RouterOptions } from './options.ts'

/** Answers the health endpoint before the stages behind it are asked; null where there is none. */
export function healthAhead({ config, service }: ServiceTools): HttpStage | null {
  const isHealth = healthRequests(config)
  if (isHealth === null) return null
  const health = healthEndpoint(service<Readiness>('readiness') ?? new Readiness())
  return (next) => (request, context) => (isHealth(request) ? health(request, context) : next(request, context))
}

/**
 * The same, but only while something keeps the gateway from working: what is broken may stand before the endpoint. Null
 * where nothing is known to break.
 */
export function troublesAhead({ config, service }: ServiceTools): HttpStage | null {
  const readiness = service<Readiness>('readiness')
  const isHealth = healthRequests(config)
  if (isHealth === null || readiness === undefined || !readiness.isFed) return null
  const health = healthEndpoint(readiness)
  return (next) => (request, context) =>
    isHealth(request) && readiness.troubles().length > 0 ? health(request, context) : next(request, context)
}

function healthRequests({ extra }: GatewayConfig): ((request: HttpRequest) => boolean) | null {
  const { disable_health: disabled, health_path: configured = '/__health' } = (extra.router as RouterOptions) ?? {}
  if (disabled) return null
  const path = withLeadingSlash(configured)
  return (request) => request.method === 'GET' && request.path === path
}
