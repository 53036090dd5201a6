import type { ServerResponse } from 'node:http'
import type { Http2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { GatewayConfig } from '../config/model.ts'
import { Context, DeadlineQueue } from '../pipes/context.ts'
import { ClientGone, logTextOf } from '../pipes/failure.ts'
import type { Handler } from '../pipes/http.ts'
import { healthPathOf } from '../router/health-ahead.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Admission, AdmissionLimits } from './admission.ts'
import { closeLingering } from './lingering-close.ts'
import type { Pipeline } from './pipeline.ts'
import type { TlsSource } from './tls.ts'

/** What a listener serves: a gateway, as far as the server needs to know it. */
export interface Served {
  readonly config: GatewayConfig
  /** Never rejects. */
  readonly handle: Handler
  /** How much it takes on at once; absent: all that comes. */
  readonly limits?: AdmissionLimits
  /** For HTTPS; null or absent: plain HTTP. */
  readonly tls?: TlsSource | null
  /** Told when it begins to serve. */
  begin?(): void
}

/** A client's socket; the connection is noted on it. */
export interface ConnectionSocket extends Socket {
  connection?: Connection
}

/** A client's connection: over when it closes, and with it the requests on it that are not answered yet. */
export class Connection extends Context {
  readonly socket: Socket
  /** The port of the peer. */
  readonly peerPort: number
  /** Where it speaks HTTP/2. */
  session: Http2Session | null = null
  /** Requests on it that are being answered. */
  active = 0
  /** What comes on it is dropped: its last answer has been given, or is on its way. */
  takesNoMore = false
  /** Bytes that go out when nothing is being answered any more, and then it closes; null: it goes on. */
  farewell: string | null = null
  /** The requests of HTTP/1 that came behind the one that is being answered; null: none has come so. */
  pipeline: Pipeline | null = null
  /** The answer to the last request of HTTP/1 that has come; null when none is to be given. */
  newest: ServerResponse | null = null

  constructor(socket: Socket) {
    super(0, plainAddress(socket.remoteAddress ?? ''))
    this.socket = socket
    this.peerPort = socket.remotePort ?? 0
  }

  /** For a request that finds no room at the server: it waits there, and the others of its connection behind it. */
  waitFor(admission: Admission, serve: () => void, refuse: () => void): void {
    this.active++
    const over = (then: () => void) => () => {
      this.active--
      if (this.cancelled === null) then()
      if (this.active === 0) this.becomeFree()
    }
    admission.wait(over(serve), over(refuse))
  }

  /** Everything that was begun on it is answered. */
  becomeFree(): void {
    this.pipeline?.next()
    if (this.active > 0 || this.pipeline?.isEmpty === false) return
    this.newest = null
    if (this.farewell !== null) this.part()
  }

  /** Closes it with its farewell. */
  part(): void {
    const { farewell } = this
    this.farewell = null
    if (farewell !== null) closeLingering(this.socket, farewell)
  }
}

/** The time in which a gateway answers: requests that began in it end in it. */
export class Tenure {
  readonly gateway: Served
  /** `write_timeout`. */
  readonly writeDeadlines: DeadlineQueue | null
  /** `read_timeout` of HTTP/2; Node looks after the one of HTTP/1. */
  readonly readDeadlines: DeadlineQueue | null
  /** Asks whether the gateway is well; null: nothing does. */
  readonly healthPath: string | null
  active = 0
  #drained: (() => void) | null = null

  constructor(gateway: Served) {
    this.gateway = gateway
    this.healthPath = healthPathOf(gateway.config)
    const { writeTimeoutMs, readTimeoutMs } = gateway.config.server
    this.writeDeadlines = writeTimeoutMs > 0 ? new DeadlineQueue(writeTimeoutMs) : null
    this.readDeadlines = readTimeoutMs > 0 ? new DeadlineQueue(readTimeoutMs) : null
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

/** The server, as far as its exchanges need to know it. */
export interface ExchangeOwner {
  readonly admission: Admission
  readonly log: Logger
}

/** What the log says of a request. */
interface RequestLine {
  readonly method?: string | undefined
  readonly url?: string | undefined
}

/** A request from its arrival to the end of its answer. */
export class Exchange extends Context {
  readonly #server: ExchangeOwner
  readonly #tenure: Tenure
  readonly #connection: Connection
  readonly #incoming: RequestLine
  #finished = false

  constructor(server: ExchangeOwner, tenure: Tenure, connection: Connection, incoming: RequestLine) {
    super(performance.now(), connection.clientAddress)
    this.#server = server
    this.#tenure = tenure
    this.#connection = connection
    this.#incoming = incoming
    server.admission.enter()
    tenure.active++
    connection.active++
    connection.attach(this)
  }

  /** The client sees a connection that breaks off; why it did is told in both logs. */
  brokeOff(reason: Error): void {
    if (reason instanceof ClientGone || this.cancelled instanceof ClientGone) return
    this.report(reason)
    const { method, url } = this.#incoming
    this.#server.log.error(`[SERVICE: Gin] ${method} ${url}: the answer broke off: ${logTextOf(reason)}`)
  }

  /** There is an answer that HTTP cannot carry; why is told in both logs. */
  unsendable(reason: Error): void {
    this.report(reason)
    const { method, url } = this.#incoming
    this.#server.log.error(`[SERVICE: Gin] ${method} ${url}: the answer cannot be sent: ${reason.message}`)
  }

  /** The client takes no answer any more. */
  abandon(): void {
    if (!this.#finished) this.cancel(new ClientGone())
  }

  override finish(): void {
    if (this.#finished) return
    this.#finished = true
    const connection = this.#connection
    connection.active--
    connection.detach(this)
    if (connection.active === 0) connection.becomeFree()
    this.#tenure.leave()
    super.finish()
    this.#server.admission.leave()
  }
}

/** An IPv4 client of a socket for both families has an address such as `::ffff:127.0.0.1`. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
