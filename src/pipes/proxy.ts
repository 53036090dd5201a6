import type { Body } from './body.ts'
import type { Context } from './context.ts'
import type { ExactNumber } from './exact-number.ts'
import { HeaderList } from './headers.ts'
import { type HttpResponse, Message, splitUrl, tooLongRequest } from './http.ts'
import { Query } from './query.ts'

/**
 * One step of the pipes that handle data: proxy and backend.
 *
 * @example
 * const once: Proxy = (request, context) => next(request, context.withTimeout(500))
 */
export type Proxy = (request: ProxyRequest, context: Context) => Promise<ProxyResponse>

/** Wraps the next step of a data pipe. */
export type ProxyStage = (next: Proxy) => Proxy

/**
 * What an answer can hold: JSON, with numbers that a double cannot hold kept exactly.
 *
 * @example
 * const upper = (value: DataValue): DataValue => (typeof value === 'string' ? value.toUpperCase() : value)
 */
export type DataValue = null | boolean | number | string | ExactNumber | DataValue[] | DataObject

/**
 * An object of the data: fields by their names.
 *
 * @example
 * const data: DataObject = { total: 3, items: [{ id: 1 }, { id: 2 }] }
 */
export interface DataObject {
  [key: string]: DataValue
}

/**
 * What an endpoint asks of its backends. At the endpoint it holds what the allow-lists let pass of the client's request
 * (`origin` is empty); behind the URL building of a backend it is the call to come.
 *
 * @example
 * request.params.id = request.params.id?.toLowerCase() ?? ''
 * request.query.set('lang', 'en')
 * request.url = 'http://canary.internal/users/7' // at a backend: the call goes there
 */
export class ProxyRequest extends Message {
  method: string
  /** The path, encoded: the client's at the endpoint, that of the call at a backend. */
  path: string
  /** Path parameters of the endpoint by their name in the configuration, decoded. */
  params: Record<string, string>
  /** `http://host:port` (and base path) of the chosen host; empty before a host is chosen. */
  origin = ''
  /**
   * The part of the query that is sent as it is written (from `url_pattern`), without `?`.
   * @internal
   */
  fixedSearch = ''
  #query: Query | undefined
  #search: string

  constructor(
    method: string,
    path: string,
    params: Record<string, string>,
    query: Query | string = '',
    headers: HeaderList = new HeaderList(),
    body: Body = null,
  ) {
    super(headers, body)
    this.method = method
    this.path = path
    this.params = params
    this.#query = typeof query === 'string' ? undefined : query
    this.#search = typeof query === 'string' ? query : ''
  }

  /** The query strings that are forwarded, decoded. */
  get query(): Query {
    if (this.#query === undefined) this.#query = Query.parse(this.#search)
    return this.#query
  }

  set query(query: Query) {
    this.#query = query
  }

  /** The encoded query with both parts, without `?`. */
  get search(): string {
    const forwarded = this.#query === undefined ? this.#search : this.#query.toString()
    if (this.fixedSearch === '') return forwarded
    return forwarded === '' ? this.fixedSearch : `${this.fixedSearch}&${forwarded}`
  }

  /** Origin, path and query. Assigning an absolute URL changes where the call goes. */
  get url(): string {
    const search = this.search
    return this.origin + this.path + (search === '' ? '' : `?${search}`)
  }

  set url(url: string) {
    const { origin, target } = splitUrl(url)
    if (origin !== '') this.origin = origin
    const mark = target.indexOf('?')
    this.path = mark === -1 ? target : target.slice(0, mark)
    this.fixedSearch = ''
    this.#search = mark === -1 ? '' : target.slice(mark + 1)
    this.#query = undefined
  }

  /**
   * A request of its own that says the same: what is changed there is not changed here.
   * @throws TypeError when the body has not been read yet: `await request.bytes()` before
   */
  clone(): ProxyRequest {
    return this.fork(this.copiedBody())
  }

  /** @internal */
  protected override tooLong(maxBytes: number): Error {
    return tooLongRequest(maxBytes)
  }

  /**
   * A request of its own for one of several calls: headers, parameters and query are copied, the body is given.
   * @internal
   */
  fork(body: Body): ProxyRequest {
    const query = this.#query === undefined ? this.#search : this.#query.copy()
    const copy = new ProxyRequest(this.method, this.path, { ...this.params }, query, this.headers.copy(), body)
    copy.origin = this.origin
    copy.fixedSearch = this.fixedSearch
    return copy
  }
}

/**
 * What a backend, or all of them together, gave.
 *
 * @example
 * const response = await next(request, context)
 * if (response.data !== null) delete response.data.password
 * if (!response.complete) log.info(`missing: ${response.failures?.join(', ')}`)
 * return response
 */
export class ProxyResponse extends Message {
  /** The decoded, shaped data. Null when there was none (an upstream that answered `null`); ignored with no-op. */
  data: DataObject | null
  /** Whether every part is there. Only then `X-Krakend-Completed` is true and `Cache-Control` is sent. */
  complete: boolean
  /** The upstream's status with no-op; 0 otherwise, where the answer is 200. */
  status: number
  /** What failed although there is an answer: the backends that are missing in a partial one. */
  failures: readonly Error[] | null = null
  /**
   * What failed although its data tell of it (`return_error_details`): who counts failures counts it.
   * @internal
   */
  failureShown: Error | null = null
  /** An answer that goes to the client as it is, whatever the encoding: a plugin that answers by itself. */
  answer: HttpResponse | null = null

  constructor(
    data: DataObject | null,
    complete: boolean,
    status = 0,
    headers: HeaderList | null = null,
    body: Body = null,
  ) {
    super(headers, body)
    this.data = data
    this.complete = complete
    this.status = status
  }
}

/**
 * An answer that is given to several requests, where nothing stands between the call and the encoder that could change
 * it: it is decoded, shaped and encoded once.
 */
export class ReusedResponse extends ProxyResponse {
  /** The encoded answer, once there is one; the data is gone then. */
  encoded: { readonly fields: readonly string[]; readonly body: string } | null = null
}

/** Whether a value is an object with members, as opposed to a list, an exact number or a scalar. */
export function isDataObject(value: unknown): value is DataObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
