import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { HttpRequest } from '../pipes/http.ts'
import { answer, breakOff } from './answering.ts'
import { type Connection, Exchange, type ExchangeOwner, type Tenure } from './exchange.ts'
import { guard } from './guard.ts'
import { MAX_FIELDS } from './head-check.ts'
import { guardReading, resetStream } from './reset-stream.ts'
import { writeToStream } from './stream-answer.ts'
import { toStreamRequest } from './stream-request.ts'
import { tellStreamLeaving, turnStreamAway } from './turn-away.ts'

/** The server, as far as streams of HTTP/2 need to know it. */
export interface Http2Owner extends ExchangeOwner {
  /** What answers requests that begin now. */
  readonly tenure: Tenure
  readonly isSecure: boolean
  /** Connections take no more streams. */
  readonly draining: boolean
  /** The health endpoint tells that the server is about to stop. */
  readonly leaving: boolean
}

/** Limits of a connection that speaks HTTP/2. */
export interface SessionLimits {
  /** All fields of a request together, in bytes. */
  readonly maxHeaderSize: number
  /** How long nothing may happen on it, in milliseconds; 0: for ever. */
  readonly idleMs: number
}

/** The reference's. */
const MAX_STREAMS = 250
/** What a client may send of a body before anybody reads it, in bytes: for each request, and for all of a connection. */
const STREAM_WINDOW = 256 * 1024
const CONNECTION_WINDOW = 1024 * 1024

/** Speaks HTTP/2 on a connection whose client has chosen it. */
function openSession(connection: Connection, { maxHeaderSize, idleMs }: SessionLimits): ServerHttp2Session {
  const { performServerHandshake } = process.getBuiltinModule('node:http2')
  const session = performServerHandshake(connection.socket, {
    maxHeaderListPairs: MAX_FIELDS,
    settings: {
      maxConcurrentStreams: MAX_STREAMS,
      maxHeaderListSize: maxHeaderSize,
      initialWindowSize: STREAM_WINDOW,
      enablePush: false,
    },
  })
  session.setLocalWindowSize(CONNECTION_WINDOW)
  if (idleMs > 0) {
    session.setTimeout(idleMs, () => {
      if (connection.active === 0) session.close()
    })
  }
  session.on('error', () => {}) // the client broke the protocol or off; its requests are told by their streams
  return session
}

/** Takes the requests of a connection whose client has chosen HTTP/2, and answers them. */
export function serveHttp2(connection: Connection, owner: Http2Owner, limits: SessionLimits): void {
  const session = openSession(connection, limits)
  connection.session = session
  session.on('stream', (stream, _headers, flags, raw) => {
    const request = toStreamRequest(stream, flags, raw, connection.clientAddress, limits.maxHeaderSize)
    if (request === null) return
    request.secure = owner.isSecure
    request.remotePort = connection.peerPort
    const asksForHealth = request.url === owner.tenure.healthPath && request.method === 'GET'
    if (owner.leaving && asksForHealth) {
      tellStreamLeaving(stream)
      return
    }
    if (owner.admission.opens() || asksForHealth) {
      void serve(owner, connection, stream, request)
      return
    }
    connection.waitFor(
      owner.admission,
      () => void serve(owner, connection, stream, request),
      () => turnStreamAway(stream),
    )
  })
}

async function serve(
  owner: Http2Owner,
  connection: Connection,
  stream: ServerHttp2Stream,
  request: HttpRequest,
): Promise<void> {
  const { tenure } = owner
  const exchange = new Exchange(owner, tenure, connection, { method: request.method, url: request.target })
  stream.once('close', () => exchange.abandon())
  if (tenure.writeDeadlines !== null) guard(tenure.writeDeadlines, stream, () => resetStream(stream))
  if (tenure.readDeadlines !== null && request.body !== null) guardReading(tenure.readDeadlines, stream)
  try {
    const response = await tenure.gateway.handle(request, exchange)
    if (owner.draining) connection.session?.close() // one that was opened after the drain had begun
    answer(response, stream, writeToStream, exchange)
  } catch (error) {
    breakOff(error, stream, exchange, owner.log)
  }
}
