import type { BackendConfig } from '../config/model.ts'
import type { ProxyStage } from '../pipes/proxy.ts'
import { compileUrlPattern } from './url-pattern.ts'

/** Makes path and query of the call from `url_pattern`, and sets its method. Specification: core 2.5. */
export function buildUrl(backend: BackendConfig): ProxyStage {
  const { method } = backend
  const pattern = compileUrlPattern(backend.urlPattern)
  // Not an async function: a promise less per call.
  return (next) => (request, context) => {
    try {
      request.method = method
      pattern.build(request)
    } catch (error) {
      return Promise.reject(error)
    }
    return next(request, context)
  }
}
