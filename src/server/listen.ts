import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { GatewayConfig } from '../config/model.ts'
import { Context, DeadlineQueue } from '../pipes/context.ts'
import { ClientGone } from '../pipes/failure.ts'
import type { Handler } from '../pipes/http.ts'
import type { Logger } from '../telemetry/logger.ts'
import { toHttpRequest } from './incoming.ts'
import { writeResponse } from './outgoing.ts'

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

/** One connection with the requests on it that are not answered yet. */
interface Connection {
  readonly address: string
  readonly open: Set<Context>
}

interface ConnectionSocket extends Socket {
  connection?: Connection
}

class HttpServer implements Listener {
  readonly http: Server
  active = 0
  #gateway: Served
  #draining = false
  readonly #writeDeadlines: DeadlineQueue | null

  constructor(gateway: Served, log: Logger) {
    this.#gateway = gateway
    const { writeTimeoutMs } = gateway.config.server
    this.#writeDeadlines = writeTimeoutMs > 0 ? new DeadlineQueue(writeTimeoutMs) : null
    this.http = createServer(serverOptions(gateway.config))
    this.http.on('connection', (socket: ConnectionSocket) => open(socket))
    this.http.on('request', (incoming, outgoing) => {
      this.#serve(incoming, outgoing).catch((error: Error) => {
        log.critical(`[SERVICE: Gin] ${error.stack ?? error.message}`)
        outgoing.destroy()
      })
    })
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
    const context = new Context(performance.now(), connection.address)
    connection.open.add(context)
    this.active++
    const guard = this.#writeDeadlines === null ? null : guardWriting(this.#writeDeadlines, incoming.socket)
    const response = await this.#gateway.handle(toHttpRequest(incoming, connection.address), context)
    context.status = response.status
    if (this.#draining) outgoing.shouldKeepAlive = false
    writeResponse(response, outgoing, () => {
      this.active--
      connection.open.delete(context)
      guard?.finish()
      context.finish()
    })
  }
}

function open(socket: ConnectionSocket): Connection {
  const connection: Connection = { address: plainAddress(socket.remoteAddress ?? ''), open: new Set() }
  socket.connection = connection
  socket.once('close', () => {
    for (const context of connection.open) context.cancel(new ClientGone())
  })
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
    requestTimeout: server.readTimeoutMs,
    headersTimeout: server.readHeaderTimeoutMs || server.readTimeoutMs,
    keepAliveTimeout: server.idleTimeoutMs || server.readTimeoutMs,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    noDelay: true,
  }
}
