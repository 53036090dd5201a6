import { connect } from 'node:net'
import type { TestContext } from 'node:test'

/** Types of frames (RFC 9113, section 6). */
export const FRAME = {
  ...{ data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8, continuation: 9 },
} as const
export const END_STREAM = 0x1
export const END_HEADERS = 0x4
const HEAD_BYTES = 9

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1')

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Fields as they go into a frame, none of them into a table (RFC 7541, section 6.2.2); each shorter than 127 bytes. */
export function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  const literal = (text: string) => Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')])
  return Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]))
}

/** A request for a path, as fields. */
export function get(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  return headerBlock({ ':method': 'GET', ':scheme': 'http', ':path': path, ':authority': 'g', ...more })
}

/** A connection on which a test writes what it likes. */
export interface FrameClient {
  write(...bytes: readonly Buffer[]): void
  readonly frames: Frame[]
  /** The first frame that fits, once it has come; rejects when the connection closes before. */
  find(fits: (frame: Frame) => boolean): Promise<Frame>
  readonly closed: Promise<void>
}

/**
 * Connects and reads frames; closed after the test.
 * @param first text that is sent before, and whose answer ends with an empty line
 */
export async function connectFrames(t: TestContext, port: number, first = ''): Promise<FrameClient> {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  const frames: Frame[] = []
  const waiting = new Set<() => void>()
  const closed = Promise.withResolvers<void>()
  const answered = Promise.withResolvers<void>()
  let rest = Buffer.alloc(0)
  let isText = first !== ''
  socket.on('error', () => {})
  socket.on('close', () => {
    closed.resolve()
    for (const look of waiting) look()
  })
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    if (isText) {
      const end = rest.indexOf('\r\n\r\n')
      if (end === -1) return
      if (!/^HTTP\/1\.1 101 /.test(rest.toString('latin1'))) return socket.destroy()
      rest = rest.subarray(end + 4)
      isText = false
      answered.resolve()
    }
    while (rest.length >= HEAD_BYTES && rest.length >= HEAD_BYTES + rest.readUIntBE(0, 3)) {
      const end = HEAD_BYTES + rest.readUIntBE(0, 3)
      const [type = 0, flags = 0] = rest.subarray(3, 5)
      frames.push({ type, flags, stream: rest.readUInt32BE(5), payload: rest.subarray(HEAD_BYTES, end) })
      rest = rest.subarray(end)
    }
    for (const look of waiting) look()
  })
  const find = (fits: (frame: Frame) => boolean) =>
    new Promise<Frame>((resolve, reject) => {
      const look = () => {
        const found = frames.find(fits)
        if (found === undefined && !socket.destroyed) return
        waiting.delete(look)
        if (found === undefined) reject(new Error('the connection closed before'))
        else resolve(found)
      }
      waiting.add(look)
      look()
    })
  if (first !== '') {
    socket.write(first, 'latin1')
    await Promise.race([answered.promise, closed.promise.then(() => Promise.reject(new Error('no 101')))])
  }
  socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0)]))
  return { write: (...bytes) => void socket.write(Buffer.concat(bytes)), frames, find, closed: closed.promise }
}
