import type { BackendConfig } from '../config/model.ts'
import { Failure } from '../pipes/failure.ts'

/** Gives the host of the next call: `http://name:port`, with a base path where the configuration has one. */
export interface Hosts {
  next(): string
  close(): void
}

/** There is no host to call: none is configured, or discovery has found none. */
export class NoHosts extends Failure {
  override name = 'NoHosts'

  constructor() {
    super('no hosts available')
  }
}

/** The configured hosts in turn, from a random one on, so that several threads do not start at the same. */
export function staticHosts(backend: BackendConfig): Hosts {
  return rotate(backend.hosts)
}

/** The entries of a list in turn; an entry that occurs twice gets twice the calls. */
export function rotate(hosts: readonly string[]): Hosts {
  const { length } = hosts
  const only = hosts[0]
  if (only === undefined) {
    return {
      next: () => {
        throw new NoHosts()
      },
      close: () => {},
    }
  }
  if (length === 1) return { next: () => only, close: () => {} }
  let position = Math.floor(Math.random() * length)
  return {
    next: () => {
      position = position + 1 === length ? 0 : position + 1
      return hosts[position] as string
    },
    close: () => {},
  }
}
