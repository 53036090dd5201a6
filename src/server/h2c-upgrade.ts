import type { IncomingMessage } from 'node:http'
import { PREFACE } from './cleartext-http2.ts'
import type { ConnectionSocket } from './exchange.ts'

/** A head that would not fit into one frame is served by HTTP/1.1. */
const MOST_HEAD_BYTES = 16_000
const FRAME_HEAD_BYTES = 9
const SETTINGS = 0x4
const HEADERS = 0x1
const END_STREAM_AND_HEADERS = 0x5
/** The client's preface has to come at once. */
const PREFACE_MS = 5_000

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'

/** Belong to the connection that ends with the upgrade (RFC 9113, section 8.2.2), or become `:authority`. */
const NOT_HANDED_ON: ReadonlySet<string> = new Set([
  ...['connection', 'host', 'http2-settings', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'],
])

/**
 * Whether a request asks for HTTP/2 in a way that can be granted (RFC 7540, section 3.2): without a body, in one frame,
 * and with nothing before it that is not answered. All others are served by HTTP/1.1, as the client must expect.
 */
export function asksForH2c({
  headers,
  rawHeaders: raw,
  url,
  httpVersionMinor: minor,
  socket,
}: IncomingMessage): boolean {
  if (headers.upgrade?.toLowerCase() !== 'h2c' || minor !== 1) return false
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return false
  const settings = headers['http2-settings']
  if (typeof settings !== 'string' || !SETTINGS_VALUE.test(settings)) return false
  const named = (headers.connection ?? '').toLowerCase().split(/\s*,\s*/)
  if (!named.includes('upgrade') || !named.includes('http2-settings')) return false
  const { connection } = socket as ConnectionSocket
  if (connection === undefined || connection.active > 0 || connection.takesNoMore) return false
  let length = url?.length ?? 0
  for (const text of raw) length += text.length + 5
  return length <= MOST_HEAD_BYTES && raw.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length === 1
}

const SETTINGS_VALUE = /^[A-Za-z0-9_-]*$/

/**
 * Changes a connection over to HTTP/2, in which the request that asked for it is stream 1. Node's HTTP/2 cannot be told
 * of such a stream, so the request is put where the client would have sent it: behind its preface and settings.
 * @param open begins to speak HTTP/2
 */
export function upgradeToH2c(
  incoming: IncomingMessage,
  socket: ConnectionSocket,
  rest: Buffer,
  open: () => void,
): void {
  let seen = rest
  const tooLate = (): void => void socket.destroy()
  const look = (chunk?: Buffer): void => {
    if (chunk !== undefined) seen = Buffer.concat([seen, chunk])
    const at = endOfSettings(seen)
    if (at === null) return
    socket.off('data', look).off('timeout', tooLate).off('end', tooLate)
    socket.pause()
    socket.setTimeout(0)
    if (at === -1) return void socket.destroy()
    socket.unshift(Buffer.concat([seen.subarray(0, at), headersFrame(incoming), seen.subarray(at)]))
    open()
  }
  socket.on('error', () => {})
  socket.on('data', look).on('timeout', tooLate).on('end', tooLate)
  socket.setTimeout(PREFACE_MS)
  socket.write(SWITCHING)
  look()
}

/** Where the client's first frame ends; null while it has not come, -1 when something else has. */
function endOfSettings(bytes: Buffer): number | null {
  const { length } = PREFACE
  if (!PREFACE.subarray(0, bytes.length).equals(bytes.subarray(0, length))) return -1
  if (bytes.length < length + FRAME_HEAD_BYTES) return null
  if (bytes[length + 3] !== SETTINGS) return -1
  const end = length + FRAME_HEAD_BYTES + bytes.readUIntBE(length, 3)
  return bytes.length < end ? null : end
}

function headersFrame({ method = '', url = '', headers, rawHeaders: raw }: IncomingMessage): Buffer {
  const fields = [':method', method, ':scheme', 'http', ':path', url, ':authority', headers.host ?? '']
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (!NOT_HANDED_ON.has(name)) fields.push(name, raw[i + 1] as string)
  }
  const block = Buffer.concat(fields.map((text, i) => (i % 2 === 0 ? literalName(text) : literal(text))))
  const head = Buffer.alloc(FRAME_HEAD_BYTES)
  head.writeUIntBE(block.length, 0, 3)
  head[3] = HEADERS
  head[4] = END_STREAM_AND_HEADERS
  head.writeUInt32BE(1, 5)
  return Buffer.concat([head, block])
}

/** A field that goes into no table (RFC 7541, section 6.2.2). */
function literalName(name: string): Buffer {
  return Buffer.concat([Buffer.of(0), literal(name)])
}

/** A text as it is, behind its length (RFC 7541, sections 5.1 and 5.2). */
function literal(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes])
  const length = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128)
  length.push(rest)
  return Buffer.concat([Buffer.from(length), bytes])
}
