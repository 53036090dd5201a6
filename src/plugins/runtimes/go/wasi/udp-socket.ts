import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { FILE_TYPE } from './descriptor.ts'
import { ERRNO, type Errno, WasiError } from './errno.ts'
import { FAMILY, type SocketAddress } from './socket-address.ts'
import { socketErrno } from './socket-errno.ts'
import { OPTION, type SocketDescriptor, type SocketEnd, type SocketOption } from './socket-option.ts'
import { isAnyV6 } from './tcp-listener.ts'

/** Datagrams beyond are dropped, as the system drops them. */
const MAX_UNREAD = 256 * 1024
const MAX_UNSENT = 256 * 1024
/** What fits into a datagram of IPv4. */
const MAX_DATAGRAM = 65_507
/** What a datagram costs beside its bytes, so that empty ones are bounded too. */
const DATAGRAM_COST = 128

/** A datagram with the address that it came from. */
export interface Datagram {
  readonly bytes: Buffer
  readonly from: SocketEnd
}

/** A socket of UDP, which talks to one address or to any. */
export class UdpSocket implements SocketDescriptor {
  readonly type = FILE_TYPE.socketDgram
  readonly v6: boolean
  readonly #socket: Socket
  readonly #datagrams: Datagram[] = []
  readonly #wake: () => void
  readonly #talksToOne: boolean
  #unread = 0
  #unsent = 0
  #open = false
  #errno: Errno | null = null
  #closed = false

  /** @param wake told when it may have become ready */
  constructor(local: SocketAddress | null, remote: SocketAddress | null, ipv6Only: boolean, wake: () => void) {
    this.#wake = wake
    this.v6 = (remote ?? local)?.family === FAMILY.inet6
    this.#talksToOne = remote !== null
    // All are addresses already: nothing is looked up, and nothing is sent later than it could be.
    const lookup = (name: string, _: unknown, done: (error: null, address: string, family: number) => void): void =>
      done(null, name, this.v6 ? 6 : 4)
    const onlyV6 = this.v6 && (ipv6Only || local === null || local.family === FAMILY.unix || !isAnyV6(local.address))
    this.#socket = createSocket({ type: this.v6 ? 'udp6' : 'udp4', ipv6Only: onlyV6 && remote === null, lookup })
    this.#socket.on('message', (bytes, from) => this.#receive(bytes, from))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#start(local, remote)
  }

  /** The outcome of binding and connecting. */
  get error(): Errno {
    return this.#errno ?? (this.#open ? ERRNO.success : ERRNO.inProgress)
  }

  end(peer: boolean): SocketEnd | undefined {
    if (!this.#open || this.#closed || (peer && !this.#talksToOne)) return undefined
    return peer ? this.#socket.remoteAddress() : this.#socket.address()
  }

  /** The next datagram. */
  receive(): Datagram {
    const datagram = this.#datagrams.shift()
    if (datagram !== undefined) {
      this.#unread -= datagram.bytes.length + DATAGRAM_COST
      return datagram
    }
    this.#throwError()
    throw new WasiError(ERRNO.again)
  }

  read(target: Uint8Array): number {
    const { bytes } = this.receive()
    return bytes.copy(target)
  }

  write(source: Uint8Array): number {
    if (!this.#talksToOne) throw new WasiError(ERRNO.notConn)
    const bytes = this.#prepare(source)
    this.#socket.send(bytes, (error) => this.#sent(error, bytes.length))
    return source.length
  }

  sendTo(source: Uint8Array, address: string, port: number): void {
    if (this.#talksToOne) throw new WasiError(ERRNO.isConn)
    const bytes = this.#prepare(source)
    this.#socket.send(bytes, port, address, (error) => this.#sent(error, bytes.length))
  }

  canRead(): boolean {
    return this.#datagrams.length > 0 || this.#errno !== null
  }

  canWrite(): boolean {
    return (this.#open && this.#unsent < MAX_UNSENT) || this.#errno !== null
  }

  setOption(option: SocketOption, value: number): void {
    if (!this.#open) return
    if (option === OPTION.readBuffer) this.#socket.setRecvBufferSize(value)
    else if (option === OPTION.writeBuffer) this.#socket.setSendBufferSize(value)
    else if (option === OPTION.broadcast) this.#socket.setBroadcast(value !== 0)
  }

  close(): void {
    this.#closed = true
    this.#datagrams.length = 0
    this.#socket.close()
  }

  #start(local: SocketAddress | null, remote: SocketAddress | null): void {
    const opened = (): void => {
      this.#open = true
      this.#wake()
    }
    const bound = (): void => {
      if (this.#closed) return
      // Programs expect that they may send to broadcast addresses, as elsewhere with this language.
      this.#socket.setBroadcast(true)
      if (remote === null || remote.family === FAMILY.unix) opened()
      else this.#socket.connect(remote.port, remote.address, (error?: Error) => (error ? this.#fail(error) : opened()))
    }
    if (local === null || local.family === FAMILY.unix) this.#socket.bind({ exclusive: true }, bound)
    else this.#socket.bind({ port: local.port, address: local.address, exclusive: true }, bound)
  }

  #receive(bytes: Buffer, { address, port }: RemoteInfo): void {
    if (this.#unread >= MAX_UNREAD) return
    this.#unread += bytes.length + DATAGRAM_COST
    this.#datagrams.push({ bytes, from: { address, port } })
    this.#wake()
  }

  /** A copy, for it may be sent when the guest has changed the bytes. */
  #prepare(source: Uint8Array): Buffer {
    this.#throwError()
    if (!this.#open) throw new WasiError(ERRNO.notConn)
    if (source.length > MAX_DATAGRAM) throw new WasiError(ERRNO.inval)
    if (this.#unsent >= MAX_UNSENT) throw new WasiError(ERRNO.again)
    this.#unsent += source.length + DATAGRAM_COST
    return Buffer.from(source)
  }

  #sent(error: Error | null, bytes: number): void {
    this.#unsent -= bytes + DATAGRAM_COST
    // What became of a datagram to one address says nothing to who talks to others.
    if (error !== null && this.#talksToOne) this.#fail(error)
    else this.#wake()
  }

  #fail(error: Error): void {
    this.#errno = socketErrno(error)
    this.#wake()
  }

  /** An error is told once, as the system does: a refused datagram says nothing about the next one. */
  #throwError(): void {
    const errno = this.#errno
    if (errno === null) return
    if (this.#open) this.#errno = null
    throw new WasiError(errno)
  }
}
