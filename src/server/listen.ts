import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
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
}

/** An open port. */
export interface Listener {
  readonly port: number
  /** Requests that are being answered now. */
  readonly active: number
  /** From the next request on another gateway answers; returns the one before. */
  swap(gateway: Served): Served
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
      server.http.on('error', (error) => log.error(`[SERVICE: Gin] ${error.message}`))
      resolve(server)
    })
  })
}

/** A client's connection: over when it closes, and with it the requests on it that are not answered yet. */
interface ConnectionSocket extends Socket {
  connection?: Context
}

class HttpServer implements Listener {
  readonly http: Server
  active = 0
  #gateway: Served
  #draining = false
  readonly #writeDeadlines: DeadlineQueue | null
  readonly #log: Logger

  constructor(gateway: Served, log: Logger) {
    this.#gateway = gateway
    this.#log = log
    const { writeTimeoutMs } = gateway.config.server
    this.#writeDeadlines = writeTimeoutMs > 0 ? new DeadlineQueue(writeTimeoutMs) : null
    this.http = createServer(serverOptions(gateway.config))
    this.http.on('connection', (socket: ConnectionSocket) => open(socket))
    this.http.on('request', (incoming, outgoing) => void this.#serve(incoming, outgoing))
  }

  get port(): number {
    const address = this.http.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  swap(gateway: Served): Served {
    const before = this.#gateway
    this.#gateway = gateway
    return before
  }

  close(): Promise<void> {
    this.#draining = true
    return new Promise((resolve) => {
      this.http.close(() => resolve())
      this.http.closeIdleConnections()
    })
  }

  destroy(): void {
    this.http.close()
    this.http.closeAllConnections()
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const connection = (incoming.socket as ConnectionSocket).connection ?? open(incoming.socket)
    const exchange = new Exchange(this, connection)
    if (this.#writeDeadlines !== null) exchange.guard = guardWriting(this.#writeDeadlines, incoming.socket)
    try {
      const response = await this.#gateway.handle(toHttpRequest(incoming, connection.clientAddress), exchange)
      if (this.#draining) outgoing.shouldKeepAlive = false
      this.#answer(response, incoming, outgoing, exchange)
    } catch (error) {
      this.#log.critical(`[SERVICE: Gin] ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
      outgoing.destroy()
      exchange.finish()
    }
  }

  #answer(response: HttpResponse, incoming: IncomingMessage, outgoing: ServerResponse, exchange: Exchange): void {
    try {
      exchange.status = response.status
      writeResponse(response, outgoing, exchange)
    } catch (error) {
      if (outgoing.headersSent) throw error
      exchange.status = 500
      exchange.report(error as Error)
      this.#log.error(
        `[SERVICE: Gin] ${incoming.method} ${incoming.url}: the answer cannot be sent: ${(error as Error).message}`,
      )
      if (response.body instanceof BodyStream) response.body.cancel(error as Error)
      writeResponse(new HttpResponse(500), outgoing, exchange)
    }
  }
}

/** A request from its arrival to the end of its answer. */
class Exchange extends Context {
  /** Closes the connection when `write_timeout` is over. */
  guard: Context | null = null
  readonly #server: HttpServer
  readonly #connection: Context
  #finished = false

  constructor(server: HttpServer, connection: Context) {
    super(performance.now(), connection.clientAddress)
    this.#server = server
    this.#connection = connection
    server.active++
    connection.attach(this)
  }

  override finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#server.active--
    this.#connection.detach(this)
    this.guard?.finish()
    super.finish()
  }
}

function open(socket: ConnectionSocket): Context {
  const connection = new Context(0, plainAddress(socket.remoteAddress ?? ''))
  socket.connection = connection
  socket.once('close', () => connection.cancel(new ClientGone()))
  return connection
}

/** An IPv4 client of a socket for both families has an address such as `::ffff:127.0.0.1`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}

/** `write_timeout`: the connection is closed without an answer. Specification: core 1.3. */
function guardWriting(deadlines: DeadlineQueue, socket: Socket): Context {
  const guard = new Context(0)
  guard.attach({ cancel: () => socket.destroy() })
  deadlines.add(guard)
  return guard
}

function serverOptions(config: GatewayConfig): ServerOptions {
  const { server } = config
  return {
    maxHeaderSize: (server.maxHeaderBytes || DEFAULT_HEADER_BYTES) + HEADER_SLACK_BYTES,
    requestTimeout: whole(server.readTimeoutMs),
    headersTimeout: whole(headersTimeoutMs(server)),
    keepAliveTimeout: whole(server.idleTimeoutMs || server.readTimeoutMs),
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    noDelay: true,
    optimizeEmptyRequests: true, // no stream is made for a request without a body
  }
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
