import { type Body, BodyStream, BodyTooLong, bodyBytes } from './body.ts'
import type { Context } from './context.ts'
import { HttpError } from './failure.ts'
import { HeaderList, type HeadersSource } from './headers.ts'
import { Query } from './query.ts'

/**
 * One step of the pipes that speak HTTP: server, router, endpoint and transport.
 *
 * @example
 * const measured = (next: Handler): Handler => async (request, context) => {
 *   const from = performance.now()
 *   const response = await next(request, context)
 *   times.record(performance.now() - from)
 *   return response
 * }
 */
export type Handler = (request: HttpRequest, context: Context) => Promise<HttpResponse>

/** Wraps the next step of an HTTP pipe. */
export type HttpStage = (next: Handler) => Handler

/**
 * Header fields that are no list yet: it is made when somebody asks for it.
 * @internal
 */
export interface LazyHeaders {
  list(): HeaderList
  get(name: string): string | null
}

/** How much of a body is read. */
export interface ReadLimit {
  /** More bytes are not kept: the reading rejects, and what has not come is given up. */
  readonly maxBytes?: number
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

  /**
   * Whether there is any header field; asks without making an empty list.
   * @internal
   */
  get hasHeaders(): boolean {
    return this.#headers !== null && this.headers.raw.length > 0
  }

  /**
   * One field; the same as `headers.get`, without making the list.
   * @internal
   */
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

  /**
   * The whole body, at once where it has arrived already. For the gateway's own steps; others use `bytes`.
   * @internal
   */
  whole(): Buffer | Promise<Buffer> {
    return this.allOf(this.#body)
  }

  /**
   * All bytes of a body; some messages read no more than they may.
   * @internal
   */
  protected allOf(body: Body): Buffer | Promise<Buffer> {
    return bodyBytes(body)
  }

  /**
   * The whole body. Can be called again. A body that is longer than `maxBytes` rejects: that of a request with an
   * `HttpError` of status 413, which answers the client so, that of a response with a `RangeError`.
   *
   * @example
   * const bytes = await request.bytes({ maxBytes: 65_536 })
   */
  async bytes({ maxBytes = Number.POSITIVE_INFINITY }: ReadLimit = {}): Promise<Buffer> {
    if (typeof maxBytes !== 'number' || !(maxBytes >= 0))
      throw new TypeError(`maxBytes is a number of bytes, 0 or more: not ${maxBytes}`)
    const bytes = await this.#all(maxBytes)
    if (bytes.length > maxBytes) throw this.tooLong(maxBytes)
    return bytes
  }

  #all(maxBytes: number): Buffer | Promise<Buffer> {
    if (this.#reading !== null) return this.#reading
    const limited = maxBytes !== Number.POSITIVE_INFINITY
    const body = limited ? this.body : this.#body // a limit counts what a compressed body holds
    if (!(body instanceof BodyStream)) return this.whole()
    if (body.declaredLength > maxBytes) throw this.tooLong(maxBytes) // untouched: others can still read it
    this.#reading = this.#read(body, maxBytes)
    return this.#reading
  }

  async #read(stream: BodyStream, maxBytes: number): Promise<Buffer> {
    try {
      const limited = maxBytes !== Number.POSITIVE_INFINITY
      const reading = limited ? (stream.takeWhole() ?? stream.read(maxBytes)) : this.whole()
      if (!(reading instanceof Promise)) {
        this.#body = reading
        return reading
      }
      const later = delivering(reading) // the next step need not wait for who reads
      this.#body = later
      const bytes = await reading
      if (this.#body === later) this.#body = bytes
      return bytes
    } catch (error) {
      throw error instanceof BodyTooLong ? this.tooLong(maxBytes) : error
    }
  }

  /**
   * What reading rejects with when there is more than may be read.
   * @internal
   */
  protected tooLong(maxBytes: number): Error {
    return new BodyTooLong(maxBytes)
  }

  /** The whole body as UTF-8 text. Can be called again; `limit` as for `bytes`. */
  async text(limit?: ReadLimit): Promise<string> {
    return typeof this.#body === 'string' && limit === undefined
      ? this.#body
      : (await this.bytes(limit)).toString('utf8')
  }

  /** The whole body, parsed. Rejects with `SyntaxError` when it is no JSON; `limit` as for `bytes`. */
  async json<T = unknown>(limit?: ReadLimit): Promise<T> {
    return JSON.parse(await this.text(limit)) as T
  }

  /** The whole body; `limit` as for `bytes`. */
  async arrayBuffer(limit?: ReadLimit): Promise<ArrayBuffer> {
    const bytes = await this.bytes(limit)
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

/** A stream of the bytes that somebody is reading. */
function delivering(reading: Promise<Uint8Array>): BodyStream {
  const start = (): void => {
    reading.then(
      (bytes) => {
        stream.push(bytes)
        stream.end()
      },
      (error: Error) => stream.fail(error),
    )
  }
  const stream: BodyStream = new BodyStream({ start, pause() {}, resume() {}, cancel() {} })
  return stream
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
 *
 * @example
 * request.path = request.path.replace('/v1/', '/v2/')
 * request.query.delete('debug')
 * const order = await request.json<Order>()
 */
export class HttpRequest extends Message {
  method: string
  /**
   * `http://host:port` of the upstream; empty for the client's request.
   * @internal
   */
  origin: string
  /**
   * Path and query as they stand on the request line, encoded.
   * @internal
   */
  target: string
  /** The address of the peer: the client, or the last proxy before the gateway. */
  readonly remoteAddress: string
  /** The port of the peer at that address; 0 when it is not known. */
  remotePort = 0
  /**
   * The body may be sent again when the upstream redirects; it is bytes or text then.
   * @internal
   */
  replayable = false
  /** Whether the client's request came by TLS over a connection of the gateway itself; always false for a call. */
  secure = false
  #query: Query | undefined

  /** @internal */
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
    copy.secure = this.secure
    copy.remotePort = this.remotePort
    return copy
  }

  /** @internal */
  protected override tooLong(maxBytes: number): Error {
    return tooLongRequest(maxBytes)
  }

  /**
   * Path and query with the changes that were made to `query`.
   * @internal
   */
  currentTarget(): string {
    if (this.#query?.changed) {
      const search = this.#query.toString()
      this.target = pathOf(this.target) + (search === '' ? '' : `?${search}`)
      this.#query.changed = false
    }
    return this.target
  }
}

/**
 * An answer between two steps of an HTTP pipe.
 *
 * @example
 * const response = await next(request, context)
 * if (response.ok) response.headers.set('Cache-Control', 'max-age=60')
 * return response
 * // or one of your own:
 * return new HttpResponse(204)
 */
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

/** What reading a request rejects with when there is more than may be read. */
export function tooLongRequest(maxBytes: number): HttpError {
  return new HttpError(413, `the body is longer than ${maxBytes} bytes`)
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
