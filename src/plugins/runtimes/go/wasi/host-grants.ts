import { parseHostPattern } from '../../../../config/host-pattern.ts'
import { type AddressList, compileAddressList } from '../../../../shared/address-list.ts'
import { addressUnits } from '../../../../shared/address-units.ts'

/** Ports that a pattern grants; null: all. */
type Ports = ReadonlySet<number> | null

/** Most addresses of names that are remembered; the oldest go first. A guest that still needs one looks it up again. */
const MAX_RESOLVED = 4096

/**
 * Where a guest may connect to. Patterns are a name, `*.name` for all names below it, an address, or a network, each with
 * or without a port (`[::1]:443`). A name grants the addresses that the guest was told for it, and no others.
 */
export class HostGrants {
  /** Null: everywhere. */
  readonly #names: ReadonlyMap<string, Ports> | null
  readonly #below: readonly (readonly [suffix: string, ports: Ports])[]
  readonly #networks: readonly (readonly [list: AddressList, ports: Ports])[]
  readonly #resolved = new Map<string, { readonly name: string; readonly ports: Ports }>()

  /**
   * @param hosts patterns; null: everywhere
   * @throws RangeError that names the first entry that is no pattern
   */
  constructor(hosts: readonly string[] | null) {
    const names = new Map<string, Ports>()
    const below = new Map<string, Ports>()
    const networks: [AddressList, Ports][] = []
    for (const entry of hosts ?? []) {
      const pattern = parseHostPattern(entry)
      if (pattern === null) throw notAPattern(entry)
      const { host, isName, port } = pattern
      const ports: Ports = port === null ? null : new Set([port])
      const name = normalName(host)
      if (!isName) networks.push([compileAddressList([host]), ports])
      else if (name.startsWith('*.')) below.set(name.slice(1), joinPorts(below.get(name.slice(1)), ports))
      else names.set(name, joinPorts(names.get(name), ports))
    }
    this.#names = hosts === null ? null : names
    this.#below = [...below]
    this.#networks = networks
  }

  /** Whether the name may be looked up. */
  allowsName(name: string): boolean {
    return this.#names === null || this.#portsOf(normalName(name)) !== undefined
  }

  /** Remembers what the guest was told for a name, so that it may connect there. */
  remember(name: string, addresses: readonly string[]): void {
    if (this.#names === null) return
    const ports = this.#portsOf(normalName(name))
    if (ports === undefined) return
    for (const address of addresses) {
      const units = addressUnits(address)
      if (units === null) continue
      const joined = joinPorts(this.#resolved.get(units)?.ports, ports)
      this.#resolved.delete(units)
      this.#resolved.set(units, { name, ports: joined })
      if (this.#resolved.size > MAX_RESOLVED) {
        for (const oldest of this.#resolved.keys()) {
          this.#resolved.delete(oldest)
          break
        }
      }
    }
  }

  /** Whether the guest may connect there, or listen there. */
  allows(address: string, port: number): boolean {
    if (this.#names === null) return true
    const units = addressUnits(address)
    if (units === null) return false
    const resolved = this.#resolved.get(units)
    if (resolved !== undefined && (resolved.ports === null || resolved.ports.has(port))) return true
    return this.#networks.some(([list, ports]) => (ports === null || ports.has(port)) && list.has(address))
  }

  /** Whether the guest may connect there at some port. */
  allowsAddress(address: string): boolean {
    if (this.#names === null) return true
    const units = addressUnits(address)
    return units !== null && (this.#resolved.has(units) || this.#networks.some(([list]) => list.has(address)))
  }

  /** The name for which the guest was told the address, if it was. */
  nameOf(address: string): string | undefined {
    const units = addressUnits(address)
    return units === null ? undefined : this.#resolved.get(units)?.name
  }

  /** Undefined: not granted. */
  #portsOf(name: string): Ports | undefined {
    let ports = this.#names?.get(name)
    for (const [suffix, more] of this.#below) {
      if (name.length > suffix.length && name.endsWith(suffix)) ports = joinPorts(ports, more)
    }
    return ports
  }
}

/** Null stands for all ports, undefined for none. */
function joinPorts(one: Ports | undefined, other: Ports): Ports {
  if (one === undefined) return other
  return one === null || other === null ? null : one.union(other)
}

/** Names are the same with and without the dot at their end, and in capitals. */
function normalName(name: string): string {
  return (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase()
}

function notAPattern(entry: string): RangeError {
  return new RangeError(
    `"${entry}" is no host: give a name, *.name, an address or a network such as 10.0.0.0/8, each with or without a port`,
  )
}
