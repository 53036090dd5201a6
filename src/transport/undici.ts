import type { Socket } from 'node:net'
import { buildConnector, Client, type Dispatcher, Pool, ProxyAgent } from 'undici'
import type { UpstreamOptions } from '../config/model.ts'
import { BodyStream } from '../pipes/body.ts'
import type { Cancellable, Context } from '../pipes/context.ts'
import { Failure } from '../pipes/failure.ts'
import type { HttpRequest, HttpResponse } from '../pipes/http.ts'
import type { HttpClient } from './client.ts'
import { proxyFor } from './environment-proxy.ts'
import { UpstreamResponse } from './upstream-response.ts'

const NEVER_MS = 2 ** 31 - 1
const TLS_HANDSHAKE_MS = 10_000
const DEFAULT_KEEP_ALIVE_MS = 15_000
const DEFAULT_FALLBACK_DELAY_MS = 300

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

  return {
    handle: (request, context) =>
      new Promise((resolve, reject) => {
        if (context.cancelled !== null) return reject(context.cancelled)
        let pool: OriginPool
        try {
          pool = poolFor(request.origin)
        } catch (cause) {
          return reject(
            new UpstreamUnreachable(`invalid host ${request.origin}: ${(cause as Error).message}`, { cause }),
          )
        }
        new Call(pool, request, context, resolve, reject).dispatch()
      }),
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
  drop: () => void
}

/** All connections to one origin. */
class OriginPool {
  readonly dispatcher: Dispatcher
  readonly options: UpstreamOptions
  readonly idle: IdleBudget
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
    if (proxy !== undefined) {
      this.dispatcher = new ProxyAgent({ uri: proxy, proxyTunnel: origin.startsWith('https:'), ...common })
      return
    }
    this.dispatcher = new Pool(origin, {
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
    const idleHere = this.open - this.active
    if (idleHere > this.options.maxIdleConnectionsPerHost || this.idle.open - this.idle.active > this.idle.limit) {
      setImmediate(connection.drop)
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

/** A client that tells its calls which connection they went over. */
class TrackedClient extends Client {
  readonly connection: Connection = { served: 0, drop: () => {} }

  constructor(origin: string | URL, clientOptions: Client.Options, pool: OriginPool) {
    const connection: Connection = { served: 0, drop: () => {} }
    super(origin, { ...clientOptions, connect: trackedConnector(pool, connection) })
    this.connection = connection
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (handler instanceof Call) handler.connection = this.connection
    return super.dispatch(options, handler)
  }
}

function trackedConnector(pool: OriginPool, connection: Connection): buildConnector.connector {
  const { options } = pool
  const connect = buildConnector({
    timeout: options.dialerTimeoutMs || 0,
    keepAlive: true,
    keepAliveInitialDelay: options.dialerKeepAliveMs || DEFAULT_KEEP_ALIVE_MS,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.max(10, options.dialerFallbackDelayMs || DEFAULT_FALLBACK_DELAY_MS),
    rejectUnauthorized: !options.allowInsecureConnections,
  } as buildConnector.BuildOptions)
  const withTls = buildConnector({
    timeout: options.dialerTimeoutMs ? options.dialerTimeoutMs + TLS_HANDSHAKE_MS : TLS_HANDSHAKE_MS,
    keepAlive: true,
    keepAliveInitialDelay: options.dialerKeepAliveMs || DEFAULT_KEEP_ALIVE_MS,
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
class Call implements Cancellable {
  connection: Connection | null = null
  readonly #pool: OriginPool
  readonly #request: HttpRequest
  readonly #context: Context
  #resolve: (response: HttpResponse) => void
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
    resolve: (response: HttpResponse) => void,
    reject: (error: Error) => void,
  ) {
    this.#pool = pool
    this.#request = request
    this.#context = context
    this.#resolve = resolve
    this.#reject = reject
    pool.active++
    pool.idle.active++
    context.attach(this)
  }

  dispatch(): void {
    const request = this.#request
    const { options } = this.#pool
    const body = request.body
    const headers = request.headers.raw
    if (options.responseHeaderTimeoutMs > 0) {
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
          path: request.currentTarget(),
          method: request.method as Dispatcher.HttpMethod,
          headers:
            body instanceof BodyStream && body.declaredLength >= 0 ? withLength(headers, body.declaredLength) : headers,
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

  cancel(reason: Error): void {
    if (this.#over) return
    this.#cancelled ??= reason
    if (this.#controller !== null) this.#controller.abort(reason)
    else this.#fail(reason) // still waiting for a connection; undici is told when it gets one
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#reused = this.connection !== null && this.connection.served > 0
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
    const body = new BodyStream(
      {
        pause: () => controller.pause(),
        resume: () => controller.resume(),
        cancel: (reason) => this.cancel(reason),
      },
      typeof length === 'string' ? Number(length) : -1,
    )
    this.#body = body
    const raw = (controller as unknown as { rawHeaders: Buffer[] }).rawHeaders
    this.#resolve(new UpstreamResponse(status, raw, headers, body))
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
    this.#pool.release(this.connection)
  }
}

function withLength(headers: readonly string[], length: number): string[] {
  return [...headers, 'Content-Length', String(length)]
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
