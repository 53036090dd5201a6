const WORDS = 8
const COLON = 58
const DOT = 46
const PERCENT = 37
const NO_DIGIT = -1

/** The values of hexadecimal digits by their codes. */
const DIGITS = new Int8Array(128).fill(NO_DIGIT)
for (const digit of '0123456789abcdefABCDEF') DIGITS[digit.charCodeAt(0)] = Number.parseInt(digit, 16)

/** The address that was read last. */
const words = new Uint16Array(WORDS)

/**
 * A text that is the same for all spellings of an address. An IPv4 address stays as it is, also one that is written as
 * IPv6 (`::ffff:192.0.2.1`). Of an IPv6 address the first bits count. What is no address stays as it is.
 * @param prefix how many bits of an IPv6 address count
 */
export function addressKey(address: string, prefix: number): string {
  if (!address.includes(':') || !readIpv6(address)) return address
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = words
  if (f === 0xffff && (a | b | c | d | e) === 0) return `${g >>> 8}.${g & 255}.${h >>> 8}.${h & 255}`
  if (prefix < 16 * WORDS) return keyOfNetwork(prefix)
  return `:${String.fromCharCode(a, b, c, d, e, f, g, h)}` // no IPv4 address begins with a colon
}

function keyOfNetwork(prefix: number): string {
  const whole = prefix >>> 4
  words[whole] = (words[whole] as number) & (0xffff << (16 - (prefix & 15)))
  words.fill(0, whole + 1)
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = words
  return `:${String.fromCharCode(a, b, c, d, e, f, g, h)}`
}

/** Reads an IPv6 address (RFC 4291, section 2.2) into `words`; false when it is none. A zone behind `%` is left out. */
function readIpv6(text: string): boolean {
  const { length } = text
  let word = 0
  let gap = text.startsWith('::') ? 0 : -1
  let start = gap === 0 ? 2 : 0
  let value = 0
  let digits = 0
  for (let at = start; at < length; at++) {
    const code = text.charCodeAt(at)
    const digit = code < 128 ? (DIGITS[code] as number) : NO_DIGIT
    if (digit !== NO_DIGIT) {
      value = (value << 4) | digit
      if (++digits > 4) return false
    } else if (code === COLON) {
      if (digits === 0 || word === WORDS || at + 1 === length) return false
      words[word++] = value
      value = 0
      digits = 0
      if (text.charCodeAt(at + 1) === COLON) {
        if (gap !== -1) return false
        gap = word
        at++
      }
      start = at + 1
    } else if (code === DOT) {
      if (!readIpv4(text.slice(start), word)) return false
      word += 2
      digits = 0
      break
    } else if (code === PERCENT) break
    else return false
  }
  if (digits > 0) {
    if (word === WORDS) return false
    words[word++] = value
  }
  return closeGap(gap, word)
}

/** Moves what was read behind `::` to the end. */
function closeGap(gap: number, read: number): boolean {
  if (gap === -1) return read === WORDS
  if (read >= WORDS) return false
  const behind = WORDS - (read - gap)
  words.copyWithin(behind, gap, read)
  words.fill(0, gap, behind)
  return true
}

/** Reads the dotted end of an address into two words. */
function readIpv4(text: string, word: number): boolean {
  const bytes = (text.split('%', 1)[0] ?? '').split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256))
  const [a = 256, b = 256, c = 256, d = 256] = bytes
  if (bytes.length !== 4 || Math.max(a, b, c, d) > 255 || word + 2 > WORDS) return false
  words[word] = (a << 8) | b
  words[word + 1] = (c << 8) | d
  return true
}
