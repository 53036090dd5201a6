import { types } from 'node:util'
import { type Body, BodyStream } from '../../pipes/body.ts'
import type { Clock } from '../../pipes/clock.ts'
import { Context } from '../../pipes/context.ts'
import { isToken } from '../../pipes/header-field.ts'
import { HeaderList } from '../../pipes/headers.ts'
import { type Handler, HttpRequest, type HttpResponse, toBody } from '../../pipes/http.ts'
import { PRODUCT, VERSION } from '../../product.ts'
import type { FetchInit } from '../../sdk/tools.ts'
import { FetchFailure } from './fetch-failure.ts'

export interface FetchOptions {
  /** The gateway's HTTP client. */
  readonly client: Handler
  readonly clock: Clock
  /** The plugin's name. */
  readonly plugin: string
  /** Whether the instance has ended: what it still asks for then is refused, so that it opens no connections. */
  readonly ended: () => boolean
}

/** How long a call may take for which nothing else is said, in milliseconds. */
const DEFAULT_MS = 10_000

const KEYS: Record<keyof FetchInit, true> = {
  method: true,
  headers: true,
  body: true,
  json: true,
  context: true,
  timeoutMs: true,
}

/** Makes the `fetch` of one instance of a plugin. */
export function createFetch({ client, clock, plugin, ended }: FetchOptions) {
  return async (url: string | URL, init: FetchInit = {}): Promise<HttpResponse> => {
    const request = toRequest(url, init)
    const call = new CallContext(init, clock)
    try {
      if (ended()) throw new Error('this instance of the plugin has been closed')
      const response = await client(request, call)
      call.answered()
      return response
    } catch (cause) {
      call.end()
      throw new FetchFailure(plugin, request, cause)
    }
  }
}

/** What one call is bound to: the request that it is made for, its own time, or both. */
class CallContext extends Context {
  readonly #request: Context | undefined
  #takeBackTimer: (() => void) | null = null
  /** The last answer has come, redirects are behind. */
  #answered = false

  constructor({ context, timeoutMs }: FetchInit, clock: Clock) {
    super(clock.now(), context?.clientAddress, context)
    this.#request = context
    this.clock = clock
    if (context !== undefined) {
      this.deadline = context.deadline
      this.route = context.route
      this.span = context.span
    }
    const ms = timeoutMs ?? (this.deadline === Number.POSITIVE_INFINITY ? DEFAULT_MS : null)
    if (ms !== null) this.#limit(ms)
    context?.attach(this)
  }

  #limit(ms: number): void {
    this.deadline = Math.min(this.deadline, this.startedAt + ms)
    this.#takeBackTimer = this.clock.schedule(() => this.cancel(new CallTimeout(ms)), ms)
  }

  /** The body may still be on its way: its end, or its being given up, is the end of the call. */
  answered(): void {
    this.#answered = true
    if (!this.busy) this.end()
  }

  override detach(work: Parameters<Context['detach']>[0]): void {
    super.detach(work)
    if (this.#answered && !this.busy) this.end()
  }

  /** Nothing of it is left to be stopped. */
  end(): void {
    this.#takeBackTimer?.()
    this.#request?.detach(this)
  }
}

class CallTimeout extends Error {
  constructor(ms: number) {
    super(`took longer than ${ms} ms`)
  }
}

function toRequest(given: string | URL, init: FetchInit): HttpRequest {
  const url = toUrl(given)
  checkInit(init)
  const headers = HeaderList.from(init.headers)
  const body = bodyOf(init, headers)
  const method = init.method === undefined ? (body === null ? 'GET' : 'POST') : init.method.toUpperCase()
  headers.delete('content-length') // counted when it is sent
  if (!headers.has('user-agent')) headers.append('User-Agent', `${PRODUCT} Version ${VERSION}`)
  const request = new HttpRequest(method, url.pathname + url.search, headers, body, url.origin)
  request.replayable = !(body instanceof BodyStream)
  return request
}

function toUrl(given: string | URL): URL {
  const url = URL.parse(String(given))
  if (url === null) throw new TypeError(`fetch takes an absolute URL, such as http://host/path, not ${String(given)}`)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`fetch takes URLs of http and https, not ${url.href}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(`fetch takes no credentials in the URL of ${url.host}: send them in the header Authorization`)
  }
  return url
}

function checkInit(init: FetchInit): void {
  const { method, body, json, context, timeoutMs } = init
  const stranger = Object.keys(init).find((key) => !Object.hasOwn(KEYS, key))
  if (stranger !== undefined) {
    const remedy = stranger === 'signal' ? '; give it the context of the request in place of its signal' : ''
    throw new TypeError(`fetch does not know "${stranger}": known are ${Object.keys(KEYS).join(', ')}${remedy}`)
  }
  if (method !== undefined && (!isToken(String(method)) || String(method).toUpperCase() === 'CONNECT')) {
    throw new TypeError(`fetch cannot send the method ${method}`)
  }
  if (json !== undefined && body !== undefined) throw new TypeError('fetch takes `body` or `json`, not both')
  if (context !== undefined && !(context instanceof Context)) {
    throw new TypeError('fetch takes as `context` what hooks are given: fetch(url, { context })')
  }
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    throw new TypeError(`fetch takes as timeoutMs a number of milliseconds above 0, not ${timeoutMs}`)
  }
}

/** @param headers get the type of the body unless they name one */
function bodyOf({ body, json }: FetchInit, headers: HeaderList): Body {
  const typed = (type: string, text: string): string => {
    if (!headers.has('content-type')) headers.append('Content-Type', type)
    return text
  }
  if (json !== undefined) return typed('application/json', toJson(json))
  if (body instanceof URLSearchParams) return typed('application/x-www-form-urlencoded;charset=UTF-8', String(body))
  if (types.isAnyArrayBuffer(body)) return new Uint8Array(body)
  // Forms and lists can be iterated too, but not for bytes.
  if (body instanceof Uint8Array || body === null || typeof body !== 'object' || Symbol.asyncIterator in body) {
    return toBody(body)
  }
  throw new TypeError('fetch takes as body text, bytes, URLSearchParams or a stream; for JSON write `json: value`')
}

function toJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value)
  if (text === undefined) throw new TypeError(`fetch cannot send a ${typeof value} as JSON`)
  return text
}
