import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'
import { Server as NetServer } from 'node:net'
import type { GatewayConfig } from '../config/model.ts'
import { BodyStream } from '../pipes/body.ts'
import { LONGEST_TIMER_MS } from '../pipes/clock.ts'
import { ClientGone } from '../pipes/failure.ts'
import { type HttpRequest, HttpResponse } from '../pipes/http.ts'
import type { Logger } from '../telemetry/logger.ts'
import { Connection, type ConnectionSocket, Exchange, guard, type Served, Tenure } from './exchange.ts'
import { guardReading, openSession, resetStream, toStreamRequest } from './http2.ts'
import { toHttpRequest } from './incoming.ts'
import { writeResponse } from './outgoing.ts'
import { createSecureServer, type SecureServer } from './secure.ts'
import { writeToStream } from './stream-answer.ts'
import type { TlsSource } from './tls.ts'

export type { Served } from './exchange.ts'

// Not by `import`, which evaluates every export of the module: `http.WebSocket` alone loads Node's own copy of undici,
// 25 ms and some megabytes in every thread.
const { createServer } = process.getBuiltinModule('node:http')

/** A gateway that answers no new requests. */
export interface Retired {
  readonly gateway: Served
  /** Resolves when its last request has been answered. */
  readonly drained: Promise<void>
}

/** An open port. */
export interface Listener {
  readonly port: number
  /** Requests that are being answered now. */
  readonly active: number
  /**
   * From the next request on another gateway answers, and writes to another log when one is given. Timeouts and limits
   * of `gateway.config.server` count from now on, `max_header_bytes` for new connections. The port stays as it is.
   */
  swap(gateway: Served, log?: Logger): Retired
  /** The descriptor of the listening socket; null when there is none. */
  readonly fd: number | null
  /**
   * Stops accepting; resolves when the requests under way are answered and all connections closed.
   * @param hurry until it resolves, connections on which nothing is being answered stay open, for a request may be on its
   *   way; the answer to that closes them. By default they are closed at once
   */
  close(hurry?: Promise<unknown>): Promise<void>
  /** Closes all connections at once. */
  destroy(): void
}

/** Where to listen. */
export interface Address {
  /** 0 takes a free one. */
  readonly port: number
  /** Empty: all addresses, IPv6 and IPv4. */
  readonly host: string
  /** Several threads listen on the same port. */
  readonly reusePort: boolean
}

const HEADER_SLACK_BYTES = 4096
const DEFAULT_HEADER_BYTES = 1024 * 1024
const CHECK_INTERVAL_MS = 1_000
/** While the server drains: how often it looks for connections that are free now. */
const SWEEP_MS = 50
/** After this a connection on which nothing is being answered is closed, even amid a request that has not arrived. */
const DRAIN_GRACE_MS = 500

/** Opens a port and serves a gateway on it. Rejects with the system's error when the port cannot be had. */
export function listen(gateway: Served, address: Address, log: Logger): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = new HttpServer(gateway, log)
    server.http.once('error', reject)
    const where = {
      port: address.port,
      reusePort: address.reusePort,
      ...(address.host === '' ? {} : { host: address.host }),
    }
    server.http.listen(where, () => {
      server.http.off('error', reject)
      server.http.on('error', (error) => server.log.error(`[SERVICE: Gin] ${error.message}`))
      gateway.begin?.()
      resolve(server)
    })
  })
}

class HttpServer implements Listener {
  readonly http: Server | HttpsServer
  /** Null: plain HTTP. */
  readonly #secure: SecureServer | null
  active = 0
  #tenure: Tenure
  #draining = false
  readonly #connections = new Set<Connection>()
  log: Logger

  constructor(gateway: Served, log: Logger) {
    this.#tenure = new Tenure(gateway)
    this.log = log
    const options = serverOptions(gateway.config)
    this.#secure = gateway.tls ? this.#createSecure(gateway.tls, options) : null
    this.http = this.#secure?.http ?? createServer(options)
    if (this.#secure === null) this.http.on('connection', (socket: ConnectionSocket) => this.#open(socket))
    this.http.on('request', (incoming, outgoing) => void this.#serve(incoming, outgoing))
  }

  #createSecure(tls: TlsSource, options: ServerOptions): SecureServer {
    return createSecureServer(tls, options, {
      opened: (socket) => this.#open(socket),
      http2: (socket) => this.#openHttp2(socket),
      log: () => this.log,
    })
  }

  get port(): number {
    const address = this.http.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  get fd(): number | null {
    const { _handle: handle } = this.http as { readonly _handle?: { readonly fd?: number } | null }
    return handle?.fd ?? null
  }

  swap(gateway: Served, log: Logger = this.log): Retired {
    const before = this.#tenure
    this.#tenure = new Tenure(gateway)
    this.log = log
    gateway.begin?.()
    if (gateway.tls) this.#secure?.use(gateway.tls)
    const { maxHeaderSize, requestTimeout, headersTimeout, keepAliveTimeout } = serverOptions(gateway.config)
    Object.assign(this.http, { maxHeaderSize, requestTimeout, headersTimeout, keepAliveTimeout })
    return { gateway: before.gateway, drained: before.end() }
  }

  close(hurry?: Promise<unknown>): Promise<void> {
    this.#draining = true
    let hurriesSince = hurry === undefined ? performance.now() : Number.POSITIVE_INFINITY
    void hurry?.then(() => {
      hurriesSince = performance.now()
    })
    const sweep = (): void => {
      const passed = performance.now() - hurriesSince
      if (passed >= 0) this.#sweep(passed > DRAIN_GRACE_MS)
    }
    for (const { session } of this.#connections) session?.close()
    return new Promise((resolve) => {
      const timer = setInterval(sweep, SWEEP_MS)
      // Not the close of `http`: that cuts off answers that are written, but that their clients have not read yet.
      NetServer.prototype.close.call(this.http, () => {
        clearInterval(timer)
        this.http.close() // ends its timer
        resolve()
      })
      sweep()
    })
  }

  /**
   * Closes what became free: an answer whose head was sent before the drain began leaves its connection open.
   * @param all also connections amid a request of which too little has arrived to be answered, or the rest of whose body
   *   nobody waits for: their clients could hold up the end as long as they like
   */
  #sweep(all: boolean): void {
    let unread = false
    for (const { active, socket } of this.#connections) {
      if (active > 0) continue
      if (socket.writableLength > 0) unread = true
      else if (all) socket.destroy()
    }
    if (all) this.#secure?.dropHandshakes()
    if (!unread) this.http.closeIdleConnections() // takes connections with an answer that is not read yet for idle ones
  }

  #open(socket: ConnectionSocket): Connection {
    const connection = new Connection(socket)
    socket.connection = connection
    this.#connections.add(connection)
    socket.once('close', () => {
      this.#connections.delete(connection)
      connection.cancel(new ClientGone())
    })
    return connection
  }

  destroy(): void {
    this.http.close()
    this.http.closeAllConnections()
    if (this.#secure === null) return
    this.#secure.dropHandshakes()
    for (const { socket } of this.#connections) socket.destroy()
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const connection = (incoming.socket as ConnectionSocket).connection ?? this.#open(incoming.socket)
    const tenure = this.#tenure
    const exchange = new Exchange(this, tenure, connection, incoming)
    if (tenure.writeDeadlines !== null) guard(tenure.writeDeadlines, outgoing, () => connection.socket.destroy())
    try {
      const request = toHttpRequest(incoming, connection.clientAddress)
      if (this.#secure !== null) request.secure = true
      const response = await tenure.gateway.handle(request, exchange)
      if (this.#draining) outgoing.shouldKeepAlive = false
      this.#answer(response, outgoing, writeResponse, exchange)
    } catch (error) {
      this.#failed(error, outgoing, exchange)
    }
  }

  #openHttp2(socket: ConnectionSocket): void {
    const connection = socket.connection ?? this.#open(socket)
    const { config } = this.#tenure.gateway
    const { keepAliveTimeout, maxHeaderSize } = serverOptions(config)
    const session = openSession(connection, { maxHeaderSize, idleMs: keepAliveTimeout })
    connection.session = session
    session.on('stream', (stream, _headers, flags, raw) => {
      const request = toStreamRequest(stream, flags, raw, connection.clientAddress, maxHeaderSize)
      if (request !== null) void this.#serveStream(stream, request, connection)
    })
  }

  async #serveStream(stream: ServerHttp2Stream, request: HttpRequest, connection: Connection): Promise<void> {
    const tenure = this.#tenure
    const exchange = new Exchange(this, tenure, connection, { method: request.method, url: request.target })
    stream.once('close', () => exchange.abandon())
    if (tenure.writeDeadlines !== null) guard(tenure.writeDeadlines, stream, () => resetStream(stream))
    if (tenure.readDeadlines !== null && request.body !== null) guardReading(tenure.readDeadlines, stream)
    try {
      const response = await tenure.gateway.handle(request, exchange)
      if (this.#draining) connection.session?.close() // one that was opened after the drain had begun
      this.#answer(response, stream, writeToStream, exchange)
    } catch (error) {
      this.#failed(error, stream, exchange)
    }
  }

  #failed(error: unknown, outgoing: Outgoing, exchange: Exchange): void {
    this.log.critical(`[SERVICE: Gin] ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    outgoing.destroy()
    exchange.finish()
  }

  #answer<Out extends Outgoing>(
    response: HttpResponse,
    outgoing: Out,
    write: (response: HttpResponse, outgoing: Out, exchange: Exchange) => void,
    exchange: Exchange,
  ): void {
    try {
      exchange.status = response.status
      if (response.status < 200) throw new RangeError(`${response.status} is not the status of a final answer`)
      write(response, outgoing, exchange)
    } catch (error) {
      if (outgoing.headersSent) throw error
      exchange.status = 500
      exchange.unsendable(error as Error)
      if (response.body instanceof BodyStream) response.body.cancel(error as Error)
      write(new HttpResponse(500), outgoing, exchange)
    }
  }
}

/** An answer on its way, over either protocol. */
interface Outgoing {
  readonly headersSent: boolean
  destroy(): unknown
}

function serverOptions(config: GatewayConfig) {
  const { server } = config
  return {
    maxHeaderSize: (server.maxHeaderBytes || DEFAULT_HEADER_BYTES) + HEADER_SLACK_BYTES,
    requestTimeout: whole(server.readTimeoutMs),
    headersTimeout: whole(headersTimeoutMs(server)),
    keepAliveTimeout: whole(server.idleTimeoutMs || server.readTimeoutMs),
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    noDelay: true,
    optimizeEmptyRequests: true, // no stream is made for a request without a body
  } satisfies ServerOptions
}

/** The headers are a part of the request: they have no more time than all of it. */
function headersTimeoutMs({ readTimeoutMs, readHeaderTimeoutMs }: GatewayConfig['server']): number {
  if (readHeaderTimeoutMs === 0 || readTimeoutMs === 0) return readHeaderTimeoutMs || readTimeoutMs
  return Math.min(readHeaderTimeoutMs, readTimeoutMs)
}

/** Node takes whole milliseconds only, and 0 for none. */
function whole(ms: number): number {
  return Math.min(Math.ceil(ms), LONGEST_TIMER_MS)
}
