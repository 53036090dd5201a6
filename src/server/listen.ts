import type { IncomingMessage, Server, ServerOptions } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { Server as NetServer, type Socket } from 'node:net'
import type { GatewayConfig } from '../config/model.ts'
import { LONGEST_TIMER_MS } from '../pipes/clock.ts'
import { ClientGone } from '../pipes/failure.ts'
import type { Logger } from '../telemetry/logger.ts'
import { Admission, type AdmissionLimits } from './admission.ts'
import { chooseProtocol } from './cleartext-http2.ts'
import { Connection, type ConnectionSocket, type Served, Tenure } from './exchange.ts'
import { asksForH2c, upgradeToH2c } from './h2c-upgrade.ts'
import { type Http1Owner, serveHttp1 } from './http1.ts'
import { type Http2Owner, serveHttp2 } from './http2.ts'
import { createSecureServer, type SecureServer } from './secure.ts'
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
  /** From now on the health endpoint answers 503, so that whoever asks it sends requests elsewhere; all else goes on. */
  leave(): void
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
/** As in the reference. */
const KEEP_ALIVE_PROBE_MS = 15_000
/** As in the reference, the system's own limit: it lowers this to it (`net.core.somaxconn`). Node's default is 511. */
const BACKLOG = 65_535
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
      backlog: BACKLOG,
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

class HttpServer implements Listener, Http1Owner, Http2Owner {
  readonly http: Server | HttpsServer
  /** Null: plain HTTP. */
  readonly #secure: SecureServer | null
  readonly admission: Admission
  tenure: Tenure
  draining = false
  leaving = false
  readonly #connections = new Set<Connection>()
  log: Logger

  constructor(gateway: Served, log: Logger) {
    this.tenure = new Tenure(gateway)
    this.admission = new Admission(limitsOf(gateway), () => this.log)
    this.log = log
    const options = serverOptions(gateway.config)
    this.#secure = gateway.tls ? this.#createSecure(gateway.tls, options) : null
    const takesUpgrade = (incoming: IncomingMessage) => this.#allowsH2c && asksForH2c(incoming)
    this.http = this.#secure?.http ?? createServer({ ...options, shouldUpgradeCallback: takesUpgrade })
    if (this.#secure === null) this.#speakPlain(this.http as Server)
    serveHttp1(this.http, this)
  }

  #speakPlain(http: Server): void {
    chooseProtocol(http, {
      opened: (socket) => this.open(socket),
      allowsHttp2: () => this.#allowsH2c,
      firstBytesMs: () => serverOptions(this.tenure.gateway.config).headersTimeout,
      http2: (socket) => this.#openHttp2(socket),
    })
    http.on('upgrade', (incoming, socket: ConnectionSocket, rest) => {
      upgradeToH2c(incoming, socket, rest, () => this.#openHttp2(socket))
    })
  }

  get #allowsH2c(): boolean {
    return this.tenure.gateway.config.server.useH2c && !this.draining
  }

  #createSecure(tls: TlsSource, options: ServerOptions): SecureServer {
    return createSecureServer(tls, options, {
      opened: (socket) => this.open(socket),
      http2: (socket) => this.#openHttp2(socket),
      log: () => this.log,
    })
  }

  get active(): number {
    return this.admission.active
  }

  get isSecure(): boolean {
    return this.#secure !== null
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
    const before = this.tenure
    this.tenure = new Tenure(gateway)
    this.log = log
    this.admission.limit(limitsOf(gateway))
    gateway.begin?.()
    if (gateway.tls) this.#secure?.use(gateway.tls)
    const { maxHeaderSize, requestTimeout, headersTimeout, keepAliveTimeout } = serverOptions(gateway.config)
    Object.assign(this.http, { maxHeaderSize, requestTimeout, headersTimeout, keepAliveTimeout })
    return { gateway: before.gateway, drained: before.end() }
  }

  leave(): void {
    this.leaving = true
  }

  close(hurry?: Promise<unknown>): Promise<void> {
    this.draining = true
    this.leaving = true
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
    for (const { active, pipeline, socket } of this.#connections) {
      if (pipeline?.isEmpty === false) unread = true // the client reads an answer before the next one begins
      if (active > 0 || pipeline?.isEmpty === false) continue
      if (socket.writableLength > 0) unread = true
      else if (all) socket.destroy()
    }
    if (all) this.#secure?.dropHandshakes()
    if (!unread) this.http.closeIdleConnections() // takes connections with an answer that is not read yet for idle ones
  }

  open(socket: Socket): Connection {
    const connection = new Connection(socket)
    Object.assign(socket satisfies ConnectionSocket, { connection })
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
    this.#secure?.dropHandshakes()
    for (const { socket } of this.#connections) socket.destroy()
  }

  #openHttp2(socket: ConnectionSocket): void {
    const { keepAliveTimeout, maxHeaderSize } = serverOptions(this.tenure.gateway.config)
    serveHttp2(socket.connection ?? this.open(socket), this, { maxHeaderSize, idleMs: keepAliveTimeout })
  }
}

function limitsOf({ limits }: Served): AdmissionLimits {
  return limits ?? { maxActive: Number.POSITIVE_INFINITY, maxQueueMs: 0 }
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
    keepAliveTimeoutBuffer: 0, // `idle_timeout` means what it says
    keepAlive: true, // a client that has vanished without a word is found
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
    requireHostHeader: false, // `refusalOf` says what is missing
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
