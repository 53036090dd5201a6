import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'

/** The address cannot be listened on; the message says why and what to do. */
export class AddressUnusable extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'AddressUnusable'
  }
}

/**
 * Sees that an address is free, by a bind without `reusePort`: with it two processes would share the port unnoticed.
 * Resolves to the port, which is one that is free when 0 was asked for.
 * @throws AddressUnusable
 */
export async function probePort(port: number, host: string): Promise<number> {
  const server = createServer()
  try {
    server.listen({ port, exclusive: true, ...(host === '' ? {} : { host }) })
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch (error) {
    throw new AddressUnusable(describe(error, port, host), error)
  } finally {
    server.close()
  }
}

/** The words before the last colon are the reference's: scripts look for them. */
function describe(error: unknown, port: number, host: string): string {
  const listen = `[SERVICE: Gin] listen tcp ${host.includes(':') ? `[${host}]` : host}:${port}: bind`
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return `${listen}: address already in use: end the other process, or choose another port with --port`
  }
  if (code === 'EACCES') {
    return `${listen}: permission denied: choose a port from 1024 on, or allow this process to bind low ports`
  }
  if (code === 'EADDRNOTAVAIL') {
    return `${listen}: cannot assign requested address: listen_ip must be an address of this machine`
  }
  return `${listen}: ${error instanceof Error ? error.message : String(error)}`
}
