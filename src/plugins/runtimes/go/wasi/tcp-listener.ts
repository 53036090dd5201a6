import { createServer, type Server, type Socket } from 'node:net'
import { FILE_TYPE } from './descriptor.ts'
import { ERRNO, type Errno, WasiError } from './errno.ts'
import { socketErrno } from './socket-errno.ts'
import type { SocketDescriptor, SocketEnd } from './socket-option.ts'
import { TcpSocket } from './tcp-socket.ts'

/** Most connections that wait for the guest; further ones are closed. */
const BACKLOG = 511

/** A port of TCP at which a guest listens. */
export class TcpListener implements SocketDescriptor {
  readonly type = FILE_TYPE.socketStream
  readonly #server: Server
  readonly #waiting: Socket[] = []
  readonly #wake: () => void
  #errno: Errno | null = null

  /** @param wake told when it may have become ready */
  constructor(address: string, port: number, ipv6Only: boolean, wake: () => void) {
    this.#wake = wake
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true })
    this.#server.on('connection', (socket) => {
      if (this.#waiting.length >= BACKLOG) {
        socket.destroy()
        return
      }
      // It may break before the guest takes it.
      socket.on('error', ignore)
      this.#waiting.push(socket)
      wake()
    })
    this.#server.on('listening', wake)
    this.#server.on('error', (error) => {
      this.#errno ??= socketErrno(error)
      wake()
    })
    this.#listen(address, port, ipv6Only)
  }

  /** The outcome of binding. */
  get error(): Errno {
    return this.#errno ?? (this.#server.listening ? ERRNO.success : ERRNO.inProgress)
  }

  end(peer: boolean): SocketEnd | undefined {
    const bound = this.#server.address()
    return peer || bound === null || typeof bound === 'string' ? undefined : bound
  }

  /** The next connection. */
  accept(): TcpSocket {
    if (this.#errno !== null) throw new WasiError(this.#errno)
    const socket = this.#waiting.shift()
    if (socket === undefined) throw new WasiError(ERRNO.again)
    socket.off('error', ignore)
    const accepted = new TcpSocket(socket, this.#wake)
    if (socket.destroyed) throw new WasiError(ERRNO.connAborted)
    socket.resume()
    return accepted
  }

  canRead(): boolean {
    return this.#waiting.length > 0 || this.#errno !== null
  }

  canWrite(): boolean {
    return this.#server.listening || this.#errno !== null
  }

  setOption(): void {}

  close(): void {
    this.#server.close()
    for (const socket of this.#waiting) socket.destroy()
    this.#waiting.length = 0
  }

  #listen(address: string, port: number, ipv6Only: boolean): void {
    // Any address of both families: Node falls back to IPv4 where there is no IPv6.
    if (!ipv6Only && isAnyV6(address)) this.#server.listen({ port, backlog: BACKLOG })
    else this.#server.listen({ host: address, port, ipv6Only, backlog: BACKLOG })
  }
}

/** As addresses of guests are written. */
export function isAnyV6(address: string): boolean {
  return address === '0:0:0:0:0:0:0:0'
}

function ignore(): void {}
