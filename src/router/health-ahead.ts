import { withLeadingSlash } from '../config/endpoint-path.ts'
import type { ServiceTools } from '../config/feature.ts'
import type { GatewayConfig } from '../config/model.ts'
import type { HttpStage } from '../pipes/http.ts'
import { Readiness } from '../shared/readiness.ts'
import { healthEndpoint } from './built-in.ts'
import { routerOptionsOf } from './options.ts'

/** Where `GET` asks for the gateway's health; null where nothing answers. */
export function healthPathOf(config: GatewayConfig): string | null {
  const { disable_health: disabled, health_path: configured = '/__health' } = routerOptionsOf(config)
  return disabled ? null : withLeadingSlash(configured)
}

/** Answers the health endpoint before the stages behind it are asked; null where there is none. */
export function healthAhead({ config, service }: ServiceTools): HttpStage | null {
  const path = healthPathOf(config)
  if (path === null) return null
  const health = healthEndpoint(service<Readiness>('readiness') ?? new Readiness())
  return (next) => (request, context) =>
    request.method === 'GET' && request.path === path ? health(request, context) : next(request, context)
}

/**
 * The same, but only while something keeps the gateway from working: what is broken may stand before the endpoint. Null
 * where nothing is known to break.
 */
export function troublesAhead({ config, service }: ServiceTools): HttpStage | null {
  const readiness = service<Readiness>('readiness')
  const path = healthPathOf(config)
  if (path === null || readiness === undefined || !readiness.isFed) return null
  const health = healthEndpoint(readiness)
  return (next) => (request, context) =>
    request.method === 'GET' && request.path === path && readiness.troubles().length > 0
      ? health(request, context)
      : next(request, context)
}
