const HEAD_END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = Buffer.from('0\r\n\r\n')
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i
const CHUNKED = /\r\ntransfer-encoding: *chunked/i
const IN_HEAD = -1
const IN_CHUNKS = -2

/** An answer as text, for checking it. */
export interface ReadResponse {
  readonly status: number
  /** Status line and fields, without the blank line. */
  readonly head: string
  /** With the framing of chunks taken away. */
  readonly body: string
}

/**
 * Finds the end of one response after the other on a keep-alive connection (RFC 9112, section 6), and no more than
 * that. A chunked body is taken to end where the received bytes end in an empty chunk, which no JSON text does.
 */
export class ResponseReader {
  /** Of the newest response. */
  status = 0
  /** Keeps the whole response for `text`; costs copies, so only for checking. */
  keep = false
  #missing = IN_HEAD
  #rest: Buffer | null = null
  #kept: Buffer[] = []

  /**
   * Takes received bytes, which may be overwritten afterwards. True when they end a response.
   * @throws Error when the framing is broken or more comes than was asked for
   */
  push(bytes: Buffer): boolean {
    if (this.keep) {
      if (this.#missing === IN_HEAD && this.#rest === null) this.#kept = []
      this.#kept.push(Buffer.from(bytes))
    }
    if (this.#missing === IN_CHUNKS) return this.#endsInLastChunk(bytes)
    if (this.#missing !== IN_HEAD) return this.#takeBody(bytes.length)
    const all = this.#rest === null ? bytes : Buffer.concat([this.#rest, bytes])
    const end = all.indexOf(HEAD_END)
    if (end === -1) {
      this.#rest = Buffer.from(all)
      return false
    }
    this.#rest = null
    return this.#startBody(all, end)
  }

  /** The newest response; `keep` must have been set before it came. */
  text(): ReadResponse {
    const all = Buffer.concat(this.#kept)
    const end = all.indexOf(HEAD_END)
    const head = all.toString('latin1', 0, end)
    const body = all.subarray(end + HEAD_END.length)
    return { status: this.status, head, body: (CHUNKED.test(head) ? withoutChunks(body) : body).toString('utf8') }
  }

  #startBody(all: Buffer, end: number): boolean {
    const head = all.toString('latin1', 0, end)
    this.status = Number(head.slice(9, 12))
    const received = all.subarray(end + HEAD_END.length)
    const length = CONTENT_LENGTH.exec(head)?.[1]
    if (length !== undefined) {
      this.#missing = Number(length)
      return this.#takeBody(received.length)
    }
    if (!CHUNKED.test(head)) throw new Error('a response has neither a content length nor chunks')
    this.#missing = IN_CHUNKS
    return this.#endsInLastChunk(received)
  }

  #takeBody(length: number): boolean {
    this.#missing -= length
    if (this.#missing < 0) throw new Error(`a response is ${-this.#missing} bytes longer than it says`)
    if (this.#missing > 0) return false
    this.#missing = IN_HEAD
    return true
  }

  /** The end may be cut anywhere, so the newest bytes of what came before are looked at too. */
  #endsInLastChunk(bytes: Buffer): boolean {
    const tail = this.#rest === null ? bytes : Buffer.concat([this.#rest, bytes])
    const last = tail.subarray(-LAST_CHUNK.length)
    if (!last.equals(LAST_CHUNK)) {
      this.#rest = Buffer.from(last)
      return false
    }
    this.#rest = null
    this.#missing = IN_HEAD
    return true
  }
}

/** Joins the chunks of a whole chunked body (RFC 9112, section 7.1). */
function withoutChunks(framed: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < framed.length; ) {
    const lineEnd = framed.indexOf('\r\n', at)
    const size = Number.parseInt(framed.toString('latin1', at, lineEnd), 16)
    if (!(size > 0)) break
    pieces.push(framed.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  return Buffer.concat(pieces)
}
