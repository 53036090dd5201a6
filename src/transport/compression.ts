import type { HttpStage } from '../pipes/http.ts'
import { UpstreamResponse } from './upstream-response.ts'

/**
 * Asks upstreams for gzip and takes it off their answers, unless the call asks for an encoding of its own.
 * Specification: core 2.2, 4.2.
 */
export const askForGzip: HttpStage = (next) => async (request, context) => {
  const { headers } = request
  if (headers.has('accept-encoding') || request.method === 'HEAD' || headers.has('range')) return next(request, context)
  headers.raw.push('Accept-Encoding', 'gzip')
  const response = await next(request, context)
  const encoding = response.header('content-encoding')
  if (encoding !== null && encoding.toLowerCase() === 'gzip' && response instanceof UpstreamResponse)
    response.decodeGzip()
  return response
}
