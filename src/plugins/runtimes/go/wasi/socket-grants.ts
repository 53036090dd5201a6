import { realpathSync } from 'node:fs'
import { ERRNO, WasiError } from './errno.ts'
import type { GuestSystem } from './guest-system.ts'
import type { HostGrants } from './host-grants.ts'
import { FAMILY, type SocketAddress } from './socket-address.ts'

/** Most things that are remembered as told. */
const MAX_TOLD = 1000

/** `_ldap._tcp.example.com`: the labels that name a service. */
const SERVICE = /^(?:_[^.]+\.)+/

/** Holds the sockets and lookups of a guest to what is granted. */
export class SocketGrants {
  readonly hosts: HostGrants
  readonly #system: Pick<GuestSystem, 'permissions' | 'denied'>
  readonly #told = new Set<string>()

  constructor(hosts: HostGrants, system: Pick<GuestSystem, 'permissions' | 'denied'>) {
    this.hosts = hosts
    this.#system = system
  }

  /** @throws WasiError `acces` where the guest may neither connect nor listen */
  check(address: SocketAddress): void {
    if (address.family === FAMILY.unix) {
      if (!this.#mayWrite(address.path)) this.#deny('files.write', address.path)
    } else if (!this.hosts.allows(address.address, address.port)) {
      const v6 = address.family === FAMILY.inet6
      const name = this.hosts.nameOf(address.address) ?? (v6 ? `[${shortV6(address.address)}]` : address.address)
      this.#deny('hosts', `${name}:${address.port}`)
    }
  }

  /** @throws WasiError `acces` for a name that may not be looked up */
  checkName(name: string): void {
    if (!this.hosts.allowsName(name) && !this.hosts.allowsName(name.replace(SERVICE, ''))) this.#deny('hosts', name)
  }

  /** @throws WasiError `acces` for an address whose name may not be looked up */
  checkReverse(address: string): void {
    if (!this.hosts.allowsAddress(address)) this.#deny('hosts', address)
  }

  /** A Unix socket is reached as a file that is written to. */
  #mayWrite(path: string): boolean {
    const { files } = this.#system.permissions
    if (files === null) return true
    try {
      const real = realpathSync(path)
      return files.write.some((grant) => real === grant || real.startsWith(grant.endsWith('/') ? grant : `${grant}/`))
    } catch {
      return false
    }
  }

  #deny(grant: 'hosts' | 'files.write', what: string): never {
    if (this.#told.size < MAX_TOLD && !this.#told.has(what)) {
      this.#told.add(what)
      this.#system.denied(grant, what)
    }
    throw new WasiError(ERRNO.acces)
  }
}

/** As people write it. */
function shortV6(address: string): string {
  try {
    return new URL(`http://[${address}]`).hostname.slice(1, -1)
  } catch {
    return address
  }
}
