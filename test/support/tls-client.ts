import { once } from 'node:events'
import { request as httpsRequest, type RequestOptions } from 'node:https'
import type { TestContext } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'

/** An answer over HTTPS. */
export interface SecureAnswer {
  readonly status: number
  readonly rawHeaders: readonly string[]
  readonly body: string
  /** The common name of the server's certificate. */
  readonly server: string
  readonly protocol: string | null
}

/** Sends one request over HTTP/1.1 and TLS, on a connection of its own unless `agent` is given. */
export function secureRequest(
  port: number,
  target: string,
  options: RequestOptions & { readonly body?: string; readonly session?: Buffer } = {},
): Promise<SecureAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<SecureAnswer>()
  const { body, ...rest } = options
  const outgoing = httpsRequest({
    host: '127.0.0.1',
    port,
    path: target,
    agent: false,
    servername: 'localhost',
    ...rest,
  })
  outgoing.on('error', reject).on('response', (incoming) => {
    const socket = incoming.socket as TLSSocket
    const [server, protocol] = [commonName(socket), socket.getProtocol()]
    let text = ''
    incoming.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    incoming.on('error', reject)
    incoming.on('end', () => {
      resolve({ status: incoming.statusCode ?? 0, rawHeaders: incoming.rawHeaders, body: text, server, protocol })
    })
  })
  outgoing.end(body)
  return promise
}

/** A TLS connection whose handshake is done; rejects when there is none. Closed after the test. */
export async function connectTls(t: TestContext, port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ...options })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  socket.on('error', () => {})
  return socket
}

export function commonName(socket: TLSSocket): string {
  return String(socket.getPeerCertificate().subject?.CN)
}
