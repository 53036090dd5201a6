import type { BackendConfig } from '../config/model.ts'
import type { ProxyStage } from '../pipes/proxy.ts'
import { compileUrlPattern } from './url-pattern.ts'

/** Makes path and query of the call from `url_pattern`, and sets its method. Specification: core 2.5. */
export function buildUrl(backend: BackendConfig): ProxyStage {
  const { method } = backend
  const pattern = compileUrlPattern(backend.urlPattern)
  return (next) => async (request, context) => {
    request.method = method
    pattern.build(request)
    return next(request, context)
  }
}
