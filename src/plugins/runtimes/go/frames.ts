import { checkFieldName, fieldValue, isToken } from '../../../pipes/header-field.ts'

/**
 * Frames between the gateway's threads and the guest of a plugin, as the Go side has them in `go/bridge/host.go`: length
 * of all (4 bytes), kind (1), flags (1), connection (2), call (4), extra (4), payload. Numbers are little-endian.
 */
export const HEADER_BYTES = 16

/** Frames for the guest. */
export const TO_GUEST = {
  hello: 1,
  instantiate: 2,
  handle: 3,
  modifyRequest: 4,
  modifyResponse: 5,
  middleware: 6,
  nextHead: 7,
  chunk: 8,
  cancel: 9,
  credit: 10,
  shutdown: 11,
  answer: 12,
  martian: 13,
  release: 14,
  drop: 15,
} as const

/** Frames of the guest. */
export const FROM_GUEST = {
  ready: 1,
  instantiated: 2,
  head: 3,
  chunk: 4,
  next: 5,
  pull: 6,
  result: 7,
  fail: 8,
  log: 9,
  ask: 10,
  cancelNext: 11,
  drop: 12,
} as const

/** Flags of chunks and heads. */
export const FLAG_END = 1
export const FLAG_ERROR = 2

/** How a body is described. */
export const BODY = { none: 0, original: 1, inline: 2, stream: 3, lazy: 4 } as const

/** How the data of a response is described. */
export const DATA = { none: 0, inline: 1, lazy: 2, empty: 3 } as const

/** Parts of a request or a response that a modifier may have changed. */
export const PART = {
  headers: 1,
  params: 2,
  query: 4,
  body: 8,
  url: 16,
  method: 32,
  path: 64,
  data: 128,
  status: 256,
} as const

/** How many bytes of a stream may be under way; as in `go/bridge/stream.go`. */
export const WINDOW_BYTES = 256 * 1024
export const CHUNK_BYTES = 32 * 1024

/** Longer texts than this need no exact guess of their size. */
const START_BYTES = 8192
const KEPT_BYTES = 1024 * 1024

/** Puts frames together, one at a time, in a buffer that is used again. */
export class FrameWriter {
  #buffer = Buffer.allocUnsafeSlow(START_BYTES)
  #at = 0

  begin(kind: number, flags: number, connection: number, call: number, extra: number): this {
    const buffer = this.#buffer
    buffer[4] = kind
    buffer[5] = flags
    buffer.writeUInt16LE(connection, 6)
    buffer.writeUInt32LE(call, 8)
    buffer.writeUInt32LE(extra, 12)
    this.#at = HEADER_BYTES
    return this
  }

  /** The frame, until the next one is begun. */
  end(): Uint8Array {
    this.#buffer.writeUInt32LE(this.#at, 0)
    const frame = this.#buffer.subarray(0, this.#at)
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(START_BYTES)
    return frame
  }

  u8(value: number): this {
    this.#room(1)
    this.#buffer[this.#at++] = value
    return this
  }

  u16(value: number): this {
    this.#room(2)
    this.#at = this.#buffer.writeUInt16LE(value, this.#at)
    return this
  }

  u32(value: number): this {
    this.#room(4)
    this.#at = this.#buffer.writeUInt32LE(value, this.#at)
    return this
  }

  /** A whole number of up to 53 bits as 64 bits. */
  i64(value: number): this {
    this.#room(8)
    this.#buffer.writeUInt32LE(value >>> 0, this.#at)
    this.#buffer.writeInt32LE(Math.floor(value / 2 ** 32), this.#at + 4)
    this.#at += 8
    return this
  }

  /** A text of bytes (header fields and what stands on request lines), with its length before it. */
  latin1(text: string): this {
    const { length } = text
    this.#room(4 + length)
    this.#buffer.writeUInt32LE(length, this.#at)
    this.#buffer.write(text, this.#at + 4, length, 'latin1')
    this.#at += 4 + length
    return this
  }

  /** A text with its length before it. */
  utf8(text: string): this {
    this.#room(4 + 3 * text.length)
    const length = this.#buffer.write(text, this.#at + 4)
    this.#buffer.writeUInt32LE(length, this.#at)
    this.#at += 4 + length
    return this
  }

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): this {
    this.#room(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
    return this
  }

  /** Header fields: names and values, each with a NUL behind it, which none of them can have in it. */
  fields(raw: readonly string[]): this {
    return this.latin1(raw.length === 0 ? '' : `${raw.join('\0')}\0`)
  }

  list(items: readonly string[]): this {
    this.u16(items.length)
    for (const item of items) this.utf8(item)
    return this
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }
}

/** The guest wants to send what HTTP has no room for. It costs the call. */
export class Unsendable extends Error {
  override name = 'Unsendable'

  constructor(message: string) {
    super(message)
    this.stack = `${this.name}: ${message}` // where in the gateway it was noticed says nothing
  }
}

/** Takes the payload of a frame apart. */
export class FrameReader {
  readonly #buffer: Buffer
  #at: number

  constructor(payload: Buffer) {
    this.#buffer = payload
    this.#at = 0
  }

  u8(): number {
    return this.#buffer.readUInt8(this.#at++)
  }

  u16(): number {
    this.#at += 2
    return this.#buffer.readUInt16LE(this.#at - 2)
  }

  u32(): number {
    this.#at += 4
    return this.#buffer.readUInt32LE(this.#at - 4)
  }

  latin1(): string {
    const length = this.u32()
    this.#at += length
    return length === 0 ? '' : this.#buffer.toString('latin1', this.#at - length, this.#at)
  }

  utf8(): string {
    const length = this.u32()
    this.#at += length
    return length === 0 ? '' : this.#buffer.toString('utf8', this.#at - length, this.#at)
  }

  /** A copy of bytes that have their length before them. */
  block(): Buffer {
    const length = this.u32()
    this.#at += length
    return Buffer.from(this.#buffer.subarray(this.#at - length, this.#at))
  }

  /**
   * Header fields as the flat list that `HeaderList` keeps.
   * @throws Unsendable the Go side sees to that, but code in the guest may have damaged it
   */
  fields(): string[] {
    const text = this.latin1()
    if (text === '') return []
    const raw = text.split('\0')
    raw.pop()
    if (raw.length % 2 !== 0) throw new Error('a header field without a value')
    for (let i = 0; i < raw.length; i += 2) checkField(raw[i] as string, raw[i + 1] as string)
    return raw
  }

  /**
   * The value of one header field.
   * @throws Unsendable
   */
  value(name: string): string {
    const value = this.latin1()
    checkField(name, value)
    return value
  }

  /** @throws Unsendable when it is none */
  method(): string {
    const method = this.latin1()
    if (method === '') return 'GET'
    if (!isToken(method)) throw new Unsendable(`net/http: invalid method ${JSON.stringify(method)}`)
    return method
  }

  /**
   * What stands on request lines: a path with a query, or a URL.
   * @throws Unsendable when it would end the line
   */
  target(): string {
    return checkTarget(this.latin1())
  }

  /** The same, of any characters. */
  url(): string {
    return checkTarget(this.utf8())
  }

  list(): string[] {
    const items: string[] = []
    for (let n = this.u16(); n > 0; n--) items.push(this.utf8())
    return items
  }

  /** A copy of all that is left. */
  rest(): Buffer {
    return Buffer.from(this.#buffer.subarray(this.#at))
  }

  get left(): number {
    return this.#buffer.length - this.#at
  }
}

/** Control characters and spaces. */
const NOT_IN_TARGETS = /[\0-\x20\x7f]/

function checkTarget(target: string): string {
  if (!NOT_IN_TARGETS.test(target)) return target
  throw new Unsendable(`net/http: can't write control character in Request.URL ${JSON.stringify(target)}`)
}

function checkField(name: string, value: string): void {
  try {
    checkFieldName(name)
    fieldValue(name, value)
  } catch (error) {
    throw new Unsendable(error instanceof Error ? error.message : String(error))
  }
}

/** Takes frames as they come. The payload is valid until the call returns. */
export type FrameSink = (
  kind: number,
  flags: number,
  connection: number,
  call: number,
  extra: number,
  payload: Buffer,
) => void

/** Cuts a stream of bytes into frames. */
export class FrameSplitter {
  #buffer = Buffer.allocUnsafeSlow(2 * WINDOW_BYTES)
  #have = 0
  readonly #sink: FrameSink

  constructor(sink: FrameSink) {
    this.#sink = sink
  }

  /** Where the next bytes belong. */
  get free(): Uint8Array {
    return this.#buffer.subarray(this.#have)
  }

  /** So many bytes have been put there. */
  filled(bytes: number): void {
    this.#have += bytes
    const buffer = this.#buffer
    const have = this.#have
    let at = 0
    while (have - at >= HEADER_BYTES) {
      const length = buffer.readUInt32LE(at)
      if (have - at < length) break
      const payload = buffer.subarray(at + HEADER_BYTES, at + length)
      const kind = buffer[at + 4] as number
      const flags = buffer[at + 5] as number
      this.#sink(
        kind,
        flags,
        buffer.readUInt16LE(at + 6),
        buffer.readUInt32LE(at + 8),
        buffer.readUInt32LE(at + 12),
        payload,
      )
      at += length
    }
    if (at > 0) {
      buffer.copyWithin(0, at, have)
      this.#have = have - at
    }
    this.#fit()
  }

  /** Room for a frame that is larger than the buffer, and no more than needed once it has gone. */
  #fit(): void {
    const length = this.#have >= 4 ? this.#buffer.readUInt32LE(0) : 0
    const usual = 2 * WINDOW_BYTES
    if (length <= this.#buffer.length && (this.#have > 0 || this.#buffer.length === usual)) return
    const next = Buffer.allocUnsafeSlow(Math.max(usual, length))
    this.#buffer.copy(next, 0, 0, this.#have)
    this.#buffer = next
  }
}
