import { withLeadingSlash } from '../config/endpoint-path.ts'
import type { GatewayConfig } from '../config/model.ts'
import type { HttpStage } from '../pipes/http.ts'
import { health } from './built-in.ts'
import type { RouterOptions } from './options.ts'

/** Answers the health endpoint before the stages behind it are asked; null where there is none. */
export function healthAhead({ extra }: GatewayConfig): HttpStage | null {
  const { disable_health: disabled, health_path: configured = '/__health' } = (extra.router as RouterOptions) ?? {}
  if (disabled) return null
  const path = withLeadingSlash(configured)
  return (next) => (request, context) =>
    request.method === 'GET' && request.path === path ? health(request, context) : next(request, context)
}
