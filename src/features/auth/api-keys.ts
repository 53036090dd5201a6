import { API_KEYS_OPTIONS, checkApiKeys } from '../../auth/api-key-options.ts'
import type { ApiKeyRing } from '../../auth/api-key-ring.ts'
import { defineFeature, type EndpointTools } from '../../config/feature.ts'

const NAMESPACE = 'auth/api-keys'

/**
 * `auth/api-keys`: an endpoint takes requests with a key that has one of its roles. At the service stand the keys.
 * Specification: enterprise B1.
 */
export const apiKeys = defineFeature({
  namespace: NAMESPACE,
  options: API_KEYS_OPTIONS,
  whenInvalid: { options: {}, effect: 'every request is answered 401 where it is asked for' },
  check: checkApiKeys,
  service: async (options) => {
    const { createApiKeyRing } = await import('../../auth/api-key-ring.ts')
    return { provide: createApiKeyRing(options, process.env) }
  },
  endpoint: async (options, tools) => {
    const { createApiKeyGuard } = await import('../../auth/api-key-guard.ts')
    const ring = tools.service<ApiKeyRing>(NAMESPACE)
    const { client_max_rate: rate = 0 } = options
    const limit = ring === undefined || rate <= 0 ? null : await openLimit(rate, ring, tools)
    return createApiKeyGuard(options, ring, limit, tools)
  },
})

async function openLimit(rate: number, { size }: ApiKeyRing, tools: EndpointTools) {
  const { openKeyLimit } = await import('../../traffic/key-limit.ts')
  const { method, path } = tools.endpoint
  return openKeyLimit(rate, size, { namespace: NAMESPACE, name: `${method} ${path}` }, tools)
}
