import type { Descriptor } from './descriptor.ts'
import type { Errno } from './errno.ts'

/** Options of sockets as guests number them. What a kind of socket does not know is taken without effect. */
export const OPTION = {
  noDelay: 1,
  keepAlive: 2,
  /** In seconds. */
  keepIdle: 3,
  /** In seconds; less than 0: the default. */
  linger: 4,
  readBuffer: 5,
  writeBuffer: 6,
  broadcast: 7,
} as const

export type SocketOption = (typeof OPTION)[keyof typeof OPTION]

/** An address that a socket has at one end. */
export interface SocketEnd {
  readonly address: string
  readonly port: number
}

/** What sockets do beyond other descriptors. */
export interface SocketDescriptor extends Descriptor {
  /** The outcome of opening it: success, what went wrong, or `inProgress`. */
  readonly error: Errno
  /** Undefined: not known, or a path. */
  end(peer: boolean): SocketEnd | undefined
  setOption(option: SocketOption, value: number): void
}
