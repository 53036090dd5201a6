import { connect, type Socket } from 'node:net'
import { FILE_TYPE } from './descriptor.ts'
import { ERRNO, type Errno, WasiError } from './errno.ts'
import { FAMILY, type SocketAddress } from './socket-address.ts'
import { socketErrno } from './socket-errno.ts'
import { OPTION, type SocketDescriptor, type SocketEnd, type SocketOption } from './socket-option.ts'

/** What may wait to be read before the peer is held up; its half is where it goes on. */
const MAX_UNREAD = 256 * 1024
/** What may wait to be sent before the guest is held up. */
const MAX_UNSENT = 256 * 1024
/** How long a peer may take nothing of what is left to send when the guest has closed. */
const LINGER_MS = 30_000
const NO_CHUNK = Buffer.alloc(0)

/** A stream of TCP, or of a Unix socket. */
export class TcpSocket implements SocketDescriptor {
  readonly type = FILE_TYPE.socketStream
  readonly #socket: Socket
  readonly #chunks: Buffer[] = []
  #chunk: Buffer = NO_CHUNK
  #unread = 0
  #connected: boolean
  #errno: Errno | null = null
  #ended = false
  #readShut = false
  #writeShut = false
  #drained = true
  #resetOnClose = false
  #keepAlive = false
  #keepIdleMs = 0

  /** @param wake told when it may have become ready */
  constructor(socket: Socket, wake: () => void) {
    this.#socket = socket
    this.#connected = !socket.connecting
    socket.on('connect', () => {
      this.#connected = true
      wake()
    })
    socket.on('data', (chunk: Buffer) => {
      if (this.#readShut) return
      this.#chunks.push(chunk)
      this.#unread += chunk.length
      if (this.#unread >= MAX_UNREAD) socket.pause()
      wake()
    })
    socket.on('end', () => {
      this.#ended = true
      wake()
    })
    socket.on('drain', () => {
      this.#drained = true
      wake()
    })
    socket.on('error', (error) => {
      this.#errno ??= socketErrno(error)
    })
    socket.on('close', () => {
      this.#ended = true
      wake()
    })
  }

  /** The outcome of connecting. */
  get error(): Errno {
    if (this.#connected) return ERRNO.success
    return this.#errno ?? (this.#socket.destroyed ? ERRNO.connAborted : ERRNO.inProgress)
  }

  /** @returns undefined while it is not connected */
  end(peer: boolean): SocketEnd | undefined {
    const { localAddress, localPort, remoteAddress, remotePort } = this.#socket
    const [address, port] = peer ? [remoteAddress, remotePort] : [localAddress, localPort]
    return address === undefined || port === undefined ? undefined : { address, port }
  }

  read(target: Uint8Array): number {
    if (target.length === 0) return 0
    let done = 0
    while (done < target.length) {
      if (this.#chunk.length === 0) {
        const next = this.#chunks.shift()
        if (next === undefined) break
        this.#chunk = next
      }
      const part = this.#chunk.subarray(0, target.length - done)
      target.set(part, done)
      done += part.length
      this.#chunk = this.#chunk.subarray(part.length)
    }
    if (done > 0) {
      this.#unread -= done
      if (this.#unread <= MAX_UNREAD / 2 && this.#socket.isPaused()) this.#socket.resume()
      return done
    }
    if (this.#readShut) return 0
    if (this.#errno !== null) throw new WasiError(this.#errno)
    if (this.#ended) return 0
    throw new WasiError(this.#connected ? ERRNO.again : ERRNO.notConn)
  }

  write(source: Uint8Array): number {
    if (this.#writeShut) throw new WasiError(ERRNO.pipe)
    if (this.#errno !== null) throw new WasiError(this.#errno)
    if (this.#socket.destroyed) throw new WasiError(ERRNO.pipe)
    if (!this.#connected) throw new WasiError(ERRNO.notConn)
    if (!this.#drained) throw new WasiError(ERRNO.again)
    // The bytes are sent later, when the guest may have changed them.
    const part = Buffer.from(source.subarray(0, MAX_UNSENT))
    this.#drained = this.#socket.write(part)
    return part.length
  }

  canRead(): boolean {
    return this.#unread > 0 || this.#ended || this.#readShut || this.#errno !== null
  }

  canWrite(): boolean {
    if (this.#errno !== null || this.#writeShut || this.#socket.destroyed) return true
    return this.#connected && this.#drained
  }

  shutdown(read: boolean, write: boolean): void {
    if (!this.#connected) throw new WasiError(ERRNO.notConn)
    if (read && !this.#readShut) {
      this.#readShut = true
      this.#chunks.length = 0
      this.#chunk = NO_CHUNK
      this.#unread = 0
      // What still comes is dropped, so that the peer is not held up for ever.
      this.#socket.resume()
    }
    if (write && !this.#writeShut) {
      this.#writeShut = true
      this.#socket.end()
    }
  }

  setOption(option: SocketOption, value: number): void {
    switch (option) {
      case OPTION.noDelay:
        this.#socket.setNoDelay(value !== 0)
        return
      case OPTION.keepAlive:
        this.#keepAlive = value !== 0
        this.#socket.setKeepAlive(this.#keepAlive, this.#keepIdleMs)
        return
      case OPTION.keepIdle:
        this.#keepIdleMs = value * 1000
        if (this.#keepAlive) this.#socket.setKeepAlive(true, this.#keepIdleMs)
        return
      case OPTION.linger:
        this.#resetOnClose = value === 0
        return
    }
  }

  /** What was written before is still sent, unless the guest wants it dropped, or the peer never takes it. */
  close(): void {
    if (this.#resetOnClose || !this.#connected) {
      if (this.#connected) this.#socket.resetAndDestroy()
      else this.#socket.destroy()
      return
    }
    this.#readShut = true
    this.#socket.setTimeout(LINGER_MS, () => this.#socket.destroy())
    this.#socket.destroySoon()
  }
}

/** Starts to connect. */
export function connectTcp(remote: SocketAddress, local: SocketAddress | null, wake: () => void): TcpSocket {
  const common = { allowHalfOpen: true, writableHighWaterMark: MAX_UNSENT }
  if (remote.family === FAMILY.unix) return new TcpSocket(connect({ path: remote.path, ...common }), wake)
  const from =
    local === null || local.family === FAMILY.unix ? {} : { localAddress: local.address, localPort: local.port }
  return new TcpSocket(connect({ host: remote.address, port: remote.port, noDelay: true, ...from, ...common }), wake)
}
