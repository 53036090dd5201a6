import { BodyStream } from '../pipes/body.ts'
import type { Context } from '../pipes/context.ts'
import { type Handler, HttpRequest, type HttpResponse, splitUrl } from '../pipes/http.ts'
import { UnreadableAnswer } from '../pipes/unreadable-answer.ts'

const MAX_REQUESTS = 10
/** Sent again only to the host they were meant for. */
const CREDENTIALS = ['authorization', 'www-authenticate', 'cookie', 'cookie2', 'proxy-authorization']
/** Tell of a body that is not sent again. */
const ABOUT_BODY = ['content-type', 'content-length', 'content-encoding', 'content-language', 'content-location']

/**
 * Follows the redirects of an upstream, at most ten requests in all. 301, 302 and 303 become a GET without a body; 307
 * and 308 keep method and body, and end the call with their own status when the body cannot be sent again.
 * Specification: core 4.2.
 * @param once sends one request
 * @param first the request that was redirected
 */
export async function follow(
  once: Handler,
  first: HttpRequest,
  context: Context,
  redirect: HttpResponse,
): Promise<HttpResponse> {
  const { body } = first
  const hadBody = body !== null && (body instanceof BodyStream || body.length > 0)
  let request = first
  let response = redirect
  for (let sent = 1; isRedirect(response.status); sent++) {
    const location = response.header('location')
    if (location === null || location === '') return response
    const keepsMethod = response.status === 307 || response.status === 308
    if (keepsMethod && hadBody && !request.replayable) return response
    if (response.body instanceof BodyStream) response.body.cancel(new Error('the redirect is followed'))
    if (sent >= MAX_REQUESTS)
      throw failed(request, `stopped after ${MAX_REQUESTS} redirects`, `the last one to ${location}`)
    request = redirected(request, location, keepsMethod)
    response = await once(request, context)
  }
  return response
}

/** Whether a status sends the client elsewhere with the same request or a GET. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

function redirected(from: HttpRequest, location: string, keepsMethod: boolean): HttpRequest {
  let url: URL
  try {
    url = new URL(location, from.url)
  } catch (cause) {
    throw failed(from, 'the upstream redirects to an invalid location', location, cause)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw failed(from, 'the upstream redirects to an unsupported scheme', location)
  }
  const { target } = splitUrl(url.href)
  const headers = from.headers.copy()
  for (const name of ['referer', 'host']) headers.delete(name)
  if (url.origin !== from.origin) for (const name of CREDENTIALS) headers.delete(name)
  if (!keepsMethod) for (const name of ABOUT_BODY) headers.delete(name)
  if (!(from.origin.startsWith('https:') && url.protocol === 'http:')) headers.append('Referer', from.url)
  const method = keepsMethod || from.method === 'HEAD' ? from.method : 'GET'
  const request = new HttpRequest(method, target, headers, keepsMethod ? from.body : null, url.origin)
  request.replayable = from.replayable
  return request
}

/** Where it led to is for the log alone. */
function failed(
  { method, origin, path }: HttpRequest,
  text: string,
  detail: string,
  cause?: unknown,
): UnreadableAnswer {
  return new UnreadableAnswer(`${text}: ${detail}`, text, cause).ofCall(`${method} ${origin}${path}`)
}
