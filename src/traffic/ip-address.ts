import { addressUnits, V4_UNITS, V6_UNITS } from '../shared/address-units.ts'

const UNIT_BITS = 16

/**
 * A text that is the same for all spellings of an address. An IPv4 address stays as it is, also one that is written as
 * IPv6 (`::ffff:192.0.2.1`). Of an IPv6 address the first bits count. What is no address stays as it is.
 * @param prefix how many bits of an IPv6 address count
 */
export function addressKey(address: string, prefix: number): string {
  if (!address.includes(':')) return address
  const units = addressUnits(address)
  if (units === null) return address
  if (units.length === V4_UNITS) return dotted(units)
  return `:${prefix < UNIT_BITS * V6_UNITS ? firstBits(units, prefix) : units}` // no IPv4 address begins with a colon
}

function dotted(units: string): string {
  const [high, low] = [units.charCodeAt(0), units.charCodeAt(1)]
  return `${high >>> 8}.${high & 255}.${low >>> 8}.${low & 255}`
}

/** The units of a network: what lies behind the prefix does not count. */
function firstBits(units: string, prefix: number): string {
  const whole = Math.floor(prefix / UNIT_BITS)
  const part = units.charCodeAt(whole) & (0xffff << (UNIT_BITS - (prefix % UNIT_BITS)))
  return units.slice(0, whole) + String.fromCharCode(part)
}
