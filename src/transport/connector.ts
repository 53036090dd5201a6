import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import buildConnector from 'undici/lib/core/connect.js'
import type { UpstreamOptions } from '../config/model.ts'
import { LONGEST_TIMER_MS } from '../pipes/clock.ts'

export const TLS_HANDSHAKE_MS = 10_000

/** Opens sockets to upstreams with the dialer's options of the configuration. Specification: core 1.3. */
export type Connector = buildConnector.connector

/**
 * Reads the options once for all connections of an origin, which then share their TLS sessions.
 * @returns a connector for one connection, whose `opened` is told of each socket that is connected
 */
export function createConnectors(
  options: UpstreamOptions,
  context: SecureContext | null,
): (opened: (socket: Socket) => void) => Connector {
  const connect = buildConnector({
    timeout: options.dialerTimeoutMs || 0,
    keepAlive: options.dialerKeepAliveMs > 0,
    keepAliveInitialDelay: options.dialerKeepAliveMs,
    autoSelectFamily: true,
    // without a delay the next address is tried only when one has failed
    autoSelectFamilyAttemptTimeout: Math.max(10, Math.ceil(options.dialerFallbackDelayMs || LONGEST_TIMER_MS)),
  } as buildConnector.BuildOptions)
  const withTls = buildConnector({
    timeout: options.dialerTimeoutMs ? options.dialerTimeoutMs + TLS_HANDSHAKE_MS : TLS_HANDSHAKE_MS,
    keepAlive: options.dialerKeepAliveMs > 0,
    keepAliveInitialDelay: options.dialerKeepAliveMs,
    ...tlsOptions(options, context),
  } as buildConnector.BuildOptions)
  return (opened) => (target, callback) => {
    const open = target.protocol === 'https:' ? withTls : connect
    open(target, (...result) => {
      const socket = result[1]
      if (socket) {
        withoutKeepAliveField(socket)
        opened(socket)
      }
      ;(callback as (...result: unknown[]) => void)(...result)
    })
  }
}

/** How undici is told of the TLS settings. */
export function tlsOptions({ allowInsecureConnections }: UpstreamOptions, context: SecureContext | null) {
  const rejectUnauthorized = !allowInsecureConnections
  return context === null ? { rejectUnauthorized } : { rejectUnauthorized, secureContext: context }
}

const KEEP_ALIVE_FIELD = '\r\nconnection: keep-alive\r\n' // from the line's start: other names may end with it

/**
 * undici sends `Connection: keep-alive` with each request, which says what HTTP/1.1 means anyway (RFC 9112, section 9.3)
 * and what the reference does not send. Heads are the only text that it writes.
 */
function withoutKeepAliveField(socket: Socket): void {
  const write = socket.write as (...args: unknown[]) => boolean
  socket.write = (chunk: unknown, ...rest: unknown[]) =>
    write.call(socket, typeof chunk === 'string' ? chunk.replace(KEEP_ALIVE_FIELD, '\r\n') : chunk, ...rest)
}
