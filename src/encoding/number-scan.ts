/**
 * Whether some number of a JSON text needs more than a double. May say true for a number that stands inside a string,
 * never false for one that counts.
 *
 * Such a number has at least 16 digits or an exponent of at least three, so it is a run of five or more of the
 * characters that numbers are made of. Looking at every fifth byte meets each such run; most bytes are never read.
 * @param bytes the text in UTF-8, or the low bytes of its UTF-16 units: what matters is ASCII
 */
export function hasExactNumber(bytes: Buffer): boolean {
  const { length } = bytes
  let index = SHORTEST - 1
  while (index < length) {
    const kind = KINDS[bytes[index] as number] as number
    // The letter e is frequent: unless a digit stands before it, it is no exponent mark.
    if (kind === NONE || (kind === MARK && KINDS[bytes[index - 1] as number] !== DIGIT)) {
      index += SHORTEST
      continue
    }
    let end = index + 1
    while (end < length && KINDS[bytes[end] as number] !== NONE) end++
    // What ends as no number can end is a part of a string.
    if (isBoundary(bytes, end)) {
      let start = index
      while (start > 0 && KINDS[bytes[start - 1] as number] !== NONE) start--
      if (end - start >= SHORTEST && isExactToken(bytes, start, end)) return true
    }
    index = end + SHORTEST
  }
  return false
}

/**
 * Whether the nearest double is another number than `source`: digits would be lost, or it is too large or too small.
 * So is a whole number that would be written with an exponent: readers of integers do not take one.
 * @param source a JSON number
 */
export function needsExactness(source: string): boolean {
  const value = Number(source)
  if (Number.isNaN(value)) return false // a part of a text that looks like a number: 2023-01-02
  const shortest = String(value)
  if (shortest === source) return false
  if (!Number.isFinite(value) || (shortest.includes('e') && WHOLE.test(source))) return true
  return canonicalDecimal(source) !== canonicalDecimal(shortest)
}

/**
 * Whether some number of a JSON text may be written otherwise than JavaScript does: with a zero at the end of its
 * fraction, an exponent, or as -0. May say true for what stands inside a string.
 */
export function mayHaveOtherText(bytes: Buffer): boolean {
  for (let i = 1; i < bytes.length; i++) {
    const code = bytes[i]
    if (code === DOT) {
      if (!isDigit(bytes[i - 1])) continue
      const end = digitsEnd(bytes, i + 1)
      const other = bytes[end - 1] === ZERO || (end - i > ZEROS_OF_EXPONENT && startsWithZeros(bytes, i + 1))
      if (other && isBoundary(bytes, end)) return true
      i = end - 1
    } else if (code === SMALL_E || code === LARGE_E) {
      if (isDigit(bytes[i - 1]) && isExponent(bytes, i + 1)) return true
    } else if (code === ZERO && bytes[i - 1] === MINUS && isBoundary(bytes, i + 1)) {
      if (!isDigit(bytes[i - 2]) && !isLetter(bytes[i - 2])) return true
    }
  }
  return false
}

function isLetter(code: number | undefined): boolean {
  return code !== undefined && (code | 32) >= 97 && (code | 32) <= 122
}

const [ZERO, DOT, MINUS, PLUS, SMALL_E, LARGE_E] = [48, 46, 45, 43, 101, 69]
/** JavaScript writes a fraction that begins with so many zeros with an exponent: 1e-7. */
const ZEROS_OF_EXPONENT = 6

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 48 && code <= 57
}

function digitsEnd(bytes: Buffer, start: number): number {
  let end = start
  while (isDigit(bytes[end])) end++
  return end
}

function startsWithZeros(bytes: Buffer, start: number): boolean {
  for (let i = start; i < start + ZEROS_OF_EXPONENT; i++) if (bytes[i] !== ZERO) return false
  return true
}

function isExponent(bytes: Buffer, at: number): boolean {
  const signed = bytes[at] === PLUS || bytes[at] === MINUS
  return isDigit(bytes[signed ? at + 1 : at])
}

const WHOLE = /^-?\d+$/
const SHORTEST = 5 // 1e400
const MOST_SAFE_DIGITS = 15 // any decimal of so many digits survives a double (IEEE 754)
const NONE = 0
const DIGIT = 1
const SIGN = 2
const MARK = 3

const KINDS = new Uint8Array(256)
for (const character of '0123456789') KINDS[character.charCodeAt(0)] = DIGIT
for (const character of '+-.') KINDS[character.charCodeAt(0)] = SIGN
for (const character of 'eE') KINDS[character.charCodeAt(0)] = MARK

/** Whether a run of number characters that ends like a number is one, and must stay exact. */
function isExactToken(bytes: Buffer, start: number, end: number): boolean {
  if (!isBoundary(bytes, start - 1)) return false
  if (end - start <= MOST_SAFE_DIGITS && !hasMark(bytes, start, end)) return false
  return needsExactness(bytes.toString('latin1', start, end))
}

function hasMark(bytes: Buffer, start: number, end: number): boolean {
  for (let index = start; index < end; index++) if (KINDS[bytes[index] as number] === MARK) return true
  return false
}

/** Whether a number may begin or end beside that index: whitespace, `[`, `]`, `,`, `:`, `}` or the edge of the text. */
function isBoundary(bytes: Buffer, index: number): boolean {
  if (index < 0 || index >= bytes.length) return true
  const code = bytes[index] as number
  return code <= 32 || code === 44 || code === 58 || code === 91 || code === 93 || code === 125
}

/** A spelling that all decimals of the same value share: significant digits and the power of ten of the last one. */
function canonicalDecimal(text: string): string {
  const mark = text.search(/e/i)
  const mantissa = mark === -1 ? text : text.slice(0, mark)
  const point = mantissa.indexOf('.')
  const digits = mantissa.replace(/[-.]/g, '').replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  const fraction = point === -1 ? 0 : mantissa.length - point - 1
  const exponent = BigInt(mark === -1 ? 0 : text.slice(mark + 1).replace('+', ''))
  const power = exponent - BigInt(fraction) + BigInt(digits.length - significant.length)
  return `${mantissa.startsWith('-') ? '-' : ''}${significant}e${power}`
}
