export const V4_UNITS = 2
export const V6_UNITS = 8

const DOT = 46
const COLON = 58
const PERCENT = 37
const ZERO = 48
/** An IPv4 address as IPv6 begins so: `::ffff:0:0/96`. */
const MAPPED_UNIT = 0xffff

const units = new Uint16Array(V6_UNITS)

/**
 * An address as a text of its 16-bit units: two of IPv4, also where it is written as IPv6 (`::ffff:192.0.2.1`), eight of
 * IPv6. Such texts are in the order of the addresses, and comparing them is fast. A zone behind `%` is left out. Null for
 * what is no address by the rules of `inet_pton`.
 */
export function addressUnits(address: string): string | null {
  if (!address.includes(':')) return readV4(address, 0, address.length, 0) ? unitsText(0, V4_UNITS) : null
  if (!readV6(address)) return null
  for (let i = 0; i < 5; i++) if (units[i] !== 0) return unitsText(0, V6_UNITS)
  return units[5] === MAPPED_UNIT ? unitsText(6, V4_UNITS) : unitsText(0, V6_UNITS)
}

function unitsText(first: number, count: number): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = units
  if (count === V4_UNITS) return first === 0 ? String.fromCharCode(a, b) : String.fromCharCode(g, h)
  return String.fromCharCode(a, b, c, d, e, f, g, h)
}

/** Reads four numbers between dots into two units. */
function readV4(text: string, start: number, end: number, unit: number): boolean {
  let bytes = 0
  let value = -1
  let high = 0
  for (let i = start; i <= end; i++) {
    const code = i === end ? DOT : text.charCodeAt(i)
    if (code === DOT) {
      if (value < 0 || bytes === 4) return false
      if (bytes % 2 === 0) high = value
      else units[unit + (bytes >> 1)] = (high << 8) | value
      bytes++
      value = -1
    } else if (code < ZERO || code > 57 || value === 0) return false
    else {
      value = value < 0 ? code - ZERO : value * 10 + code - ZERO
      if (value > 255) return false
    }
  }
  return bytes === 4
}

/** Reads groups between colons, of which one may be empty and stands for all that are missing. */
function readV6(text: string): boolean {
  const percent = text.indexOf('%')
  if (percent === text.length - 1) return false
  const end = percent === -1 ? text.length : percent
  let count = 0
  let gap = -1
  let i = 0
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false
    gap = 0
    i = 2
  }
  while (i < end) {
    const close = groupEnd(text, i, end)
    if (close < end && text.charCodeAt(close) === DOT) {
      if (count > V6_UNITS - V4_UNITS || !readV4(text, i, end, count)) return false
      count += V4_UNITS
      break
    }
    if (close === i || close - i > 4 || count === V6_UNITS || !readGroup(text, i, close, count)) return false
    count++
    i = close + 1
    if (close === end) break
    if (text.charCodeAt(i) === COLON && i < end) {
      if (gap !== -1) return false
      gap = count
      i++
    } else if (i >= end) return false // it ends in one colon
  }
  if (gap === -1) return count === V6_UNITS
  if (count >= V6_UNITS) return false
  units.copyWithin(V6_UNITS - (count - gap), gap, count)
  units.fill(0, gap, V6_UNITS - (count - gap))
  return true
}

/** Where the group that begins there ends: at a colon, a dot, or the end. */
function groupEnd(text: string, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code === COLON || code === DOT || code === PERCENT) return i
  }
  return end
}

function readGroup(text: string, start: number, end: number, unit: number): boolean {
  let value = 0
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i)
    const letter = (code | 32) - 87
    const digit = code <= 57 ? code - ZERO : letter
    if (digit < 0 || digit > 15 || (code > 57 && letter < 10)) return false
    value = value * 16 + digit
  }
  units[unit] = value
  return true
}
