/** A request that a strict reading of RFC 9112 finds in the bytes of a connection. */
export interface StrictRequest {
  readonly method: string
  readonly target: string
  /** Names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export interface StrictReading {
  /** Those that are whole, up to the first that is not, or is none. */
  readonly requests: readonly StrictRequest[]
  /** `open`: more bytes could make a request of the rest; `broken`: none could. */
  readonly end: 'clean' | 'open' | 'broken'
}

const REQUEST_LINE = /^([A-Z-]+) +(\S+) HTTP\/1\.[01]$/
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/s
// biome-ignore lint/suspicious/noControlCharactersInRegex: those that no line may hold
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/
const CHUNK_LINE = /^([0-9A-Fa-f]{1,15})(?:;.*)?$/

/**
 * Reads bytes (latin1) as strictly as can be, beside and without the gateway: what the gateway carries out must be among
 * what this finds, in the same order, with the same bodies. It may find more, for the gateway has limits.
 */
export function readStrictly(bytes: string): StrictReading {
  const requests: StrictRequest[] = []
  let rest = bytes
  for (;;) {
    rest = rest.replace(/^[\r\n]+/, '') // between requests a parser may pass over them (RFC 9112, section 2.2)
    if (rest === '') return { requests, end: 'clean' }
    const headEnd = rest.indexOf('\r\n\r\n')
    const head = headEnd === -1 ? rest : rest.slice(0, headEnd)
    const lines = head.split('\r\n')
    if (headEnd === -1) return { requests, end: mayBecomeHead(lines) ? 'open' : 'broken' }
    const line = REQUEST_LINE.exec(lines[0] ?? '')
    const fields = lines.slice(1).map(readField)
    if (line === null || CONTROL.test(lines[0] ?? '') || fields.includes(null)) return { requests, end: 'broken' }
    const whole = fields as [string, string][]
    const body = readBody(whole, rest.slice(headEnd + 4))
    if (typeof body === 'string') return { requests, end: body }
    requests.push({ method: line[1] ?? '', target: line[2] ?? '', fields: whole, body: body.body })
    rest = body.rest
  }
}

/** Its last line may still grow, and what is wrong with a line may show only at its end. */
function mayBecomeHead(lines: readonly string[]): boolean {
  return lines.slice(1, -1).every((line) => readField(line) !== null)
}

function readField(line: string): [string, string] | null {
  const found = FIELD.exec(line)
  if (found === null || CONTROL.test(line)) return null
  return [(found[1] ?? '').toLowerCase(), found[2] ?? '']
}

function readBody(fields: readonly (readonly [string, string])[], rest: string) {
  const lengths = fields.filter(([name]) => name === 'content-length')
  const codings = fields.filter(([name]) => name === 'transfer-encoding')
  if (codings.length === 0 && lengths.length === 0) return { body: '', rest }
  if (codings.length + lengths.length > 1) return 'broken'
  if (codings.length === 1) return codings[0]?.[1].toLowerCase() === 'chunked' ? readChunks(rest) : 'broken'
  const text = lengths[0]?.[1] ?? ''
  if (!/^\d+$/.test(text)) return 'broken'
  const length = Number(text)
  return rest.length < length ? 'open' : { body: rest.slice(0, length), rest: rest.slice(length) }
}

function readChunks(text: string): 'open' | 'broken' | { body: string; rest: string } {
  let body = ''
  let at = 0
  for (;;) {
    const end = text.indexOf('\r\n', at)
    if (end === -1) return 'open'
    const line = text.slice(at, end)
    const size = Number.parseInt(CHUNK_LINE.exec(line)?.[1] ?? '', 16)
    if (Number.isNaN(size) || CONTROL.test(line)) return 'broken'
    at = end + 2
    if (size === 0) break
    if (text.length < at + size + 2) return 'open'
    body += text.slice(at, at + size)
    if (text.slice(at + size, at + size + 2) !== '\r\n') return 'broken'
    at += size + 2
  }
  for (;;) {
    const end = text.indexOf('\r\n', at)
    if (end === -1) return 'open'
    const line = text.slice(at, end)
    at = end + 2
    if (line === '') return { body, rest: text.slice(at) }
    if (readField(line) === null) return 'broken'
  }
}
