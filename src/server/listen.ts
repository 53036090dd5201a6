import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import type { GatewayConfig } from '../config/model.ts'
import { BodyStream } from '../pipes/body.ts'
import { Context, DeadlineQueue } from '../pipes/context.ts'
import { ClientGone } from '../pipes/failure.ts'
import { type Handler, HttpResponse } from '../pipes/http.ts'
import type { Logger } from '../telemetry/logger.ts'
import { toHttpRequest } from './incoming.ts'
import { writeResponse } from './outgoing.ts'

// Not by `import`, which evaluates every export of the module: `http.WebSocket` alone loads Node's own copy of undici,
// 25 ms and some megabytes in every thread.
const { createServer } = process.getBuiltinModule('node:http')

/** What a listener serves: a gateway, as far as the server needs to know it. */
export interface Served {
  readonly config: GatewayConfig
  /** Never rejects. */
  readonly handle: Handler
  /** Told when it begins to serve. */
  begin?(): void
}

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
  /** Stops accepting; resolves when the requests under way are answered and all connections closed. */
  close(): Promise<void>
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
const MAX_TIMER_MS = 2 ** 31 - 1
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

interface ConnectionSocket extends Socket {
  connection?: Connection
}

/** A client's connection: over when it closes, and with it the requests on it that are not answered yet. */
class Connection extends Context {
  readonly socket: Socket
  /** Requests on it that are being answered. */
  active = 0

  constructor(socket: Socket) {
    super(0, plainAddress(socket.remoteAddress ?? ''))
    this.socket = socket
  }
}

/** The time in which a gateway answers: requests that began in it end in it. */
class Tenure {
  readonly gateway: Served
  /** `write_timeout`. */
  readonly writeDeadlines: DeadlineQueue | null
  active = 0
  #drained: (() => void) | null = null

  constructor(gateway: Served) {
    this.gateway = gateway
    const { writeTimeoutMs } = gateway.config.server
    this.writeDeadlines = writeTimeoutMs > 0 ? new DeadlineQueue(writeTimeoutMs) : null
  }

  /** A request has been answered. */
  leave(): void {
    if (--this.active === 0) this.#drained?.()
  }

  /** No request begins any more; resolves when the last one has ended. */
  end(): Promise<void> {
    if (this.active === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#drained = resolve
    })
  }
}

class HttpServer implements Listener {
  readonly http: Server
  active = 0
  #tenure: Tenure
  #draining = false
  readonly #connections = new Set<Connection>()
  log: Logger

  constructor(gateway: Served, log: Logger) {
    this.#tenure = new Tenure(gateway)
    this.log = log
    this.http = createServer(serverOptions(gateway.config))
    this.http.on('connection', (socket: ConnectionSocket) => this.#open(socket))
    this.http.on('request', (incoming, outgoing) => void this.#serve(incoming, outgoing))
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
    const { maxHeaderSize, requestTimeout, headersTimeout, keepAliveTimeout } = serverOptions(gateway.config)
    Object.assign(this.http, { maxHeaderSize, requestTimeout, headersTimeout, keepAliveTimeout })
    return { gateway: before.gateway, drained: before.end() }
  }

  close(): Promise<void> {
    this.#draining = true
    const startedAt = performance.now()
    return new Promise((resolve) => {
      const timer = setInterval(() => this.#sweep(performance.now() - startedAt > DRAIN_GRACE_MS), SWEEP_MS)
      // Not the close of `http`: that cuts off answers that are written, but that their clients have not read yet.
      NetServer.prototype.close.call(this.http, () => {
        clearInterval(timer)
        this.http.close() // ends its timer
        resolve()
      })
      this.#sweep(false)
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
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const connection = (incoming.socket as ConnectionSocket).connection ?? this.#open(incoming.socket)
    const tenure = this.#tenure
    const exchange = new Exchange(this, tenure, connection, incoming)
    if (tenure.writeDeadlines !== null) guardWriting(tenure.writeDeadlines, outgoing, connection)
    try {
      const response = await tenure.gateway.handle(toHttpRequest(incoming, connection.clientAddress), exchange)
      if (this.#draining) outgoing.shouldKeepAlive = false
      this.#answer(response, incoming, outgoing, exchange)
    } catch (error) {
      this.log.critical(`[SERVICE: Gin] ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      outgoing.destroy()
      exchange.finish()
    }
  }

  #answer(response: HttpResponse, incoming: IncomingMessage, outgoing: ServerResponse, exchange: Exchange): void {
    try {
      exchange.status = response.status
      if (response.status < 200) throw new RangeError(`${response.status} is not the status of a final answer`)
      writeResponse(response, outgoing, exchange)
    } catch (error) {
      if (outgoing.headersSent) throw error
      exchange.status = 500
      exchange.report(error as Error)
      this.log.error(
        `[SERVICE: Gin] ${incoming.method} ${incoming.url}: the answer cannot be sent: ${(error as Error).message}`,
      )
      if (response.body instanceof BodyStream) response.body.cancel(error as Error)
      writeResponse(new HttpResponse(500), outgoing, exchange)
    }
  }
}

/** A request from its arrival to the end of its answer. */
class Exchange extends Context {
  readonly #server: HttpServer
  readonly #tenure: Tenure
  readonly #connection: Connection
  readonly #incoming: IncomingMessage
  #finished = false

  constructor(server: HttpServer, tenure: Tenure, connection: Connection, incoming: IncomingMessage) {
    super(performance.now(), connection.clientAddress)
    this.#server = server
    this.#tenure = tenure
    this.#connection = connection
    this.#incoming = incoming
    server.active++
    tenure.active++
    connection.active++
    connection.attach(this)
  }

  /** The client sees a connection that breaks off; why it did is told in both logs. */
  brokeOff(reason: Error): void {
    if (reason instanceof ClientGone || this.cancelled instanceof ClientGone) return
    this.report(reason)
    const { method, url } = this.#incoming
    this.#server.log.error(`[SERVICE: Gin] ${method} ${url}: the answer broke off: ${reason.message}`)
  }

  override finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#server.active--
    this.#connection.active--
    this.#connection.detach(this)
    this.#tenure.leave()
    super.finish()
  }
}

/** An IPv4 client of a socket for both families has an address such as `::ffff:127.0.0.1`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/**
 * `write_timeout`: the connection is closed without an answer, or amid one that the client is too slow to take.
 * Specification: core 1.3.
 */
function guardWriting(deadlines: DeadlineQueue, outgoing: ServerResponse, { socket }: Connection): void {
  const guard = new Context(0)
  guard.attach({ cancel: () => socket.destroy() })
  deadlines.add(guard)
  outgoing.once('close', () => deadlines.remove(guard))
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
  return Math.min(Math.ceil(ms), MAX_TIMER_MS)
}
