import { gzipSync } from 'node:zlib'
import type { RawPeer } from './start-raw-backend.ts'

/** One way in which an upstream fails, and what is to be seen of it. */
export interface Failing {
  readonly title: string
  readonly answer: (peer: RawPeer) => void
  /** Of the backend. */
  readonly backend?: Readonly<Record<string, unknown>>
  /** What the log says behind the endpoint and the URL. */
  readonly cause: RegExp
  /** The same failure comes amid the body: a no-op answer has begun then, and breaks off. */
  readonly amidBody?: boolean
  /** It shows only when the answer is decoded: a no-op answer passes. */
  readonly decoded?: boolean
}

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`
const json = (body: string | Buffer, fields = '') => `${HEAD}${fields}Content-Length: ${body.length}\r\n\r\n`
const writes =
  (text: string, end = false) =>
  ({ socket }: RawPeer) => {
    socket.write(text)
    if (end) socket.end()
  }
const resets = (text: string) => (peer: RawPeer) => {
  // The reset must not overtake what is written.
  if (text === '') peer.socket.resetAndDestroy()
  else peer.socket.write(text, () => setImmediate(() => peer.socket.resetAndDestroy()))
}
const sends =
  (body: string | Buffer, fields = '') =>
  (peer: RawPeer) => {
    peer.socket.write(json(body, fields))
    peer.socket.write(body)
  }

/** Zeros that never end, as quickly as they are taken. */
function endless({ socket }: RawPeer): void {
  const chunk = Buffer.alloc(65_536, 0x20)
  socket.write(`${HEAD}\r\n`)
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
    if (!socket.destroyed) socket.once('drain', more)
  }
  more()
}

const BOMB = gzipSync(Buffer.alloc(20_000_000, 0x20))
const LAUGHS = `<!DOCTYPE a [<!ENTITY b "${'ha'.repeat(50)}">${Array.from({ length: 9 }, (_, i) => `<!ENTITY b${i} "${`&b${i === 0 ? '' : i - 1};`.repeat(10)}">`).join('')}]><a>&b8;</a>`
const OUTSIDE = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'

/** `max_decoded_bytes` of the tests. */
export const MAX_DECODED_BYTES = 1_000_000

/** All of them but those that need a host of their own. Time is up after what the test says. */
export const FAILING: readonly Failing[] = [
  { title: 'resets before the head', answer: resets(''), cause: /connection reset by peer/ },
  { title: 'closes before the head', answer: writes('', true), cause: /connection reset by peer/ },
  { title: 'resets amid the head', answer: resets('HTTP/1.1 200 OK\r\nContent-'), cause: /connection reset by peer/ },
  {
    title: 'closes amid the head',
    answer: writes('HTTP/1.1 200 OK\r\nContent-', true),
    cause: /connection reset by peer/,
  },
  { title: 'resets after the head', answer: resets(json('1234')), cause: /connection reset by peer/, amidBody: true },
  {
    title: 'resets amid the body',
    answer: resets(`${json('123456789')}{"a":`),
    cause: /reset by peer/,
    amidBody: true,
  },
  {
    title: 'closes amid the body',
    answer: writes(`${json('123456789')}{"a":`, true),
    cause: /reset by peer/,
    amidBody: true,
  },
  {
    title: 'closes amid chunks',
    answer: writes(`${CHUNKED}5\r\n{"a":\r\n`, true),
    cause: /reset by peer|Parse Error/i,
    amidBody: true,
  },
  {
    title: 'sends a chunk size that is none',
    answer: writes(`${CHUNKED}5\r\n{"a":\r\nzz\r\n`),
    cause: /chunk size/i,
    amidBody: true,
  },
  {
    title: 'sends a chunk longer than its size',
    answer: writes(`${CHUNKED}2\r\n{"a":\r\n0\r\n\r\n`),
    cause: /chunk/i,
    amidBody: true,
  },
  { title: 'never answers', answer: () => {}, cause: /context deadline exceeded/ },
  { title: 'stops amid the head', answer: writes('HTTP/1.1 200 OK\r\nContent-'), cause: /context deadline exceeded/ },
  { title: 'stops after the head', answer: writes(json('1234')), cause: /context deadline exceeded/, amidBody: true },
  {
    title: 'stops amid the body',
    answer: writes(`${json('123456789')}{"a":`),
    cause: /context deadline exceeded/,
    amidBody: true,
  },
  {
    title: 'sends nothing but 102',
    answer: writes('HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)),
    cause: /context deadline exceeded/,
  },
  {
    title: 'changes the protocol unasked',
    answer: writes('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'),
    cause: /changes the protocol/,
  },
  { title: 'speaks no HTTP', answer: writes('SSH-2.0-OpenSSH_9.6\r\n'), cause: /Parse Error|Expected HTTP/i },
  {
    title: 'sends a head without end',
    answer: writes(`HTTP/1.1 200 OK\r\n${'X-A: aaaaaaaaaaaaaaaa\r\n'.repeat(4000)}`),
    cause: /Headers Overflow|header/i,
  },
  {
    title: 'sends two lengths',
    answer: writes('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'),
    cause: /Content-Length/i,
  },
  {
    title: 'sends a length and chunks',
    answer: writes(`${HEAD}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`),
    cause: /Content-Length|Transfer-Encoding/i,
  },
  {
    title: 'sends a body without end',
    answer: endless,
    cause: /longer than 1000000 bytes \(max_decoded_bytes\)/,
    decoded: true,
  },
  {
    title: 'declares too long a body',
    answer: writes(json(Buffer.alloc(1_000_001))),
    cause: /longer than 1000000 bytes/,
    decoded: true,
  },
  {
    title: 'sends a bomb in gzip',
    answer: sends(BOMB, 'Content-Encoding: gzip\r\n'),
    cause: /gzip.*longer than 1000000 bytes/,
    decoded: true,
  },
  {
    title: 'sends broken gzip',
    answer: sends('no gzip', 'Content-Encoding: gzip\r\n'),
    cause: /gzip: incorrect header/,
    amidBody: true,
  },
  {
    title: 'sends gzip that is cut',
    answer: sends(BOMB.subarray(0, 1000), 'Content-Encoding: gzip\r\n'),
    cause: /gzip: unexpected end/,
    amidBody: true,
  },
  { title: 'sends no JSON', answer: sends('<html>'), cause: /decoded as json/, decoded: true },
  { title: 'sends half of a JSON', answer: sends('{"a":'), cause: /decoded as json/, decoded: true },
  { title: 'sends an empty body', answer: sends(''), cause: /the body is empty/, decoded: true },
  { title: 'sends a list', answer: sends('[]'), cause: /expected an object/, decoded: true },
  {
    title: 'sends JSON that is nested beyond sense',
    answer: sends(`{"a":${'['.repeat(100_000)}1.00000000000000000001${']'.repeat(100_000)}}`),
    cause: /nested too deeply/,
    decoded: true,
  },
  {
    title: 'sends broken XML',
    answer: sends('<a><b></a>'),
    backend: { encoding: 'xml' },
    cause: /decoded as xml/,
    decoded: true,
  },
  {
    title: 'sends XML that is nested beyond sense',
    answer: sends(`${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}`),
    backend: { encoding: 'xml' },
    cause: /deeper than 512/,
    decoded: true,
  },
  {
    title: 'sends XML with entities in entities',
    answer: sends(LAUGHS),
    backend: { encoding: 'xml' },
    cause: /decoded as xml/,
    decoded: true,
  },
  {
    title: 'sends XML with an entity from a file',
    answer: sends(OUTSIDE),
    backend: { encoding: 'xml' },
    cause: /decoded as xml/,
    decoded: true,
  },
  {
    title: 'sends a broken feed',
    answer: sends('<rss><channel>'),
    backend: { encoding: 'rss' },
    cause: /decoded as rss/,
    decoded: true,
  },
  {
    title: 'redirects for ever',
    answer: writes('HTTP/1.1 302 Found\r\nLocation: /up\r\nContent-Length: 0\r\n\r\n'),
    cause: /stopped after 10 redirects/,
  },
  {
    title: 'redirects to another scheme',
    answer: writes('HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n'),
    cause: /unsupported scheme/,
  },
  {
    title: 'redirects to where nobody listens',
    answer: writes('HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n'),
    cause: /connection refused/,
  },
]
