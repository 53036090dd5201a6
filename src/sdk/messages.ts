import type { Body } from '../pipes/body.ts'
import type { Context } from '../pipes/context.ts'
import type { HeadersSource } from '../pipes/headers.ts'
import type { HttpRequest, HttpResponse } from '../pipes/http.ts'
import type { DataObject, ProxyRequest, ProxyResponse } from '../pipes/proxy.ts'

/**
 * The client's request as a server plugin sees it, before routing. Method, `url`, `path`, `query`, `headers` and `body`
 * may be changed before `next` is called; the route is chosen by the changed ones. Reading the body (`await
 * request.json()`) can be repeated and does not take it away from what follows.
 *
 * @example
 * if (request.path.startsWith('/v1/')) request.path = request.path.slice(3)
 * request.headers.set('X-Tenant', request.query.get('tenant') ?? 'none')
 */
export type PluginRequest = HttpRequest

/**
 * The call of a backend as a client plugin sees it, ready to be sent: `url` is absolute, the headers are those that are
 * sent. All of it may be changed before `next` is called.
 *
 * @example
 * request.headers.set('X-Signature', sign(await request.bytes()))
 */
export type ClientRequest = HttpRequest

/**
 * What belongs to one request beside its message. `store` holds values for other hooks of the same request, whichever
 * plugin they belong to; `signal` is aborted at the deadline and when the client has gone, and may be given to Node's
 * `fetch`. What is begun with it by `next` or by the `fetch` of the tools ends with the answer at the latest;
 * `context.detached(ms)` is for work that goes on after it.
 *
 * @example
 * const user = await fetch(url, { signal: context.signal }).then((answer) => answer.json())
 * context.store.set('user', user)
 */
export type PluginContext = Context

/**
 * An answer of HTTP. What `next` gives can be changed in place and returned.
 *
 * @example
 * const response = await next(request, context)
 * response.headers.set('X-Frame-Options', 'DENY')
 * return response
 */
export type PluginResponse = HttpResponse

/**
 * An answer written as a plain object. The status is 200 unless given. Text goes out as `text/plain`, an object or a list
 * as JSON, bytes and streams as they are; a `Content-Type` among the headers counts more.
 *
 * @example
 * return { status: 429, headers: { 'Retry-After': '1' }, body: { error: 'slow down' } }
 */
export interface PlainResponse {
  readonly status?: number
  readonly headers?: HeadersSource
  readonly body?: Body | AsyncIterable<Uint8Array | string> | object | number | boolean
}

/**
 * What a server plugin may answer with: the response of `next`, one of the Fetch standard, or a plain object.
 *
 * @example
 * return { status: 302, headers: { Location: '/login' } }
 * return HttpResponse.json({ error: 'no such order' }, { status: 404 })
 * return await fetch('http://elsewhere.internal/page', { context })
 */
export type ServerAnswer = HttpResponse | Response | PlainResponse

/**
 * What an endpoint asks of its backends, as a modifier sees it: only what the endpoint's allow-lists let pass. At an
 * endpoint `params`, `query`, `headers` and `body` count; at a backend the call is ready, and `url`, `headers` and `body`
 * count.
 *
 * @example
 * request.headers.set('X-User', String(context.store.get('user')))
 * request.params.id = request.params.id?.toLowerCase() ?? ''
 */
export type ModifierRequest = ProxyRequest

/**
 * What one backend, or all of them merged, gave: decoded and shaped `data` with decoding encodings; `status`, `headers`
 * and `body` of the upstream with `no-op`. Numbers that a double cannot hold are objects that keep their digits.
 *
 * @example
 * if (response.data !== null) delete response.data['password']
 */
export type ModifierResponse = ProxyResponse

/**
 * Data written as a plain object: it takes the way of the backends' data, so the endpoint's encoder renders it (as JSON
 * unless `output_encoding` says otherwise) with status 200. For another status return `{ status, body }`.
 *
 * @example
 * return { data: { cached: true, items: [] } }
 */
export interface PlainData {
  readonly data: DataObject | null
  readonly headers?: HeadersSource
  /** False says that something is missing: `X-Krakend-Completed: false`, and no `Cache-Control`. */
  readonly complete?: boolean
}

/**
 * What ends the work of a modifier at once: data for the encoder, or a finished answer that is sent as it is.
 *
 * @example
 * return { data: { items: [] } } // encoded like the data of backends
 * return { status: 404, body: 'no such order' } // sent as it is
 */
export type ModifierAnswer = ProxyResponse | PlainData | ServerAnswer
