import { once } from 'node:events'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { Identity } from './certificates.ts'

/** An HTTPS server that answers with what it saw of TLS. */
export interface SecureBackend {
  /** `https://localhost:PORT`. */
  readonly url: string
  /** Connections that were opened. */
  readonly connections: () => number
}

/** Starts it with a certificate; closed after the test. Each answer is `{ protocol, client }` with the name in the client's certificate. */
export async function startSecureBackend(
  t: TestContext,
  { cert, key }: Identity,
  options: ServerOptions = {},
): Promise<SecureBackend> {
  let connections = 0
  const server = createServer({ cert, key, ...options }, (incoming, response) => {
    const socket = incoming.socket as TLSSocket
    const client = socket.getPeerCertificate().subject?.CN ?? null
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ protocol: socket.getProtocol(), client }))
  })
  server.on('secureConnection', () => connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, connections: () => connections }
}
