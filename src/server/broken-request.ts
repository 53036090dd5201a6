import type { IncomingMessage } from 'node:http'
import { ClientGone } from '../pipes/failure.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ConnectionSocket } from './exchange.ts'
import { NO_TUNNEL } from './head-check.ts'
import { type Refusal, refusalBytes } from './refusal.ts'

/** What Node keeps at a socket: the request whose body is being read. */
interface HttpSocket extends ConnectionSocket {
  readonly parser?: { readonly incoming?: IncomingMessage | null } | null
}

/**
 * Ends a connection on which something came that is no request. Requests before it that are complete get their answers;
 * then follows the one to what came behind them. A request that breaks amid its body is answered while it has no answer.
 */
export function endBroken(error: NodeJS.ErrnoException, socket: HttpSocket, log: Logger): void {
  const { connection } = socket
  if (error.code === 'HPE_CLOSED_CONNECTION') return // behind a request that closes the connection
  const refusal = refusalFor(error)
  if (connection === undefined || refusal === null || !socket.writable) {
    socket.destroy(error)
    return
  }
  if (connection.takesNoMore) return // its last answer has been given, or is on its way
  log.debug(`[SERVICE: Gin] ${connection.clientAddress}: ${refusal.status}: ${refusal.reason}`)
  const isAmid = socket.parser?.incoming?.complete === false
  if (isAmid && (connection.pipeline?.isEmpty === false || connection.newest?.headersSent === true)) {
    socket.destroy(error)
    return
  }
  connection.takesNoMore = true
  connection.farewell = refusalBytes(refusal)
  if (!isAmid && connection.active > 0) return
  connection.part()
  connection.cancel(new ClientGone())
}

/** Null where nobody is left to be answered. */
function refusalFor(error: NodeJS.ErrnoException): Refusal | null {
  const { code = '' } = error
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, reason: 'the head is longer than max_header_bytes allows' }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, reason: 'the request did not arrive in time' }
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return { status: 413, reason: 'the chunk extensions are too long' }
  if (!code.startsWith('HPE_')) return null
  const { reason } = error as { readonly reason?: string }
  return { status: 400, reason: reason ?? error.message }
}

/** CONNECT: Node hands over the bare connection, without an answer to write to. */
export function endConnect(socket: ConnectionSocket): void {
  const { connection } = socket
  socket.on('error', () => {}) // Node does not listen any more, and an error that nobody hears ends the thread
  if (connection === undefined || connection.takesNoMore) {
    socket.destroy()
    return
  }
  connection.takesNoMore = true
  connection.farewell = refusalBytes(NO_TUNNEL)
  if (connection.active === 0) connection.part()
}
