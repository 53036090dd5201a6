import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { type BodySink, BodyStream } from '../pipes/body.ts'
import { ClientGone } from '../pipes/failure.ts'
import { checkFieldName, fieldValue } from '../pipes/header-field.ts'
import type { HttpResponse } from '../pipes/http.ts'
import type { Finishable } from './outgoing.ts'
import { resetStream } from './reset-stream.ts'

/** Belong to a connection of HTTP/1, and make a message of HTTP/2 malformed (RFC 9113, section 8.2.2). */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/**
 * Writes an answer to a stream of HTTP/2; see `writeResponse`. An answer that breaks off resets its stream, and leaves the
 * others of the connection alone.
 * @param exchange is finished when everything is written or has failed
 */
export function writeToStream(response: HttpResponse, stream: ServerHttp2Stream, exchange: Finishable): void {
  const { body } = response
  if (stream.destroyed || stream.closed) {
    if (body instanceof BodyStream) body.cancel(new ClientGone())
    exchange.finish()
  } else if (body instanceof BodyStream) writeBody(response, body, stream, exchange)
  else writeWhole(response, body, stream, exchange)
}

function writeBody(response: HttpResponse, body: BodyStream, stream: ServerHttp2Stream, exchange: Finishable): void {
  const whole = body.takeWhole()
  if (whole !== undefined) {
    writeWhole(response, whole, stream, exchange)
    return
  }
  const hasTrailers = response.trailers !== null
  if (hasNoBody(response.status) || isHead(stream)) {
    respond(stream, response, body.declaredLength, true)
    body.cancel(new Error('the answer has no body'))
    exchange.finish()
    return
  }
  respond(stream, response, body.declaredLength, false, hasTrailers)
  body.pipeTo(new StreamSink(stream, body, response, exchange))
}

function writeWhole(
  response: HttpResponse,
  body: string | Uint8Array | null,
  stream: ServerHttp2Stream,
  exchange: Finishable,
): void {
  const length = body === null ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
  const isEmpty = length === 0 || isHead(stream) || hasNoBody(response.status)
  respond(stream, response, length, isEmpty)
  if (!isEmpty) stream.end(body)
  exchange.finish()
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304
}

/** The answer to a HEAD ends with its fields; Node has ended the stream then. */
function isHead(stream: ServerHttp2Stream): boolean {
  return (stream as { readonly headRequest?: boolean }).headRequest === true
}

/** @param length of the body in bytes; -1 when it is not known */
function respond(
  stream: ServerHttp2Stream,
  { status, headers: { raw } }: HttpResponse,
  length: number,
  endStream: boolean,
  waitForTrailers = false,
): void {
  const fields = [':status', String(status)]
  // Where an answer to HEAD, or without a body, says how long it would be, that stays.
  const keepsLength = hasNoBody(status) || (isHead(stream) && length <= 0)
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (OF_CONNECTION.has(name) || (name === 'content-length' && !keepsLength)) continue
    // Node does not look at them, and a message that is malformed ends the whole connection.
    checkFieldName(name)
    fields.push(name, fieldValue(name, raw[i + 1]))
  }
  if (length >= 0 && !keepsLength) fields.push('content-length', String(length))
  stream.respond(fields as unknown as OutgoingHttpHeaders, { endStream, waitForTrailers })
}

class StreamSink implements BodySink {
  readonly #stream: ServerHttp2Stream
  readonly #exchange: Finishable

  constructor(stream: ServerHttp2Stream, body: BodyStream, response: HttpResponse, exchange: Finishable) {
    this.#stream = stream
    this.#exchange = exchange
    stream.on('drain', () => body.resume())
    stream.on('close', () => {
      if (!stream.writableFinished) body.cancel(new ClientGone())
    })
    const { trailers } = response
    if (trailers !== null) stream.on('wantTrailers', () => stream.sendTrailers(trailerFields(trailers)))
  }

  write(chunk: Uint8Array): boolean {
    return this.#stream.write(chunk)
  }

  end(): void {
    this.#stream.end()
    this.#exchange.finish()
  }

  fail(reason: Error): void {
    resetStream(this.#stream)
    this.#exchange.brokeOff(reason)
    this.#exchange.finish()
  }
}

function trailerFields(raw: readonly string[]): OutgoingHttpHeaders {
  const fields: Record<string, string[]> = {}
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    fields[name] = [...(fields[name] ?? []), raw[i + 1] as string]
  }
  return fields
}
