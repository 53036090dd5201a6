/** An answer as it came over a bare connection. */
export interface RawAnswer {
  readonly status: number
  /** Names in lower case; the last value of each. */
  readonly fields: Readonly<Record<string, string>>
  readonly body: string
}

export interface ReadAnswers {
  readonly answers: readonly RawAnswer[]
  /** What no whole answer could be made of. */
  readonly rest: string
}

/**
 * Cuts what a connection received into answers; those of the 1xx class are left out.
 * @param text in latin1
 * @param toHead the answers are to HEAD, and have no bodies
 */
export function readAnswers(text: string, toHead = false): ReadAnswers {
  const answers: RawAnswer[] = []
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) return { answers, rest }
    const lines = rest.slice(0, end).split('\r\n')
    const status = Number(/^HTTP\/1\.[01] (\d{3}) /.exec(lines[0] ?? '')?.[1])
    if (Number.isNaN(status)) return { answers, rest }
    const fields = Object.fromEntries(lines.slice(1).map(fieldOf))
    const after = rest.slice(end + 4)
    const hasBody = !toHead && status >= 200 && status !== 204 && status !== 304
    const read = hasBody ? readBody(fields, after) : { body: '', rest: after }
    if (read === null) return { answers, rest }
    if (status >= 200) answers.push({ status, fields, body: read.body })
    rest = read.rest
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

/** Null while it is not whole. */
function readBody(fields: Readonly<Record<string, string>>, text: string): { body: string; rest: string } | null {
  if (fields['transfer-encoding'] !== 'chunked') {
    const length = Number(fields['content-length'] ?? 0)
    return text.length < length ? null : { body: text.slice(0, length), rest: text.slice(length) }
  }
  let body = ''
  let at = 0
  for (;;) {
    const end = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, end), 16)
    if (end === -1 || text.length < end + 2 + size + 2) return null
    body += text.slice(end + 2, end + 2 + size)
    at = end + 2 + size + 2
    if (size === 0) return { body, rest: text.slice(at) }
  }
}
