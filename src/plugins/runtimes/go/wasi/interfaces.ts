import { networkInterfaces } from 'node:os'

/**
 * The network interfaces of the host as fields for a guest: name, index, hardware address, `loopback` or nothing, and an
 * address with the bits of its network; one group for each address.
 */
export function interfaceFields(): string[] {
  const fields: string[] = []
  let ordinal = 0
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    ordinal++
    for (const { mac, internal, cidr } of addresses) {
      if (cidr !== null) fields.push(name, `${ordinal}`, mac, internal ? 'loopback' : '', cidr)
    }
  }
  return fields
}

/** The interface that a guest knows by this number, as the zone of an address. */
export function interfaceName(index: number): string | undefined {
  return Object.keys(networkInterfaces())[index - 1]
}

/** The number by which guests know the interface; 0: there is none. */
export function interfaceIndex(name: string): number {
  return Object.keys(networkInterfaces()).indexOf(name) + 1
}
