import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { lingerAtEnd } from './lingering-close.ts'

const TEXT = 'text/plain; charset=utf-8'
const OVERLOADED = '503 Service Unavailable: too many requests at once\n'
/** Overload passes as quickly as it comes. */
const RETRY_AFTER_S = '1'
const FIELDS = ['Retry-After', RETRY_AFTER_S, 'Content-Type', TEXT, 'Content-Length', String(OVERLOADED.length)]
const LAST_FIELDS = [...FIELDS, 'Connection', 'close']

/**
 * Answers a request that there is no room for. Its connection goes on, for a new one would cost more, unless the request
 * has a body, for that is not read.
 */
export function turnAway({ headers, socket }: IncomingMessage, outgoing: ServerResponse): void {
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  if (hasBody) lingerAtEnd(socket)
  outgoing.writeHead(503, hasBody ? LAST_FIELDS : FIELDS)
  outgoing.end(OVERLOADED)
}

/** The same on a stream of HTTP/2. */
export function turnStreamAway(stream: ServerHttp2Stream): void {
  if (stream.destroyed || stream.closed) return
  stream.respond({ ':status': 503, 'retry-after': RETRY_AFTER_S, 'content-type': TEXT })
  stream.end(OVERLOADED)
}

const JSON_TYPE = 'application/json; charset=utf-8'
const LEAVING = '{"status":"stopping"}'
const LEAVING_FIELDS = ['Content-Type', JSON_TYPE, 'Content-Length', String(LEAVING.length), 'Connection', 'close']

/** Answers a probe of a gateway that is about to stop. */
export function tellLeaving(outgoing: ServerResponse): void {
  outgoing.writeHead(503, LEAVING_FIELDS)
  outgoing.end(LEAVING)
}

/** The same on a stream of HTTP/2. */
export function tellStreamLeaving(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 503, 'content-type': JSON_TYPE })
  stream.end(LEAVING)
}
