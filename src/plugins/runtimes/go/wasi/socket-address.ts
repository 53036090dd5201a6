import { addressUnits, V4_UNITS } from '../../../../shared/address-units.ts'
import { ERRNO, WasiError } from './errno.ts'
import type { GuestMemory } from './guest-memory.ts'
import { interfaceIndex, interfaceName } from './interfaces.ts'

/** Families of addresses as the guest numbers them. */
export const FAMILY = { unix: 1, inet: 2, inet6: 3 } as const

/** One end of a socket. */
export type SocketAddress =
  | { readonly family: typeof FAMILY.unix; readonly path: string }
  | { readonly family: typeof FAMILY.inet | typeof FAMILY.inet6; readonly address: string; readonly port: number }

// An address in the memory of the guest: family (1 byte), length of a path (1), port (2), zone (4), and 108 bytes for 4 or
// 16 of an address, or a path.
const PATH_BYTES = 108
const V4_BYTES = 4
const V6_BYTES = 16
/** Where an IPv4 address begins in one of IPv6. */
const MAPPED_BYTES = 12

/** @throws WasiError for a family that is not known */
export function readAddress(memory: GuestMemory, at: number): SocketAddress {
  const view = memory.view
  const start = at >>> 0
  const family = view.getUint8(start)
  if (family === FAMILY.unix) return { family, path: memory.text(start + 8, view.getUint8(start + 1)) }
  if (family !== FAMILY.inet && family !== FAMILY.inet6) throw new WasiError(ERRNO.afNoSupport)
  const port = view.getUint16(start + 2, true)
  if (family === FAMILY.inet) return { family, address: memory.bytes(start + 8, V4_BYTES).join('.'), port }
  const groups: string[] = []
  for (let i = 0; i < V6_BYTES; i += 2) groups.push(view.getUint16(start + 8 + i).toString(16))
  const zone = view.getUint32(start + 4, true)
  if (zone === 0) return { family, address: groups.join(':'), port }
  const name = interfaceName(zone)
  if (name === undefined) throw new WasiError(ERRNO.addrNotAvail)
  return { family, address: `${groups.join(':')}%${name}`, port }
}

/**
 * @param v6 whether the guest sees it as an address of IPv6, also where it is one of IPv4
 * @throws WasiError for what is no address
 */
export function writeAddress(memory: GuestMemory, at: number, address: string, port: number, v6: boolean): void {
  const units = addressUnits(address)
  if (units === null) throw new WasiError(ERRNO.addrNotAvail)
  const bytes = clear(memory, at, v6 ? FAMILY.inet6 : FAMILY.inet)
  memory.view.setUint16((at >>> 0) + 2, port, true)
  const percent = address.indexOf('%')
  if (percent !== -1) memory.view.setUint32((at >>> 0) + 4, interfaceIndex(address.slice(percent + 1)), true)
  let to = 8
  if (v6 && units.length === V4_UNITS) {
    bytes.fill(0xff, 8 + MAPPED_BYTES - 2, 8 + MAPPED_BYTES)
    to += MAPPED_BYTES
  }
  for (let i = 0; i < units.length; i++) {
    const unit = units.charCodeAt(i)
    bytes[to++] = unit >>> 8
    bytes[to++] = unit & 0xff
  }
}

export function writePath(memory: GuestMemory, at: number, path: string): void {
  const bytes = clear(memory, at, FAMILY.unix)
  const encoded = Buffer.from(path).subarray(0, PATH_BYTES)
  bytes[1] = encoded.length
  bytes.set(encoded, 8)
}

function clear(memory: GuestMemory, at: number, family: number): Uint8Array {
  const bytes = memory.bytes(at, 8 + PATH_BYTES)
  bytes.fill(0)
  bytes[0] = family
  return bytes
}
