import { withLeadingSlash } from '../config/endpoint-path.ts'
import type { GatewayConfig } from '../config/model.ts'
import type { HttpStage } from '../pipes/http.ts'
import { health } from './built-in.ts'
import { routerOptionsOf } from './options.ts'

/** Where `GET` asks for the gateway's health; null where nothing answers. */
export function healthPathOf(config: GatewayConfig): string | null {
  const { disable_health: disabled, health_path: configured = '/__health' } = routerOptionsOf(config)
  return disabled ? null : withLeadingSlash(configured)
}

/** Answers the health endpoint before the stages behind it are asked; null where there is none. */
export function healthAhead(config: GatewayConfig): HttpStage | null {
  const path = healthPathOf(config)
  if (path === null) return null
  return (next) => (request, context) =>
    request.method === 'GET' && request.path === path ? health(request, context) : next(request, context)
}
