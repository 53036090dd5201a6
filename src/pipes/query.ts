/**
 * The query of a URL as an ordered list of decoded names and values. Names are case-sensitive and may repeat.
 * Pairs with an invalid escape or a `;` are dropped when it is read (specification: core 2.3).
 *
 * @example
 * const page = Number(request.query.get('page') ?? 1)
 * for (const tag of request.query.getAll('tag')) tags.add(tag)
 * request.query.set('limit', '10')
 */
export class Query implements Iterable<[string, string]> {
  /** The pairs as `[name, value, name, value, …]`, decoded. */
  readonly raw: string[]
  /**
   * True once something was set, appended or deleted.
   * @internal
   */
  changed = false

  /** @internal */
  constructor(raw: string[] = []) {
    this.raw = raw
  }

  /**
   * Reads the part after the `?`.
   * @internal
   */
  static parse(search: string): Query {
    const raw: string[] = []
    if (search === '') return new Query(raw)
    for (const pair of search.split('&')) {
      if (pair === '' || pair.includes(';')) continue
      const equals = pair.indexOf('=')
      const name = decodeForm(equals === -1 ? pair : pair.slice(0, equals))
      const value = equals === -1 ? '' : decodeForm(pair.slice(equals + 1))
      if (name !== undefined && value !== undefined) raw.push(name, value)
    }
    return new Query(raw)
  }

  /** The first value of `name`, or null. */
  get(name: string): string | null {
    for (let i = 0; i < this.raw.length; i += 2) if (this.raw[i] === name) return this.raw[i + 1] as string
    return null
  }

  getAll(name: string): string[] {
    const values: string[] = []
    for (let i = 0; i < this.raw.length; i += 2) if (this.raw[i] === name) values.push(this.raw[i + 1] as string)
    return values
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  /** Replaces all values of `name` by one. */
  set(name: string, value: string): void {
    this.delete(name)
    this.append(name, value)
  }

  append(name: string, value: string): void {
    this.changed = true
    this.raw.push(name, String(value))
  }

  delete(name: string): void {
    const { raw } = this
    this.changed = true
    let kept = 0
    for (let i = 0; i < raw.length; i += 2) {
      if (raw[i] === name) continue
      raw[kept++] = raw[i] as string
      raw[kept++] = raw[i + 1] as string
    }
    raw.length = kept
  }

  copy(): Query {
    return new Query(this.raw.slice())
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    for (let i = 0; i < this.raw.length; i += 2) yield [this.raw[i] as string, this.raw[i + 1] as string]
  }

  entries(): IterableIterator<[string, string]> {
    return this[Symbol.iterator]()
  }

  /** The query in form encoding, sorted by name; values of one name keep their order. No leading `?`. */
  toString(): string {
    const { raw } = this
    if (raw.length === 0) return ''
    const pairs: [string, string][] = [...this]
    if (pairs.length > 1) pairs.sort((a, b) => compareBytes(a[0], b[0]))
    let text = ''
    for (const [name, value] of pairs) text += `${text === '' ? '' : '&'}${encodeForm(name)}=${encodeForm(value)}`
    return text
  }
}

/** Orders by code points, which is the order of the UTF-8 bytes; `<` compares code units, where surrogates come early. */
function compareBytes(a: string, b: string): number {
  if (a === b) return 0
  const end = Math.min(a.length, b.length)
  for (let i = 0; i < end; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    return x >= 0xd800 && y >= 0xd800 && isSurrogate(x) !== isSurrogate(y) ? y - x : x - y
  }
  return a.length - b.length
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff
}

const BARE_FORM_VALUE = /^[A-Za-z0-9\-_.~]*$/
const INVALID_BYTE = 0xdc00 // a byte that is no UTF-8 is kept as the lone surrogate U+DC00 + byte, and written back as %XX

/** Decodes form encoding (`+` is a space); undefined when an escape is invalid. */
export function decodeForm(text: string): string | undefined {
  return percentDecode(text.includes('+') ? text.replaceAll('+', ' ') : text)
}

/** Encodes for a query: only `A-Za-z0-9-_.~` stay bare, a space becomes `+`. */
export function encodeForm(text: string): string {
  if (BARE_FORM_VALUE.test(text)) return text
  return percentEncode(text, isUnreserved).replaceAll('%20', '+')
}

/** Decodes `%XX`; bytes that are no UTF-8 survive a round trip; undefined when an escape is not two hex digits. */
export function percentDecode(text: string): string | undefined {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return /%(?![0-9A-Fa-f]{2})/.test(text) ? undefined : decodeLossless(text)
  }
}

function decodeLossless(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (run) => {
    const bytes = Buffer.from(run.replaceAll('%', ''), 'hex')
    let result = ''
    let validFrom = 0
    for (let i = 0; i < bytes.length; ) {
      const length = sequenceLength(bytes, i)
      if (length === 0) {
        result += bytes.toString('utf8', validFrom, i) + String.fromCharCode(INVALID_BYTE + (bytes[i] as number))
        validFrom = i + 1
      }
      i += length || 1
    }
    return result + bytes.toString('utf8', validFrom)
  })
}

/** How many bytes the UTF-8 sequence at `i` has (RFC 3629, section 4); 0 when there is no valid one. */
function sequenceLength(bytes: Buffer, i: number): number {
  const lead = bytes[i] as number
  if (lead < 0x80) return 1
  if (lead < 0xc2 || lead > 0xf4) return 0
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  // Below the lowest second byte the form would be overlong, above the highest a surrogate or beyond U+10FFFF.
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  const second = bytes[i + 1] ?? 0
  if (second < lowest || second > highest) return 0
  for (let k = 2; k < length; k++) if (((bytes[i + k] ?? 0) & 0xc0) !== 0x80) return 0
  return length
}

/** Writes every byte that `keep` does not name as `%XX`, in upper-case hexadecimal digits. */
export function percentEncode(text: string, keep: (charCode: number) => boolean): string {
  let result = ''
  for (const character of text) {
    const code = character.codePointAt(0) as number
    if (code < 128) {
      result += keep(code) ? character : hexByte(code)
    } else if (code > INVALID_BYTE + 127 && code <= INVALID_BYTE + 255) {
      result += hexByte(code - INVALID_BYTE)
    } else {
      for (const byte of Buffer.from(character)) result += hexByte(byte)
    }
  }
  return result
}

function hexByte(byte: number): string {
  return `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`
}

/** Letters, digits, `-`, `_`, `.`, `~` (RFC 3986, section 2.3). */
export function isUnreserved(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) ||
    code === 45 ||
    code === 95 ||
    code === 46 ||
    code === 126
  )
}
