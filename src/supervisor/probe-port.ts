import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'

/** The address cannot be listened on; the message says why and what to do. */
export class AddressUnusable extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause })
    this.name = 'AddressUnusable'
  }
}

const ANSWER_MS = 300

/**
 * Sees that nobody listens at an address: with `reusePort` two processes would share it unnoticed. It asks by a
 * connection, not by a bind, so that the port is never open before the gateway can answer.
 * Resolves to the port, which is one that is free when 0 was asked for.
 * @throws AddressUnusable
 */
export async function probePort(port: number, host: string): Promise<number> {
  if (port === 0) return await freePort(host)
  if (host !== '' && !isLocal(host))
    throw new AddressUnusable(describeBind({ code: 'EADDRNOTAVAIL' }, port, host), null)
  const addresses = host === '' || host === '0.0.0.0' || host === '::' ? ['127.0.0.1', '::1'] : [host]
  const answers = await Promise.all(addresses.map((address) => isAnswering(port, address)))
  if (answers.includes(true)) throw new AddressUnusable(describeBind({ code: 'EADDRINUSE' }, port, host), null)
  return port
}

async function freePort(host: string): Promise<number> {
  const server = createServer()
  try {
    server.listen({ port: 0, exclusive: true, ...(host === '' ? {} : { host }) })
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  } catch (error) {
    throw new AddressUnusable(describeBind(error, 0, host), error)
  } finally {
    server.close()
  }
}

function isLocal(host: string): boolean {
  if (host === '0.0.0.0' || host === '::' || host.startsWith('127.')) return true
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === host))
}

function isAnswering(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, timeout: ANSWER_MS })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
  })
}

/** Why an address cannot be listened on. The words before the last colon are the reference's: scripts look for them. */
export function describeBind(error: unknown, port: number, host: string): string {
  const listen = `[SERVICE: Gin] listen tcp ${host.includes(':') ? `[${host}]` : host}:${port}: bind`
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
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
