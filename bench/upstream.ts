/** The upstream of all sides: canned answers on raw sockets, so that it costs little and is the same for everybody. */
import { createServer, type Socket } from 'node:net'
import { PAYLOADS } from './payloads.ts'

const HEAD_END = Buffer.from('\r\n\r\n')
const SPACE = 32
/** Longer than any request head of any side; protects against a client that never ends its head. */
const MAX_HEAD_BYTES = 16_384

const answers = new Map([...PAYLOADS].map(([path, body]) => [path, cannedAnswer(body)]))
// For the cache: as good as new for a day, counted from the start of the bench.
answers.set(
  '/lasting',
  cannedAnswer(PAYLOADS.get('/small') ?? '', new Date().toUTCString(), 'Cache-Control: max-age=86400'),
)

const server = createServer({ noDelay: true }, serve)
server.listen(Number(process.env.PORT ?? 9100), '127.0.0.1')
process.on('disconnect', () => process.exit(0))

/** Head of the newest request, sent to the parent when it asks; shows what a side adds. */
let lastHead = ''
let recordHeads = false
process.on('message', (message) => {
  recordHeads = message === 'record'
  if (message === 'report') process.send?.({ head: lastHead })
})

function serve(socket: Socket): void {
  let rest: Buffer | null = null
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    let bytes: Buffer = rest === null ? chunk : Buffer.concat([rest, chunk])
    for (;;) {
      const end = bytes.indexOf(HEAD_END)
      if (end === -1) break
      answer(socket, bytes, end)
      bytes = bytes.subarray(end + HEAD_END.length)
    }
    rest = bytes.length === 0 ? null : bytes
    if (bytes.length > MAX_HEAD_BYTES) socket.destroy()
  })
}

function answer(socket: Socket, bytes: Buffer, end: number): void {
  if (recordHeads) lastHead = bytes.toString('latin1', 0, end)
  const from = bytes.indexOf(SPACE) + 1
  const canned = answers.get(bytes.toString('latin1', from, bytes.indexOf(SPACE, from)))
  socket.write(canned ?? 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
}

function cannedAnswer(body: string, date = 'Sat, 21 Nov 2026 10:00:00 GMT', ...more: string[]): Buffer {
  const head = [
    'HTTP/1.1 200 OK',
    'Content-Type: application/json',
    `Date: ${date}`,
    ...more,
    'Server: upstream',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`)
}
