import { defineFeature } from '../../../config/feature.ts'
import { CLIENT_LIMIT_OPTIONS, checkClientLimit, strategyOf } from '../../../traffic/rate-limit-options.ts'

const NAMESPACE = 'qos/ratelimit/router'

/**
 * `qos/ratelimit/router`: how many requests an endpoint takes, of each client (else 429) and of all together (else 503).
 * Specification: traffic-security 2.
 */
export const endpointRateLimit = defineFeature({
  namespace: NAMESPACE,
  options: CLIENT_LIMIT_OPTIONS,
  wrongOptions: 'ignored',
  check: checkClientLimit,
  endpoint: async (options, tools) => {
    const { method, path, params } = tools.endpoint
    if (options.client_max_rate > 0 && strategyOf(options.strategy) === 'param' && !params.includes(options.key)) {
      tools.logFor('Ratelimit').warning(`the path has no parameter "${options.key}": every request is answered 429`)
    }
    const { makeRateLimit } = await import('../../../traffic/rate-limit.ts')
    return makeRateLimit(options, { namespace: NAMESPACE, name: `${method} ${path}` }, tools)
  },
})
