import { type Body, BodyStream, bodyBytes } from './body.ts'
import type { Context } from './context.ts'
import { HeaderList, type HeadersSource } from './headers.ts'
import { Query } from './query.ts'

/** One step of the pipes that speak HTTP: server, router, endpoint and transport. */
export type Handler = (request: HttpRequest, context: Context) => Promise<HttpResponse>

/** Wraps the next step of an HTTP pipe. */
export type HttpStage = (next: Handler) => Handler

/** Header fields that are no list yet: it is made when somebody asks for it. */
export interface LazyHeaders {
  list(): HeaderList
  get(name: string): string | null
}

/**
 * A message that carries a body. Reading is lazy and repeatable: the first `text`, `json` or `bytes` takes the stream,
 * the bytes are kept and are what goes on, so that reading never changes what the next step gets.
 */
export abstract class Message {
  #headers: HeaderList | LazyHeaders | null
  #body: Body
  /** The body being read; several readers at once get the same bytes. */
  #reading: Promise<Buffer> | null = null

  /** @param headers null: none, until somebody asks for the list */
  constructor(headers: HeaderList | LazyHeaders | null, body: Body) {
    this.#headers = headers
    this.#body = body
  }

  get headers(): HeaderList {
    const headers = this.#headers
    if (headers instanceof HeaderList) return headers
    const list = headers === null ? new HeaderList() : headers.list()
    this.#headers = list
    return list
  }

  /** Whether there is any header field; asks without making an empty list. */
  get hasHeaders(): boolean {
    return this.#headers !== null && this.headers.raw.length > 0
  }

  /** One field; the same as `headers.get`, without making the list. */
  header(name: string): string | null {
    return this.#headers === null ? null : this.#headers.get(name)
  }

  /** Anything that headers can be made of may be assigned. */
  set headers(source: HeadersSource) {
    this.#headers = source instanceof HeaderList ? source : HeaderList.from(source)
  }

  /** The body as it is now: null, text, bytes, or a stream nobody has read. */
  get body(): Body {
    return this.#body
  }

  /** Text, bytes, null, or anything that yields chunks (a generator, a web or Node stream). */
  set body(body: Body | AsyncIterable<Uint8Array | string>) {
    this.#body = toBody(body)
    this.#reading = null
    if (this.headers.has('content-length')) this.headers.delete('content-length')
  }

  /** The whole body, at once where it has arrived already. For the gateway's own steps; others use `bytes`. */
  whole(): Buffer | Promise<Buffer> {
    return bodyBytes(this.#body)
  }

  /** The whole body. Can be called again. */
  bytes(): Promise<Buffer> {
    if (!(this.#body instanceof BodyStream)) return Promise.resolve(this.whole())
    this.#reading ??= this.#read(this.#body)
    return this.#reading
  }

  async #read(stream: BodyStream): Promise<Buffer> {
    const bytes = await this.whole()
    if (this.#body === stream) this.#body = bytes
    return bytes
  }

  /** The whole body as UTF-8 text. Can be called again. */
  async text(): Promise<string> {
    return typeof this.#body === 'string' ? this.#body : (await this.bytes()).toString('utf8')
  }

  /** The whole body, parsed. Rejects with `SyntaxError` when it is no JSON. */
  async json<T = unknown>(): Promise<T> {
    return JSON.parse(await this.text()) as T
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.bytes()
    return new Uint8Array(bytes).buffer
  }

  /**
   * The body for a copy of this message; both then have it.
   * @throws TypeError for a stream, which is there once
   */
  protected copiedBody(): Body {
    const { body } = this
    if (!(body instanceof BodyStream)) return body
    throw new TypeError('a body that has not been read cannot be cloned: write `await message.bytes()` before')
  }
}

/**
 * Makes a body of what an author may give.
 * @throws TypeError for anything else, at the line of the author
 */
export function toBody(body: Body | undefined | AsyncIterable<Uint8Array | string>): Body {
  if (body === null || body === undefined) return null
  if (typeof body === 'string' || body instanceof Uint8Array || body instanceof BodyStream) return body
  if (typeof body === 'object' && (Symbol.asyncIterator in body || Symbol.iterator in body))
    return BodyStream.from(body)
  throw new TypeError('a body must be text, bytes, null or a stream of them; write JSON.stringify(value) for JSON')
}

/**
 * A request between two steps of an HTTP pipe. At the server and the endpoint it is the client's (`origin` is empty,
 * `url` is path and query); at the transport it is the one for the upstream (`url` is absolute).
 */
export class HttpRequest extends Message {
  method: string
  /** `http://host:port` of the upstream; empty for the client's request. */
  origin: string
  /** Path and query as they stand on the request line, encoded. */
  target: string
  /** The address of the peer: the client, or the last proxy before the gateway. */
  readonly remoteAddress: string
  /** The body may be sent again when the upstream redirects; it is bytes or text then. */
  replayable = false
  #query: Query | undefined

  constructor(method: string, target: string, headers: HeaderList, body: Body = null, origin = '', remoteAddress = '') {
    super(headers, body)
    this.method = method
    this.target = target
    this.origin = origin
    this.remoteAddress = remoteAddress
  }

  get url(): string {
    return this.origin + this.currentTarget()
  }

  /** An absolute URL changes the origin too; anything else is path and query. */
  set url(url: string) {
    const { origin, target } = splitUrl(url)
    if (origin !== '') this.origin = origin
    this.target = target
    this.#query = undefined
  }

  /** The path, encoded, without the query. */
  get path(): string {
    return pathOf(this.target)
  }

  set path(path: string) {
    this.target = path + searchOf(this.currentTarget())
    this.#query = undefined
  }

  /** The query, decoded. Changes to it go into `url`. */
  get query(): Query {
    this.#query ??= Query.parse(searchOf(this.target).slice(1))
    return this.#query
  }

  /**
   * A request of its own that says the same: what is changed there is not changed here.
   * @throws TypeError when the body has not been read yet: `await request.bytes()` before
   */
  clone(): HttpRequest {
    const { method, origin, remoteAddress } = this
    const copy = new HttpRequest(
      method,
      this.currentTarget(),
      this.headers.copy(),
      this.copiedBody(),
      origin,
      remoteAddress,
    )
    copy.replayable = this.replayable
    return copy
  }

  /** Path and query with the changes that were made to `query`. */
  currentTarget(): string {
    if (this.#query?.changed) {
      const search = this.#query.toString()
      this.target = pathOf(this.target) + (search === '' ? '' : `?${search}`)
      this.#query.changed = false
    }
    return this.target
  }
}

/** An answer between two steps of an HTTP pipe. */
export class HttpResponse extends Message {
  status: number
  /** Fields after the body (RFC 9110, section 6.5), as `[name, value, …]`. */
  trailers: string[] | null = null

  constructor(status: number, headers: HeaderList | LazyHeaders | null = null, body: Body = null) {
    super(headers, body)
    this.status = status
  }

  /** Whether the status is one of success: 200 to 299. */
  get ok(): boolean {
    return this.status >= 200 && this.status <= 299
  }

  /**
   * An answer of its own that says the same: for a cache that gives the same answer several times.
   * @throws TypeError when the body has not been read yet: `await response.bytes()` before
   */
  clone(): HttpResponse {
    const copy = new HttpResponse(this.status, this.headers.copy(), this.copiedBody())
    copy.trailers = this.trailers?.slice() ?? null
    return copy
  }

  /** An answer that holds `data` as JSON. */
  static json(data: unknown, init: { status?: number; headers?: HeadersSource } = {}): HttpResponse {
    const headers = HeaderList.from(init.headers)
    if (!headers.has('content-type')) headers.append('Content-Type', 'application/json; charset=utf-8')
    return new HttpResponse(init.status ?? 200, headers, JSON.stringify(data))
  }
}

/** Cuts a URL into `http://host:port` (empty when it has none) and path with query. The fragment is dropped. */
export function splitUrl(url: string): { origin: string; target: string } {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i.exec(url)
  const origin = scheme?.[0] ?? ''
  let target = url.slice(origin.length)
  const fragment = target.indexOf('#')
  if (fragment !== -1) target = target.slice(0, fragment)
  if (!target.startsWith('/')) target = `/${target}`
  return { origin, target }
}

function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark === -1 ? target : target.slice(0, mark)
}

function searchOf(target: string): string {
  const mark = target.indexOf('?')
  return mark === -1 ? '' : target.slice(mark)
}
