import type { Socket } from 'node:net'
import type { Dispatcher } from 'undici'
import openTunnel from 'undici/lib/api/api-connect.js'
import buildConnector from 'undici/lib/core/connect.js'
import Client from 'undici/lib/dispatcher/client.js'
import Pool from 'undici/lib/dispatcher/pool.js'
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js'
import type { UpstreamOptions } from '../config/model.ts'
import { type BodySource, BodyStream } from '../pipes/body.ts'
import type { Cancellable, Context } from '../pipes/context.ts'
import { Failure } from '../pipes/failure.ts'
import { sameName } from '../pipes/headers.ts'
import type { Handler, HttpRequest, HttpResponse } from '../pipes/http.ts'
import type { HttpClient } from './client.ts'
import { proxyFor } from './environment-proxy.ts'
import { follow, isRedirect } from './redirects.ts'
import { UpstreamResponse } from './upstream-response.ts'

const NEVER_MS = 2 ** 31 - 1
const TLS_HANDSHAKE_MS = 10_000

/** The call did not reach the upstream, or broke off: refused, reset, no such host, not HTTP. */
export class UpstreamUnreachable extends Failure {
  override name = 'UpstreamUnreachable'
}

/** An HTTP client with a pool of connections per origin, on undici. */
export function createUndiciClient(options: UpstreamOptions, env: NodeJS.ProcessEnv = process.env): HttpClient {
  const pools = new Map<string, OriginPool>()
  const idle: IdleBudget = { limit: options.maxIdleConnections || Number.POSITIVE_INFINITY, open: 0, active: 0 }

  const poolFor = (origin: string): OriginPool => {
    let pool = pools.get(origin)
    if (pool === undefined) {
      pool = new OriginPool(origin, options, idle, env)
      pools.set(origin, pool)
    }
    return pool
  }

  const send = (request: HttpRequest, context: Context, once: Handler | null): Promise<HttpResponse> =>
    new Promise((resolve, reject) => {
      if (context.cancelled !== null) return reject(context.cancelled)
      let pool: OriginPool
      try {
        pool = poolFor(request.origin)
      } catch (cause) {
        return reject(new UpstreamUnreachable(`invalid host ${request.origin}: ${(cause as Error).message}`, { cause }))
      }
      new Call(pool, request, context, once, resolve, reject).dispatch()
    })
  const once: Handler = (request, context) => send(request, context, null)

  return {
    handle: (request, context) => send(request, context, once),
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.dispatcher.destroy()))
      pools.clear()
    },
  }
}

/** Idle connections over all origins, to be kept under `max_idle_connections`. */
interface IdleBudget {
  readonly limit: number
  open: number
  active: number
}

/** One connection: undici gives each to a client of its own. */
interface Connection {
  /** Answers that came over the present socket; more than 0 means that it is being reused. */
  served: number
  /** Calls that were given to it and are not over. */
  busy: number
  drop: () => void
}

/** All connections to one origin. */
class OriginPool {
  readonly dispatcher: Dispatcher
  readonly options: UpstreamOptions
  readonly idle: IdleBudget
  /** Fields for a proxy that forwards plain HTTP; null when the upstream is called directly or through a tunnel. */
  readonly forward: readonly string[] | null = null
  open = 0
  active = 0

  constructor(origin: string, options: UpstreamOptions, idle: IdleBudget, env: NodeJS.ProcessEnv) {
    this.options = options
    this.idle = idle
    const proxy = proxyFor(origin, env)
    const keepAliveMs = options.idleConnectionTimeoutMs || NEVER_MS
    const common = {
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      headersTimeout: 0, // the deadlines of the endpoints hold
      bodyTimeout: 0,
      pipelining: 1,
    }
    if (proxy !== undefined && origin.startsWith('https:')) {
      const timeout = options.dialerTimeoutMs || 0
      const requestTls = { timeout: TLS_HANDSHAKE_MS, rejectUnauthorized: !options.allowInsecureConnections }
      this.dispatcher = new ProxyAgent({
        ...{ uri: proxy, proxyTls: { timeout }, requestTls, ...common },
        // `connect` is put on dispatchers by the index of undici, which is not loaded.
        clientFactory: (url, poolOptions) => Object.assign(new Pool(url, poolOptions), { connect: openTunnel }),
      })
      return
    }
    if (proxy !== undefined) this.forward = forwardingOf(origin, proxy)
    this.dispatcher = new Pool(proxy === undefined ? origin : new URL(proxy).origin, {
      ...common,
      connections: null,
      factory: (url, clientOptions) => new TrackedClient(url, clientOptions as Client.Options, this),
    })
  }

  /** Counts a call that ends, and closes its connection when more than allowed would stay idle. */
  release(connection: Connection | null): void {
    this.active--
    this.idle.active--
    if (connection === null) return
    connection.served++
    connection.busy--
    const idleHere = this.open - this.active
    if (idleHere > this.options.maxIdleConnectionsPerHost || this.idle.open - this.idle.active > this.idle.limit) {
      setImmediate(dropIdle, connection)
    }
  }

  opened(): void {
    this.open++
    this.idle.open++
  }

  closed(): void {
    this.open--
    this.idle.open--
  }
}

/** What a request for a forwarding proxy holds beside the absolute URL (RFC 9112, section 3.2.2). */
function forwardingOf(origin: string, proxy: string): string[] {
  const fields = ['Host', new URL(origin).host]
  const { username, password } = new URL(proxy)
  if (username === '') return fields
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  return [...fields, 'Proxy-Authorization', `Basic ${credentials.toString('base64')}`]
}

/** The next call may have taken the connection meanwhile; it is looked at again after that one. */
function dropIdle(connection: Connection): void {
  if (connection.busy === 0) connection.drop()
}

/** A client that tells its calls which connection they went over. */
class TrackedClient extends Client {
  readonly connection: Connection = { served: 0, busy: 0, drop: () => {} }

  constructor(origin: string | URL, clientOptions: Client.Options, pool: OriginPool) {
    const connection: Connection = { served: 0, busy: 0, drop: () => {} }
    super(origin, { ...clientOptions, connect: trackedConnector(pool, connection) })
    this.connection = connection
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (handler instanceof Call) handler.givenTo(this.connection)
    return super.dispatch(options, handler)
  }
}

function trackedConnector(pool: OriginPool, connection: Connection): buildConnector.connector {
  const { options } = pool
  const connect = buildConnector({
    timeout: options.dialerTimeoutMs || 0,
    keepAlive: options.dialerKeepAliveMs > 0,
    keepAliveInitialDelay: options.dialerKeepAliveMs,
    autoSelectFamily: true,
    // without a delay the next address is tried only when one has failed
    autoSelectFamilyAttemptTimeout: Math.max(10, Math.ceil(options.dialerFallbackDelayMs || NEVER_MS)),
    rejectUnauthorized: !options.allowInsecureConnections,
  } as buildConnector.BuildOptions)
  const withTls = buildConnector({
    timeout: options.dialerTimeoutMs ? options.dialerTimeoutMs + TLS_HANDSHAKE_MS : TLS_HANDSHAKE_MS,
    keepAlive: options.dialerKeepAliveMs > 0,
    keepAliveInitialDelay: options.dialerKeepAliveMs,
    rejectUnauthorized: !options.allowInsecureConnections,
  } as buildConnector.BuildOptions)
  return (target, callback) => {
    const open = target.protocol === 'https:' ? withTls : connect
    open(target, (...result) => {
      const socket = result[1]
      if (socket) {
        connection.served = 0
        connection.drop = () => socket.destroy()
        pool.opened()
        withoutKeepAliveField(socket)
        socket.once('close', () => pool.closed())
      }
      ;(callback as (...result: unknown[]) => void)(...result)
    })
  }
}

const KEEP_ALIVE_FIELD = 'connection: keep-alive\r\n'

/**
 * undici sends `Connection: keep-alive` with each request, which says what HTTP/1.1 means anyway (RFC 9112, section 9.3)
 * and what the reference does not send. Heads are the only text that it writes.
 */
function withoutKeepAliveField(socket: Socket): void {
  const write = socket.write as (...args: unknown[]) => boolean
  socket.write = (chunk: unknown, ...rest: unknown[]) =>
    write.call(socket, typeof chunk === 'string' ? chunk.replace(KEEP_ALIVE_FIELD, '') : chunk, ...rest)
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** One call on its way: undici's handler, and what a context stops when its time is up. */
class Call implements Cancellable, BodySource {
  #connection: Connection | null = null
  readonly #pool: OriginPool
  readonly #request: HttpRequest
  readonly #context: Context
  /** Sends the requests that redirects lead to; null where they are not followed. */
  readonly #once: Handler | null
  readonly #asksForGzip: boolean
  #resolve: (response: HttpResponse | Promise<HttpResponse>) => void
  #reject: (error: Error) => void
  #controller: Dispatcher.DispatchController | null = null
  #body: BodyStream | null = null
  #cancelled: Error | null = null
  #headerTimer: NodeJS.Timeout | null = null
  #repeated = false
  #reused = false
  #over = false

  constructor(
    pool: OriginPool,
    request: HttpRequest,
    context: Context,
    once: Handler | null,
    resolve: (response: HttpResponse | Promise<HttpResponse>) => void,
    reject: (error: Error) => void,
  ) {
    this.#pool = pool
    this.#request = request
    this.#context = context
    this.#once = once
    this.#asksForGzip = !pool.options.disableCompression && mayAskForGzip(request)
    this.#resolve = resolve
    this.#reject = reject
    pool.active++
    pool.idle.active++
    context.attach(this)
  }

  /** The connection it will go over; another one when it is repeated. */
  givenTo(connection: Connection): void {
    if (this.#connection !== null) this.#connection.busy--
    this.#connection = connection
    connection.busy++
  }

  dispatch(): void {
    const request = this.#request
    const { options } = this.#pool
    const { body } = request
    const { forward } = this.#pool
    if (options.responseHeaderTimeoutMs > 0 && this.#headerTimer === null) {
      const limit = options.responseHeaderTimeoutMs
      this.#headerTimer = setTimeout(
        () => this.cancel(new Failure(`no answer within ${limit}ms (response_header_timeout)`)),
        limit,
      )
    }
    try {
      this.#pool.dispatcher.dispatch(
        {
          origin: request.origin,
          path: forward === null ? request.currentTarget() : request.url,
          method: request.method as Dispatcher.HttpMethod,
          headers: this.#headers(),
          // as a plain iterator: undici would take the stream's own methods for those of a Node stream
          body: (body instanceof BodyStream
            ? body[Symbol.asyncIterator]()
            : body) as Dispatcher.DispatchOptions['body'],
          reset: options.disableKeepAlives,
        } as Dispatcher.DispatchOptions,
        this,
      )
    } catch (cause) {
      this.#fail(cause as Error)
    }
  }

  /** The request's fields, and what the call itself adds. */
  #headers(): string[] {
    const { headers, body } = this.#request
    const { forward } = this.#pool
    const fields = headers.raw.slice()
    if (this.#asksForGzip) fields.push('Accept-Encoding', 'gzip')
    if (body instanceof BodyStream && body.declaredLength >= 0)
      fields.push('Content-Length', String(body.declaredLength))
    if (forward !== null) fields.push(...forward)
    return fields
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  cancel(reason: Error): void {
    if (this.#over) return
    this.#cancelled ??= reason
    if (this.#controller !== null) this.#controller.abort(reason)
    else this.#fail(reason) // still waiting for a connection; undici is told when it gets one
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#reused = this.#connection !== null && this.#connection.served > 0
    if (this.#cancelled !== null) controller.abort(this.#cancelled)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#over) return
    if (this.#headerTimer !== null) clearTimeout(this.#headerTimer)
    const length = headers['content-length']
    const body = new BodyStream(this, typeof length === 'string' ? Number(length) : -1)
    this.#body = body
    const raw = (controller as unknown as { rawHeaders: Buffer[] }).rawHeaders
    const response = new UpstreamResponse(status, raw, headers, body)
    if (this.#asksForGzip && isGzip(headers['content-encoding'])) response.decodeGzip()
    const redirected = this.#once !== null && isRedirect(status)
    this.#resolve(redirected ? follow(this.#once as Handler, this.#request, this.#context, response) : response)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.push(chunk)
  }

  onResponseEnd(): void {
    this.#end()
    this.#body?.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#mayRepeat(error)) {
      this.#repeated = true
      this.#controller = null
      this.dispatch()
    } else this.#fail(this.#cancelled ?? explain(error, this.#request))
  }

  /** An idempotent call over a kept connection that the upstream closed meanwhile is sent once more (RFC 9110, 9.2.2). */
  #mayRepeat(error: Error): boolean {
    if (this.#repeated || !this.#reused || this.#body !== null || this.#cancelled !== null || this.#over) return false
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'UND_ERR_SOCKET' && code !== 'ECONNRESET' && code !== 'EPIPE') return false
    return IDEMPOTENT.has(this.#request.method) && !(this.#request.body instanceof BodyStream)
  }

  #fail(error: Error): void {
    if (this.#over) return
    this.#end()
    if (this.#body !== null) this.#body.fail(error)
    else this.#reject(error)
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    if (this.#headerTimer !== null) clearTimeout(this.#headerTimer)
    this.#context.detach(this)
    this.#pool.release(this.#connection)
  }
}

/** Asks for gzip where the request names no encoding of its own and wants the whole. Specification: core 2.2, 4.2. */
function mayAskForGzip({ method, headers: { raw } }: HttpRequest): boolean {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length === 15 && sameName(name, 'accept-encoding')) return false
    if (name.length === 5 && sameName(name, 'range')) return false
  }
  return method !== 'HEAD'
}

function isGzip(encoding: string | string[] | undefined): boolean {
  return typeof encoding === 'string' && encoding.toLowerCase() === 'gzip'
}

/** The error of the connection as the log tells it; clients read no address of an upstream. */
function explain(error: Error, request: HttpRequest): Error {
  if (error instanceof Failure) return error
  const { code } = error as NodeJS.ErrnoException
  const host = request.origin
  const reason =
    code === 'ECONNREFUSED'
      ? 'connection refused'
      : code === 'ENOTFOUND' || code === 'EAI_AGAIN'
        ? 'no such host'
        : code === 'UND_ERR_SOCKET' || code === 'ECONNRESET'
          ? 'connection reset by peer'
          : code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT'
            ? 'connection timed out'
            : error.message
  const failure = new UpstreamUnreachable(`${request.method} ${host}${request.path}: ${reason}`, { cause: error })
  return Object.assign(failure, { publicText: `upstream not reachable: ${reason}` })
}
