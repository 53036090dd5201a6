import { addressUnits, V4_UNITS, V6_UNITS } from './address-units.ts'

/** A set of addresses and networks, IPv4 and IPv6. */
export interface AddressList {
  /** False for what is no address. An IPv4 address may be written as IPv6 (`::ffff:192.0.2.1`). */
  has(address: string): boolean
}

/**
 * Compiles addresses (`192.0.2.1`, `2001:db8::1`) and networks (`10.0.0.0/8`) to a set. A look-up takes some 100 ns,
 * also among thousands.
 * @throws RangeError that names the first entry that is neither
 */
export function compileAddressList(entries: readonly string[]): AddressList {
  const v4: Range[] = []
  const v6: Range[] = []
  for (const entry of entries) {
    const range = readEntry(entry)
    if (range.from.length === V4_UNITS) v4.push(range)
    else v6.push(range)
  }
  const [inV4, inV6] = [compileRanges(v4), compileRanges(v6)]
  return {
    has: (address) => {
      const key = addressUnits(address)
      return key !== null && (key.length === V4_UNITS ? inV4(key) : inV6(key))
    },
  }
}

/** All addresses from one to another, both written as their units. */
interface Range {
  readonly from: string
  readonly to: string
}

const UNIT_BITS = 16
const MAPPED_BITS = 96
/** An IPv4 address as IPv6, `::ffff:0:0/96`. */
const MAPPED = '\0\0\0\0\0\uffff'

function readEntry(entry: string): Range {
  const slash = entry.indexOf('/')
  const address = slash === -1 ? entry : entry.slice(0, slash)
  const bitsText = slash === -1 ? '' : entry.slice(slash + 1)
  const units = addressUnits(address)
  const width = address.includes(':') ? V6_UNITS * UNIT_BITS : V4_UNITS * UNIT_BITS
  let bits = slash === -1 ? width : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : Number.NaN
  if (units === null || !(bits <= width)) {
    throw new RangeError(`"${entry}" is neither an address nor a network such as 10.0.0.0/8`)
  }
  if (units.length * UNIT_BITS === width) return rangeOf(units, bits)
  // Mapped: with fewer bits than the mapping it is a network of IPv6, in which no IPv4 address is looked for.
  bits -= MAPPED_BITS
  return bits < 0 ? rangeOf(MAPPED + units, bits + MAPPED_BITS) : rangeOf(units, bits)
}

function rangeOf(units: string, bits: number): Range {
  let from = ''
  let to = ''
  for (let i = 0; i < units.length; i++) {
    const kept = Math.min(Math.max(bits - i * UNIT_BITS, 0), UNIT_BITS)
    const rest = 0xffff >>> kept
    const unit = units.charCodeAt(i)
    from += String.fromCharCode(unit & ~rest)
    to += String.fromCharCode(unit | rest)
  }
  return { from, to }
}

function compileRanges(ranges: readonly Range[]): (key: string) => boolean {
  const merged = merge(ranges)
  const starts = merged.map(({ from }) => from)
  const ends = merged.map(({ to }) => to)
  return (key) => {
    let low = 0
    let high = starts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((starts[middle] as string) <= key) low = middle + 1
      else high = middle
    }
    return low > 0 && key <= (ends[low - 1] as string)
  }
}

/** In order, and without overlaps. */
function merge(ranges: readonly Range[]): Range[] {
  const merged: Range[] = []
  for (const range of ranges.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    const last = merged.at(-1)
    if (last === undefined || range.from > last.to) merged.push(range)
    else if (range.to > last.to) merged[merged.length - 1] = { from: last.from, to: range.to }
  }
  return merged
}
