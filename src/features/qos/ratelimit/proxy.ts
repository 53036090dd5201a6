import { defineFeature } from '../../../config/feature.ts'
import { CALL_LIMIT_OPTIONS, callPeriod, checkCallLimit, limitOf } from '../../../traffic/rate-limit-options.ts'

const NAMESPACE = 'qos/ratelimit/proxy'

/**
 * `qos/ratelimit/proxy`: how many calls a backend gets. What is over the limit fails without a call. Specification:
 * traffic-security 3.
 */
export const backendRateLimit = defineFeature({
  namespace: NAMESPACE,
  options: CALL_LIMIT_OPTIONS,
  wrongOptions: 'ignored',
  check: checkCallLimit,
  backend: async ({ status, ...options }, tools) => {
    const limit = limitOf(options, callPeriod(options.every))
    if (limit === null) return null
    const { endpoint, backend } = tools
    const name = `${endpoint.method} ${endpoint.path} -> ${backend.index} ${backend.urlPattern}`
    const { makeCallLimit } = await import('../../../traffic/call-limit.ts')
    return makeCallLimit(limit, status, { namespace: NAMESPACE, name }, tools)
  },
})
