import type { EndpointTools } from '../config/feature.ts'
import type { ProxyStage } from '../pipes/proxy.ts'
import { compileFlatmap } from '../shaping/flatmap.ts'
import { proxyOptionsOf } from './options.ts'

/**
 * `flatmap_filter` of an endpoint: on the merged answer, only with several backends and only when none failed.
 * Specification: core 6.2.
 */
export function flatmapMerged({ endpoint }: EndpointTools): ProxyStage | null {
  const change = endpoint.backends.length > 1 ? compileFlatmap(proxyOptionsOf(endpoint).flatmap_filter ?? []) : null
  if (change === null) return null
  return (next) => async (request, context) => {
    const response = await next(request, context)
    if (response.failures === null && response.answer === null && response.data !== null) {
      response.data = change(response.data)
    }
    return response
  }
}
