import { withLeadingSlash } from '../../../config/endpoint-path.ts'
import { defineFeature } from '../../../config/feature.ts'
import type { GatewayConfig } from '../../../config/model.ts'
import type { HttpStage } from '../../../pipes/http.ts'
import { CLIENT_LIMIT_OPTIONS, checkClientLimit } from '../../../traffic/rate-limit-options.ts'

const NAMESPACE = 'qos/ratelimit/service'

/**
 * `qos/ratelimit/service`: how many requests the whole gateway takes, of each client (else 429) and of all together (else
 * 503). Specification: enterprise A7.
 */
export const serviceRateLimit = defineFeature({
  namespace: NAMESPACE,
  options: CLIENT_LIMIT_OPTIONS,
  wrongOptions: 'ignored',
  check: checkClientLimit,
  router: async (options, tools) => {
    const { makeRateLimit } = await import('../../../traffic/rate-limit.ts')
    const limit = await makeRateLimit(options, { namespace: NAMESPACE, name: 'service' }, tools)
    return limit === null ? null : exceptHealth(limit, tools.config)
  },
})

/** A gateway that refuses clients is in good health: who looks after it shall see that. */
function exceptHealth(limit: HttpStage, { extra }: GatewayConfig): HttpStage {
  const router = extra.router as { disable_health?: boolean; health_path?: string } | undefined
  if (router?.disable_health === true) return limit
  const health = withLeadingSlash(router?.health_path ?? '/__health')
  return (next) => {
    const limited = limit(next)
    return (request, context) =>
      request.method === 'GET' && request.path === health ? next(request, context) : limited(request, context)
  }
}
