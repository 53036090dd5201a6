import type { ServerHttp2Stream } from 'node:http2'
import { type Body, BodyStream } from '../pipes/body.ts'
import { ClientGone } from '../pipes/failure.ts'
import { HeaderList } from '../pipes/headers.ts'
import { HttpRequest } from '../pipes/http.ts'
import { refusalOfLine, SEVERAL_HOSTS } from './head-check.ts'
import { refuseStream } from './refusal.ts'

// RFC 9113, sections 6.2 and 7.
const FLAG_END_STREAM = 0x1
const NO_ERROR = 0x0

/**
 * The request of a stream as the pipes take it; null when it is refused. Nothing of the body is read before somebody asks for it.
 * @param raw names and values as they came, those of the request line among them
 * @param maxHeaderSize see `SessionLimits`: a client may not have taken note of it yet, or not want to
 */
export function toStreamRequest(
  stream: ServerHttp2Stream,
  flags: number,
  raw: readonly string[],
  remoteAddress: string,
  maxHeaderSize: number,
): HttpRequest | null {
  stream.on('error', () => {}) // every stream that ends so closes, too
  const head = readHead(raw)
  if (head.size > maxHeaderSize) {
    stream.respond({ ':status': 431 }, { endStream: true })
    return null
  }
  const refusal = head.hosts > 1 ? SEVERAL_HOSTS : refusalOfLine(head.method, head.target, head.host)
  if (refusal !== null) {
    refuseStream(stream, refusal)
    return null
  }
  const body = (flags & FLAG_END_STREAM) !== 0 ? null : bodyOf(stream, head.length)
  if (head.expects) stream.additionalHeaders({ ':status': 100 })
  return new HttpRequest(head.method, head.target, new HeaderList(head.fields), body, '', remoteAddress)
}

interface Head {
  method: string
  target: string
  host: string
  /** Fields `host`, where there is no `:authority`. */
  hosts: number
  readonly fields: string[]
  /** As HTTP/2 counts it: each field has 32 bytes on top (RFC 9113, section 6.5.2). */
  size: number
  /** `Content-Length`; -1 without one. */
  length: number
  /** `Expect: 100-continue`. */
  expects: boolean
}

/**
 * Sorts what HTTP/2 sends as fields: the request line, the host (`:authority` counts in place of `host`, RFC 9113 section
 * 8.3.1), and cookies, of which each may come alone (section 8.2.3).
 */
function readHead(raw: readonly string[]): Head {
  const head: Head = { method: '', target: '', host: '', hosts: 0, fields: [], size: 0, length: -1, expects: false }
  const { fields } = head
  let authority = ''
  let cookieAt = -1
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    head.size += name.length + value.length + 32
    if (name === ':method') head.method = value
    else if (name === ':path') head.target = value
    else if (name === ':authority') {
      authority = value
      head.host = value
      fields.push('host', value)
    } else if (name.charCodeAt(0) === 58 || (name === 'host' && authority !== '')) continue
    else if (name === 'cookie' && cookieAt !== -1) fields[cookieAt] += `; ${value}`
    else {
      if (name === 'host') {
        head.host = value
        head.hosts++
      } else if (name === 'cookie') cookieAt = fields.length + 1
      else if (name === 'content-length') head.length = Number(value)
      else if (name === 'expect') head.expects = value.toLowerCase() === '100-continue'
      fields.push(name, value)
    }
  }
  return head
}

function bodyOf(stream: ServerHttp2Stream, length: number): Body {
  // The client need not send the rest of what nobody has read.
  stream.once('finish', () => {
    if (!stream.readableEnded) stream.close(NO_ERROR)
  })
  const body: BodyStream = new BodyStream(
    {
      start: () => {
        stream.on('data', (chunk: Buffer) => body.push(chunk))
        stream.on('end', () => {
          // A stream that was reset ends as one that is whole.
          if (stream.aborted) body.fail(new ClientGone())
          else body.end()
        })
        stream.on('close', () => body.fail(new ClientGone()))
      },
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      cancel: () => stream.resume(), // read and dropped, so that the window of the connection stays open
    },
    length,
  )
  return body
}
