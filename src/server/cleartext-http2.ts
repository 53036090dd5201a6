import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** What a client that speaks HTTP/2 begins with (RFC 9113, section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

/** What becomes of plain connections. */
export interface CleartextEvents {
  /** Of each, before anything is read. */
  opened(socket: Socket): void
  /** Whether a client may begin with HTTP/2 (`use_h2c`); otherwise nobody looks. */
  allowsHttp2(): boolean
  /** How long a client may take for its first bytes, in milliseconds; 0: for ever. */
  firstBytesMs(): number
  http2(socket: Socket): void
}

/** Lets each client of a plain port choose: one that begins with HTTP/2 speaks it, with the others it is HTTP/1.1. */
export function chooseProtocol(http: Server, events: CleartextEvents): void {
  const serveHttp1 = http.listeners('connection') as ((socket: Socket) => void)[]
  http.removeAllListeners('connection')
  http.on('connection', (socket: Socket) => {
    events.opened(socket)
    const choose = (isHttp2: boolean): void => {
      if (isHttp2) events.http2(socket)
      else for (const serve of serveHttp1) serve.call(http, socket)
    }
    if (events.allowsHttp2()) lookAtFirstBytes(socket, events.firstBytesMs(), choose)
    else choose(false)
  })
}

/** Reads no more than it must, and puts it back. */
function lookAtFirstBytes(socket: Socket, limitMs: number, choose: (isHttp2: boolean) => void): void {
  let seen = Buffer.alloc(0)
  const tooLate = (): void => void socket.destroy()
  const ignore = (): void => {} // it closes, too
  const look = (): void => {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    seen = Buffer.concat([seen, chunk])
    const { length } = seen
    if (length < PREFACE.length && PREFACE.subarray(0, length).equals(seen)) return
    socket.off('readable', look).off('error', ignore).off('timeout', tooLate).off('end', tooLate)
    socket.setTimeout(0)
    socket.unshift(seen)
    choose(seen.subarray(0, PREFACE.length).equals(PREFACE))
  }
  socket.on('readable', look).on('error', ignore).on('timeout', tooLate).on('end', tooLate)
  socket.setTimeout(limitMs)
}
