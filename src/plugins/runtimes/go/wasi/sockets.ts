import { hostname } from 'node:os'
import { Answer } from './answer.ts'
import { ERRNO, WasiError } from './errno.ts'
import type { GuestSystem, Imports } from './guest-system.ts'
import { HostGrants } from './host-grants.ts'
import { interfaceFields } from './interfaces.ts'
import { LOOKUP, type LookupKind, lookUp } from './resolver.ts'
import { FAMILY, readAddress, type SocketAddress, writeAddress, writePath } from './socket-address.ts'
import { socketCall } from './socket-errno.ts'
import { SocketGrants } from './socket-grants.ts'
import { OPTION, type SocketDescriptor, type SocketOption } from './socket-option.ts'
import { TcpListener } from './tcp-listener.ts'
import { connectTcp, TcpSocket } from './tcp-socket.ts'
import { UdpSocket } from './udp-socket.ts'

/** Kinds of sockets as guests number them. */
const KIND = { stream: 1, datagram: 2 } as const
const MAX_NAME = 255
/** Go ends a program that waits for more than some 65,000 things. */
const MAX_OPEN = 20_000

/**
 * The functions of module `loligo` by which a guest reaches the network. None of them waits: what they open is a descriptor
 * that becomes ready. Reading, writing, accepting and closing is done as with other descriptors.
 */
export function socketImports(system: GuestSystem): Imports {
  const { memory, descriptors, wake } = system
  const grants = new SocketGrants(new HostGrants(system.permissions.hosts), system)

  const optional = (at: number): SocketAddress | null => {
    if (at === 0) return null
    const address = readAddress(memory, at)
    return address.family !== FAMILY.unix && isAny(address.address) && address.port === 0 ? null : address
  }
  const open = (make: () => SocketDescriptor | Answer, result: number): void => {
    if (descriptors.size >= MAX_OPEN) throw new WasiError(ERRNO.mfile)
    memory.view.setUint32(result >>> 0, descriptors.add(make()), true)
  }

  return {
    /** The descriptor can be written to when the outcome is known. */
    sock_connect: socketCall((kind: number, remoteAt: number, localAt: number, result: number) => {
      const remote = readAddress(memory, remoteAt)
      grants.check(remote)
      const local = optional(localAt)
      if (kind === KIND.stream) open(() => connectTcp(remote, local, wake), result)
      else if (kind === KIND.datagram) open(() => new UdpSocket(local, remote, false, wake), result)
      else throw new WasiError(ERRNO.notSup)
    }),

    sock_listen: socketCall((kind: number, localAt: number, ipv6Only: number, result: number) => {
      const local = readAddress(memory, localAt)
      if (local.family === FAMILY.unix) throw new WasiError(ERRNO.notSup)
      grants.check(local)
      if (kind === KIND.stream) open(() => new TcpListener(local.address, local.port, ipv6Only !== 0, wake), result)
      else if (kind === KIND.datagram) open(() => new UdpSocket(local, null, ipv6Only !== 0, wake), result)
      else throw new WasiError(ERRNO.notSup)
    }),

    /** The outcome of opening the socket; `inProgress` until it is known. */
    sock_error: socketCall((fd: number) => {
      const { error } = socketOf(system, fd)
      if (error !== ERRNO.success) throw new WasiError(error)
    }),

    sock_addr: socketCall((fd: number, peer: number, at: number) => {
      const socket = socketOf(system, fd)
      const end = socket.end(peer !== 0)
      if (end !== undefined) writeAddress(memory, at, end.address, end.port, end.address.includes(':'))
      else if (socket.error === ERRNO.success && socket instanceof TcpSocket) writePath(memory, at, '')
      else throw new WasiError(ERRNO.notConn)
    }),

    sock_option: socketCall((fd: number, option: number, value: number) => {
      if (!isOption(option)) throw new WasiError(ERRNO.notSup)
      socketOf(system, fd).setOption(option, value)
    }),

    sock_recv_from: socketCall((fd: number, buffer: number, length: number, from: number, result: number) => {
      const socket = datagramsOf(system, fd)
      const datagram = socket.receive()
      const size = datagram.bytes.copy(memory.bytes(buffer, length >>> 0))
      writeAddress(memory, from, datagram.from.address, datagram.from.port, socket.v6)
      memory.view.setUint32(result >>> 0, size, true)
    }),

    sock_send_to: socketCall((fd: number, buffer: number, length: number, to: number) => {
      const socket = datagramsOf(system, fd)
      const bytes = memory.bytes(buffer, length >>> 0)
      if (to === 0) {
        socket.write(bytes)
        return
      }
      const address = readAddress(memory, to)
      if (address.family === FAMILY.unix) throw new WasiError(ERRNO.afNoSupport)
      grants.check(address)
      socket.sendTo(bytes, address.address, address.port)
    }),

    /** The answer is read from the descriptor. */
    resolve: socketCall((kind: number, name: number, length: number, result: number) => {
      if (!isLookup(kind)) throw new WasiError(ERRNO.notSup)
      if (length >>> 0 > MAX_NAME) throw new WasiError(ERRNO.nameTooLong)
      const asked = memory.text(name, length >>> 0)
      if (kind === LOOKUP.ptr) grants.checkReverse(asked)
      else grants.checkName(asked)
      const found = (addresses: readonly string[]): void => grants.hosts.remember(asked, addresses)
      open(() => new Answer(lookUp(kind, asked, found), wake), result)
    }),

    /** They are told who may connect everywhere. */
    interfaces: socketCall((result: number) => {
      const fields = Promise.resolve(system.permissions.hosts === null ? interfaceFields() : [])
      open(() => new Answer({ fields, cancel: () => {} }, wake), result)
    }),

    host_name: socketCall((buffer: number, length: number, result: number) => {
      const name = Buffer.from(hostname())
      const size = name.copy(memory.bytes(buffer, length >>> 0))
      memory.view.setUint32(result >>> 0, size, true)
    }),
  }
}

function socketOf(system: GuestSystem, fd: number): SocketDescriptor {
  const descriptor = system.descriptors.get(fd)
  if (descriptor instanceof TcpSocket || descriptor instanceof UdpSocket || descriptor instanceof TcpListener) {
    return descriptor
  }
  throw new WasiError(ERRNO.notSock)
}

function datagramsOf(system: GuestSystem, fd: number): UdpSocket {
  const descriptor = system.descriptors.get(fd)
  if (descriptor instanceof UdpSocket) return descriptor
  throw new WasiError(ERRNO.notSock)
}

function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '0:0:0:0:0:0:0:0'
}

function isOption(option: number): option is SocketOption {
  return option >= OPTION.noDelay && option <= OPTION.broadcast
}

function isLookup(kind: number): kind is LookupKind {
  return kind >= LOOKUP.ips && kind <= LOOKUP.txt
}
