import { defineFeature } from '../../config/feature.ts'
import { Type } from '../../config/type.ts'
import { Failure } from '../../pipes/failure.ts'
import { type DataObject, type Proxy, ProxyResponse } from '../../pipes/proxy.ts'
import { UpstreamStatusError } from '../../pipes/upstream-status-error.ts'

/** An upstream's failing status that the client gets to see (`return_error_code`). */
class ForwardedStatus extends Failure {
  override name = 'ForwardedStatus'
  override readonly status: number
  override readonly contentType: string | undefined
  override readonly publicText: string

  constructor(cause: UpstreamStatusError) {
    super(cause.message, { cause })
    this.status = cause.response.status
    this.contentType = cause.response.header('content-type') ?? undefined
    this.publicText = cause.upstreamBody.toString('utf8')
  }
}

/**
 * `backend/http`: what becomes of a failing status of the upstream. `return_error_details` wins over
 * `return_error_code`. Neither covers connection errors. Specification: core 4.4.
 */
export const backendHttp = defineFeature({
  namespace: 'backend/http',
  options: Type.Object({
    return_error_code: Type.Optional(
      Type.Boolean({ description: 'answer with the status of the upstream (single backend)', default: false }),
    ),
    return_error_details: Type.Optional(
      Type.String({ description: 'add an object `error_ALIAS` with status, body and type of the upstream’s failure' }),
    ),
  }),
  backend: (options) => {
    const alias = options.return_error_details
    if (alias) return onFailingStatus((error) => errorDetails(`error_${alias}`, error))
    if (options.return_error_code) {
      return onFailingStatus((error) => {
        throw new ForwardedStatus(error)
      })
    }
    return null
  },
})

function onFailingStatus(handle: (error: UpstreamStatusError) => ProxyResponse): (next: Proxy) => Proxy {
  return (next) => async (request, context) => {
    try {
      return await next(request, context)
    } catch (error) {
      if (error instanceof UpstreamStatusError) return handle(error)
      throw error
    }
  }
}

function errorDetails(key: string, error: UpstreamStatusError): ProxyResponse {
  const details: DataObject = { http_status_code: error.response.status }
  const type = error.response.header('content-type')
  if (error.upstreamBody.length > 0) details.http_body = error.upstreamBody.toString('utf8')
  if (type) details.http_body_encoding = type
  const response = new ProxyResponse({ [key]: details }, false)
  response.failureShown = error
  return response
}
