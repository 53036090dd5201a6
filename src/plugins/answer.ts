import { inspect, types } from 'node:util'
import { type Body, BodyStream } from '../pipes/body.ts'
import { HeaderList, type HeadersSource } from '../pipes/headers.ts'
import { HttpResponse, toBody } from '../pipes/http.ts'
import { isDataObject, ProxyRequest, ProxyResponse } from '../pipes/proxy.ts'
import { textOf } from './failure.ts'

/**
 * What a server plugin returned, as an answer: an `HttpResponse`, a `Response` of the Fetch standard, or a plain
 * `{ status?, headers?, body? }`.
 * @throws TypeError that tells the author what to return
 */
export function toHttpResponse(returned: unknown): HttpResponse {
  if (returned instanceof HttpResponse) {
    checkStatus(returned.status)
    return forOneRequest(returned)
  }
  if (returned instanceof Response) return fromFetchResponse(returned)
  if (isPlain(returned)) return fromPlain(returned)
  throw new TypeError(
    `returned ${describe(returned)}; it must return the response of next(request, context), a Response, or { status?, headers?, body? }`,
  )
}

/**
 * An author may return one response for many requests, and the steps around change what they are given: cookies that one
 * client gets must not reach the next. A stream is for one request in any case.
 */
function forOneRequest(response: HttpResponse): HttpResponse {
  return response.body instanceof BodyStream ? response : response.clone()
}

/**
 * What a request hook returned: the request to go on with, or the answer. Nothing means the request it was given.
 * @throws TypeError that tells the author what to return
 */
export function toRequestOutcome(returned: unknown, request: ProxyRequest): ProxyRequest | ProxyResponse {
  if (returned === undefined || returned === null) return request
  if (returned instanceof ProxyRequest) return returned
  return toProxyResponse(returned, 'nothing, a ProxyRequest')
}

/**
 * What a response hook returned. Nothing means the response it was given.
 * @throws TypeError that tells the author what to return
 */
export function toResponseOutcome(returned: unknown, response: ProxyResponse): ProxyResponse {
  return returned === undefined || returned === null ? response : toProxyResponse(returned, 'nothing')
}

/**
 * What a middleware returned: the response of `next`, data, or a finished answer.
 * @throws TypeError that tells the author what to return
 */
export function toAnswer(returned: unknown): ProxyResponse {
  return toProxyResponse(returned, 'the response of next(request, context)')
}

const TEXT = 'text/plain; charset=utf-8'
const JSON_TYPE = 'application/json; charset=utf-8'

function toProxyResponse(returned: unknown, others: string): ProxyResponse {
  if (returned instanceof ProxyResponse) return returned
  if (returned instanceof HttpResponse || returned instanceof Response) return finishedAnswer(toHttpResponse(returned))
  if (!isPlain(returned)) {
    throw new TypeError(
      `returned ${describe(returned)}; it must return ${others}, { data }, or { status?, headers?, body? }`,
    )
  }
  return 'data' in returned ? fromPlainData(returned) : finishedAnswer(fromPlain(returned))
}

/** An answer that is sent as it is, wherever it comes from. */
export function finishedAnswer(answer: HttpResponse): ProxyResponse {
  const response = new ProxyResponse(null, true)
  response.answer = answer
  return response
}

function fromPlainData(plain: Plain): ProxyResponse {
  onlyKeys(
    plain,
    ['data', 'headers', 'complete'],
    'data is answered with status 200; for another one return { status, body }',
  )
  const { data, complete = true } = plain
  if (data !== null && !isDataObject(data)) throw new TypeError(`returned data that is no object: ${describe(data)}`)
  if (typeof complete !== 'boolean')
    throw new TypeError(`returned "complete" that is no boolean: ${describe(complete)}`)
  return new ProxyResponse(data, complete, 0, toHeaders(plain.headers))
}

function fromPlain(plain: Plain): HttpResponse {
  onlyKeys(plain, ['status', 'headers', 'body'], 'what the client shall read goes into "body"')
  const { status = 200, body } = plain
  checkStatus(status)
  const headers = toHeaders(plain.headers)
  const carried = toCarriedBody(body)
  const type = typeof body === 'string' ? TEXT : carried !== body && typeof carried === 'string' ? JSON_TYPE : null
  if (type !== null && !headers.has('content-type')) headers.append('Content-Type', type)
  return new HttpResponse(status, headers, carried)
}

/** Text, bytes and streams as they are; everything else is JSON. */
function toCarriedBody(body: unknown): Body {
  if (body === undefined || body === null) return null
  if (typeof body === 'string' || body instanceof Uint8Array || body instanceof BodyStream) return body
  if (types.isAnyArrayBuffer(body)) return new Uint8Array(body)
  if (typeof body === 'object' && Symbol.asyncIterator in body)
    return toBody(body as AsyncIterable<Uint8Array | string>)
  return toJson(body)
}

function toJson(body: unknown): string {
  let reason = ''
  try {
    const text: string | undefined = JSON.stringify(body)
    if (text !== undefined) return text
  } catch (error) {
    reason = `: ${error instanceof Error ? error.message : String(error)}`
  }
  throw new TypeError(`returned a body that is no JSON, ${describe(body)}${reason}`)
}

/**
 * What came by `fetch` was decompressed on the way, so the fields that describe the bytes of that transfer must go; an
 * author's own `Response` (it has no URL) keeps them.
 */
function fromFetchResponse(response: Response): HttpResponse {
  if (response.bodyUsed)
    throw new TypeError('returned a Response whose body has been read; return it unread, or a new one')
  checkStatus(response.status)
  const headers = HeaderList.from(response.headers)
  if (response.url !== '')
    for (const name of ['content-encoding', 'content-length', 'transfer-encoding']) headers.delete(name)
  return new HttpResponse(response.status, headers, response.body === null ? null : BodyStream.from(response.body))
}

interface Plain {
  readonly [key: string]: unknown
}

function isPlain(value: unknown): value is Plain {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function onlyKeys(plain: Plain, known: readonly string[], remedy: string): void {
  const stranger = Object.keys(plain).find((key) => !known.includes(key))
  if (stranger === undefined) return
  throw new TypeError(`returned an object with the key "${stranger}"; known are ${known.join(', ')}; ${remedy}`)
}

function toHeaders(source: unknown): HeaderList {
  try {
    return HeaderList.from(source as HeadersSource | undefined)
  } catch (error) {
    throw new TypeError(`returned headers that cannot be sent: ${textOf(error)}`)
  }
}

function checkStatus(status: unknown): asserts status is number {
  if (!Number.isInteger(status) || (status as number) < 200 || (status as number) > 599) {
    throw new TypeError(`returned the status ${describe(status)}; it must be a whole number from 200 to 599`)
  }
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  return inspect(value, { depth: 0, maxStringLength: 60, maxArrayLength: 3, breakLength: Number.POSITIVE_INFINITY })
}
