import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'

/** Why the server does not take a request: nothing behind it hears of that request. */
export interface Refusal {
  readonly status: number
  /** What the client reads, and how it can do better. */
  readonly reason: string
}

const TEXT = 'text/plain; charset=utf-8'

/** Answers a request that is not taken, and closes its connection: what else comes on it is not to be trusted. */
export function refuse(outgoing: ServerResponse, refusal: Refusal): void {
  const body = bodyOf(refusal)
  const length = String(Buffer.byteLength(body))
  outgoing.writeHead(refusal.status, ['Content-Type', TEXT, 'Connection', 'close', 'Content-Length', length])
  outgoing.end(body)
}

/** The same answer as bytes, for a connection whose parser has given up. */
export function refusalBytes(refusal: Refusal): string {
  const body = bodyOf(refusal)
  const fields = `Content-Type: ${TEXT}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}`
  return `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${fields}\r\n\r\n${body}`
}

/** The same answer on a stream of HTTP/2, whose connection goes on. */
export function refuseStream(stream: ServerHttp2Stream, refusal: Refusal): void {
  stream.respond({ ':status': refusal.status, 'content-type': TEXT })
  stream.end(bodyOf(refusal))
}

function bodyOf({ status, reason }: Refusal): string {
  return `${status} ${STATUS_CODES[status]}: ${reason}\n`
}
