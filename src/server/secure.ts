import type { ServerOptions } from 'node:http'
import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import type { Logger } from '../telemetry/logger.ts'
import type { TlsSource } from './tls.ts'

/** A server of HTTPS, before anybody listens. */
export interface SecureServer {
  readonly http: Server
  /** From the next handshake on these certificates count, and those that take their place. */
  use(tls: TlsSource): void
  /** Ends connections whose handshake is not done. */
  dropHandshakes(): void
}

/** What becomes of connections. */
export interface SecureEvents {
  /** Of each whose handshake is done. */
  opened(socket: TLSSocket): void
  /** Its client has chosen HTTP/2; the others speak HTTP/1.1, as on a plain port. */
  http2(socket: TLSSocket): void
  log(): Logger
}

const HANDSHAKE_MS = 10_000

/** Word by word the reference's: clients that forgot the `s` find it when they look for that. */
const PLAIN_ANSWER = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n'

/** Makes a server that speaks HTTP/1.1 and HTTP/2 over TLS, as its clients choose (RFC 7301). */
export function createSecureServer(first: TlsSource, options: ServerOptions, events: SecureEvents): SecureServer {
  let tls = first
  const http = process.getBuiltinModule('node:https').createServer({
    ...options,
    ...first.certificates.options,
    requestCert: first.requiresClientCertificate,
    rejectUnauthorized: true,
    handshakeTimeout: HANDSHAKE_MS,
    ALPNProtocols: ['h2', 'http/1.1'],
    SNICallback: (name, take) => take(null, tls.certificates.contextFor(name)),
  })
  const handshakes = new Map<string, Socket>()
  http.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    handshakes.set(peer, socket)
    socket.once('close', () => {
      if (handshakes.get(peer) === socket) handshakes.delete(peer)
    })
  })
  const serveHttp1 = http.listeners('secureConnection') as ((socket: TLSSocket) => void)[]
  http.removeAllListeners('secureConnection')
  http.on('secureConnection', (socket) => {
    handshakes.delete(peerOf(socket))
    events.opened(socket)
    if (socket.alpnProtocol === 'h2') events.http2(socket)
    else for (const serve of serveHttp1) serve.call(http, socket)
  })
  // Before the listener of `https`, which destroys the connection.
  http.prependListener('tlsClientError', (error, socket) => {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ERR_SSL_HTTP_REQUEST') below(socket).write(PLAIN_ANSWER)
    tell(error, socket, events.log())
  })
  const use = (next: TlsSource): void => {
    tls = next
    take(http, next)
    next.onChange(() => {
      if (tls === next) take(http, next)
    })
  }
  use(first)
  return {
    http,
    use,
    dropHandshakes: () => {
      for (const socket of handshakes.values()) socket.destroy()
    },
  }
}

/** What Node keeps to itself: it reads these for each connection anew, and has no other way to set them later. */
interface ServerParts {
  requestCert: boolean
  _sharedCreds: SecureContext
}

function take(http: Server, { certificates, requiresClientCertificate }: TlsSource): void {
  http.setSecureContext(certificates.options)
  const parts = http as unknown as ServerParts
  parts.requestCert = requiresClientCertificate
  // `setSecureContext` makes one that does not know `allowPartialTrustChain`.
  parts._sharedCreds = certificates.first
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

/** The connection that TLS was to be spoken over: what is written there is not encrypted. It knows its peer for good. */
function below(socket: TLSSocket): Socket {
  return (socket as { readonly _parent?: Socket })._parent ?? socket
}

/** Probes of a balancer close without a word, and port scanners too. */
function tell(error: Error, socket: TLSSocket, log: Logger): void {
  // The code of OpenSSL for what is wrong with the client's certificate, whatever its type says.
  const { authorizationError } = socket as { readonly authorizationError?: unknown }
  const refused = typeof authorizationError === 'string' ? authorizationError : null
  const { code } = error as NodeJS.ErrnoException
  const silent = refused === null && (code === 'ECONNRESET' || code === 'EPIPE')
  const { remoteAddress: address = '?', remotePort: port = '?' } = below(socket)
  const peer = `${address.includes(':') ? `[${address}]` : address}:${port}`
  const line = `[SERVICE: Gin] http: TLS handshake error from ${peer}: ${refused ?? reasonOf(error)}`
  if (silent) log.debug(line)
  else log.warning(line)
}

function reasonOf(error: Error): string {
  const { reason } = error as { readonly reason?: string }
  if (reason === 'peer did not return a certificate') return "client didn't provide a certificate"
  if (reason === 'http request') return 'client sent an HTTP request to an HTTPS server'
  return reason ?? error.message
}
