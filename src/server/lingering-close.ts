import type { Socket } from 'node:net'
import { DeadlineQueue } from '../pipes/context.ts'
import { guard } from './guard.ts'

/** How long a client that is still sending has to read its answer, in milliseconds. */
const LINGER_MS = 500

const lingering = new DeadlineQueue(LINGER_MS)

/**
 * Closes a connection whose client may be sending still: the end is told, and what comes is read and dropped for a
 * moment. A connection that is closed with bytes unread is reset, and a reset takes away the answer before the client
 * has read it (RFC 9112, section 9.6).
 * @param last bytes to be sent before
 */
export function closeLingering(socket: Socket, last: string | null = null): void {
  if (last === null) socket.end()
  else socket.end(last, 'latin1')
  socket.resume()
  guard(lingering, socket, () => socket.destroy())
}

/** Lets the server close this connection so, once it has sent its last answer. */
export function lingerAtEnd(socket: Socket): void {
  socket.destroySoon = () => closeLingering(socket)
}
