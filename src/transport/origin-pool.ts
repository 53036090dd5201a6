import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import type { Dispatcher } from 'undici'
import openTunnel from 'undici/lib/api/api-connect.js'
import Client from 'undici/lib/dispatcher/client.js'
import Pool from 'undici/lib/dispatcher/pool.js'
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js'
import type { UpstreamOptions } from '../config/model.ts'
import { LONGEST_TIMER_MS } from '../pipes/clock.ts'
import { createConnectors, TLS_HANDSHAKE_MS, tlsOptions } from './connector.ts'
import { proxyFor } from './environment-proxy.ts'

/** Idle connections over all origins, to be kept under `max_idle_connections`. */
export interface IdleBudget {
  readonly limit: number
  open: number
  active: number
}

/** What carries a call: one connection, or a dispatcher that has its own. */
export interface Carrier {
  readonly dispatcher: Dispatcher
  /** Answers that came over the present socket; more than 0 means that it is being reused. */
  served: number
}

/**
 * The connections to one origin. Free ones are a stack, so that the one used last, whose memory is warm, is used next,
 * and choosing costs nothing however many there are; undici's own pool looks through all of them for each call.
 */
export class OriginPool {
  readonly options: UpstreamOptions
  /** Fields for a proxy that forwards plain HTTP; null when the upstream is called directly or through a tunnel. */
  readonly forward: readonly string[] | null = null
  readonly #idle: IdleBudget
  readonly #target: URL
  readonly #clientOptions: Client.Options
  readonly #tunnel: Carrier | null = null
  readonly #connectorFor: ReturnType<typeof createConnectors>
  readonly #all = new Set<Connection>()
  readonly #free: Connection[] = []
  #open = 0
  #active = 0

  constructor(
    origin: string,
    options: UpstreamOptions,
    idle: IdleBudget,
    env: NodeJS.ProcessEnv,
    context: SecureContext | null,
  ) {
    this.options = options
    this.#idle = idle
    this.#connectorFor = createConnectors(options, context)
    const keepAliveMs = options.idleConnectionTimeoutMs || LONGEST_TIMER_MS
    this.#clientOptions = {
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      headersTimeout: 0, // the deadlines of the endpoints hold
      bodyTimeout: 0,
      pipelining: 1,
    }
    const proxy = proxyFor(origin, env)
    this.#target = withFixedOrigin(new URL(proxy ?? origin))
    if (proxy === undefined) return
    if (origin.startsWith('https:'))
      this.#tunnel = { dispatcher: createTunnel(proxy, options, context, this.#clientOptions), served: 0 }
    else this.forward = forwardingOf(origin, proxy)
  }

  /**
   * A connection for one call; it comes back by `release`.
   * @param fresh not one that was kept: for a call that is repeated because a kept one turned out to be closed
   */
  take(fresh: boolean): Carrier {
    this.#active++
    this.#idle.active++
    return this.#tunnel ?? (fresh ? undefined : this.#free.pop()) ?? this.#create()
  }

  /** The call is over: the connection may take the next, or is closed where more than allowed would stay idle. */
  release(carrier: Carrier): void {
    this.#active--
    this.#idle.active--
    carrier.served++
    if (!(carrier instanceof Connection)) return
    if (carrier.socket === null || carrier.socket.destroyed) {
      this.#forget(carrier)
      return
    }
    this.#free.push(carrier)
    const idleHere = this.#open - this.#active
    if (idleHere > this.options.maxIdleConnectionsPerHost || this.#idle.open - this.#idle.active > this.#idle.limit) {
      setImmediate(dropIdle, this.#free, carrier)
    }
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.#all].map((connection) => connection.dispatcher.destroy()))
    await this.#tunnel?.dispatcher.destroy()
    this.#all.clear()
    this.#free.length = 0
  }

  #create(): Connection {
    const opened = (socket: Socket) => {
      connection.served = 0
      connection.socket = socket
      this.#open++
      this.#idle.open++
      socket.once('close', () => this.#closed(connection))
    }
    const client = new Client(this.#target, { ...this.#clientOptions, connect: this.#connectorFor(opened) })
    const connection = new Connection(client)
    this.#all.add(connection)
    return connection
  }

  /** A connection that closes while nobody uses it is forgotten; one in use opens its socket again with the next call. */
  #closed(connection: Connection): void {
    this.#open--
    this.#idle.open--
    const place = this.#free.indexOf(connection)
    if (place === -1) return
    this.#free.splice(place, 1)
    this.#forget(connection)
  }

  /** Without a socket it is of no use: where upstreams cannot be reached, they would pile up. */
  #forget(connection: Connection): void {
    this.#all.delete(connection)
    setImmediate(destroy, connection) // undici may be about to look at it once more
  }
}

/** undici asks its URL for the origin with each call, and a URL puts it together anew each time. */
function withFixedOrigin(url: URL): URL {
  const target = new URL(url.origin)
  return Object.defineProperty(target, 'origin', { value: url.origin })
}

class Connection implements Carrier {
  readonly dispatcher: Client
  served = 0
  socket: Socket | null = null

  constructor(client: Client) {
    this.dispatcher = client
  }
}

function destroy({ dispatcher }: Connection): void {
  void dispatcher.destroy()
}

/** The next call may have taken the connection meanwhile; it is looked at again after that one. */
function dropIdle(free: readonly Connection[], connection: Connection): void {
  if (free.includes(connection)) connection.socket?.destroy()
}

function createTunnel(
  proxy: string,
  options: UpstreamOptions,
  context: SecureContext | null,
  clientOptions: Client.Options,
): Dispatcher {
  const timeout = options.dialerTimeoutMs || 0
  const requestTls = { timeout: TLS_HANDSHAKE_MS, ...tlsOptions(options, context) }
  return new ProxyAgent({
    ...{ uri: proxy, proxyTls: { timeout }, requestTls, ...clientOptions },
    // `connect` is put on dispatchers by the index of undici, which is not loaded.
    clientFactory: (url, poolOptions) => Object.assign(new Pool(url, poolOptions), { connect: openTunnel }),
  })
}

/** What a request for a forwarding proxy holds beside the absolute URL (RFC 9112, section 3.2.2). */
function forwardingOf(origin: string, proxy: string): string[] {
  const fields = ['Host', new URL(origin).host]
  const { username, password } = new URL(proxy)
  if (username === '') return fields
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
  return [...fields, 'Proxy-Authorization', `Basic ${credentials.toString('base64')}`]
}
