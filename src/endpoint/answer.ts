import type { EndpointConfig } from '../config/model.ts'
import { createEncoder } from '../encoding/encoders.ts'
import { BodyStream } from '../pipes/body.ts'
import { Failure } from '../pipes/failure.ts'
import { HeaderList, sameName } from '../pipes/headers.ts'
import { type HttpRequest, HttpResponse } from '../pipes/http.ts'
import { type DataObject, type ProxyResponse, ReusedResponse } from '../pipes/proxy.ts'
import { HOP_BY_HOP } from './request.ts'
import { sniffContentType } from './sniff.ts'

/** How an endpoint answers, compiled from its configuration. Specification: core 3.4, 5.2, 5.3. */
export interface Answers {
  /** Renders what the proxy gave. */
  success(response: ProxyResponse, request: HttpRequest): HttpResponse | Promise<HttpResponse>
  /** The answer for an endpoint that failed. */
  failure(error: unknown): HttpResponse
}

/** @param version the value of `X-Krakend` */
export function compileAnswers(endpoint: EndpointConfig, version: string, returnErrorMessage: boolean): Answers {
  const failure = (error: unknown) => failureAnswer(error, version, returnErrorMessage)
  if (endpoint.outputEncoding === 'no-op') return { success: (response) => passOn(response, version), failure }
  const only = endpoint.backends.length === 1 ? endpoint.backends[0]?.encoding : undefined
  const encoder = createEncoder(endpoint.outputEncoding, only)
  const incomplete = ['X-Krakend', version, 'X-Krakend-Completed', 'false']
  const complete = ['X-Krakend', version, 'X-Krakend-Completed', 'true']
  const maxAge = Math.trunc(endpoint.cacheTtlMs / 1000)
  if (endpoint.cacheTtlMs > 0) complete.push('Cache-Control', `public, max-age=${maxAge}`)
  const { negotiate } = encoder
  // The content type stands last, where negotiation can replace it.
  incomplete.push('Content-Type', encoder.contentType)
  complete.push('Content-Type', encoder.contentType)
  return {
    success: (response, request) => {
      if (response.answer !== null) return marked(response.answer, version)
      const reused = response instanceof ReusedResponse && negotiate === undefined ? response : null
      if (reused?.encoded) return new HttpResponse(200, new HeaderList([...reused.encoded.fields]), reused.encoded.body)
      const { data } = response
      const full = data !== null && hasKeys(data)
      const raw = full && response.complete ? complete.slice() : incomplete.slice()
      const chosen = negotiate === undefined ? encoder : negotiate(request.headers.get('accept'))
      if (negotiate !== undefined) raw[raw.length - 1] = chosen.contentType
      if (full && response.hasHeaders) addHeaders(raw, response.headers)
      const body = chosen.encode(data)
      if (reused !== null) {
        reused.encoded = { fields: raw.slice(), body }
        reused.data = null
      }
      return new HttpResponse(200, new HeaderList(raw), body)
    },
    failure,
  }
}

function hasKeys(data: DataObject): boolean {
  for (const _ in data) return true
  return false
}

/** Header fields that modifiers set on data; a content type replaces the encoder's. */
function addHeaders(raw: string[], headers: HeaderList): void {
  for (let i = 0; i < headers.raw.length; i += 2) {
    const name = headers.raw[i] as string
    const value = headers.raw[i + 1] as string
    if (sameName(name, 'content-type')) raw[raw.indexOf('Content-Type') + 1] = value
    else if (!sameName(name, 'content-length') && !HOP_BY_HOP.has(name.toLowerCase())) raw.push(name, value)
  }
}

/** An answer that a plugin gave instead of data. */
function marked(answer: HttpResponse, version: string): HttpResponse {
  const { headers } = answer
  headers.set('X-Krakend', version)
  headers.set('X-Krakend-Completed', 'false')
  return answer
}

/** no-op: status, header fields and body of the upstream as they are. */
function passOn(response: ProxyResponse, version: string): HttpResponse | Promise<HttpResponse> {
  if (response.answer !== null) return marked(response.answer, version)
  const raw = ['X-Krakend', version, 'X-Krakend-Completed', 'false']
  const from = response.headers.raw
  let typed = false
  for (let i = 0; i < from.length; i += 2) {
    const name = from[i] as string
    switch (name.length) {
      case 2:
      case 7:
      case 10:
      case 16:
      case 17:
      case 18:
      case 19:
        if (HOP_BY_HOP.has(name.toLowerCase())) continue
        break
      case 12:
        if (sameName(name, 'content-type')) typed = true
        break
    }
    raw.push(name, from[i + 1] as string)
  }
  const answer = new HttpResponse(response.status === 0 ? 200 : response.status, new HeaderList(raw), response.body)
  if (typed || response.body === null) return answer
  return withContentType(answer)
}

async function withContentType(answer: HttpResponse): Promise<HttpResponse> {
  const { body } = answer
  const first = body instanceof BodyStream ? await body.peek() : body
  if (first === null || first.length === 0) return answer
  if (!answer.headers.has('content-encoding')) answer.headers.append('Content-Type', sniffContentType(first))
  return answer
}

function failureAnswer(error: unknown, version: string, returnErrorMessage: boolean): HttpResponse {
  const failure = error instanceof Failure ? error : null
  if (failure?.isCrash) return new HttpResponse(failure.status, new HeaderList(['X-Krakend', version]))
  const raw = ['X-Krakend', version, 'X-Krakend-Completed', 'false']
  let body: string | Uint8Array = ''
  if (failure?.body !== undefined) body = failure.body
  else if (returnErrorMessage) body = failure?.publicText ?? (error instanceof Error ? error.message : String(error))
  if (failure?.headers !== undefined) {
    for (const [name, value] of failure.headers) if (!sameName(name, 'content-type')) raw.push(name, value)
  }
  if (body.length > 0) raw.push('Content-Type', failure?.contentType || 'text/plain; charset=utf-8')
  return new HttpResponse(failure?.status ?? 500, new HeaderList(raw), body.length > 0 ? body : null)
}
