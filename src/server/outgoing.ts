import type { ServerResponse } from 'node:http'
import { type BodySink, BodyStream } from '../pipes/body.ts'
import { ClientGone } from '../pipes/failure.ts'
import { sameName } from '../pipes/headers.ts'
import type { HttpResponse } from '../pipes/http.ts'

/** What ends with the answer. */
export interface Finishable {
  finish(): void
  /** The body broke off after the head had been sent. */
  brokeOff(reason: Error): void
}

/**
 * Writes an answer. A stream is passed on chunk by chunk with back-pressure; when it breaks off, the connection is
 * reset, so that the client cannot take a part for the whole.
 * @param exchange is finished when everything is written or has failed
 */
export function writeResponse(response: HttpResponse, outgoing: ServerResponse, exchange: Finishable): void {
  const { body, status } = response
  const { raw } = response.headers
  if (body === null) writeWhole(outgoing, status, raw, null, 0, exchange)
  else if (typeof body === 'string') writeWhole(outgoing, status, raw, body, Buffer.byteLength(body), exchange)
  else if (body instanceof BodyStream) writeStream(outgoing, response, body, exchange)
  else writeWhole(outgoing, status, raw, body, body.length, exchange)
}

function writeStream(outgoing: ServerResponse, response: HttpResponse, body: BodyStream, exchange: Finishable): void {
  const { status } = response
  const { raw } = response.headers
  const whole = body.takeWhole()
  if (whole !== undefined) {
    writeWhole(outgoing, status, raw, whole, whole.length, exchange)
    return
  }
  frame(raw, body.declaredLength)
  outgoing.writeHead(status, raw)
  const sink = new ResponseSink(outgoing, body, response, exchange)
  body.pipeTo(sink)
  // Node keeps the head back until there is a body; a client that waits for events must see it now.
  if (!sink.used) outgoing.flushHeaders()
}

function writeWhole(
  outgoing: ServerResponse,
  status: number,
  raw: string[],
  body: string | Uint8Array | null,
  length: number,
  exchange: Finishable,
): void {
  if (mayHaveBody(status) && !(length === 0 && outgoing.req.method === 'HEAD')) frame(raw, length)
  outgoing.writeHead(status, raw)
  if (body === null || length === 0) outgoing.end()
  else outgoing.end(body)
  exchange.finish()
}

/** 1xx, 204 and 304 never have one (RFC 9110, section 6.4.1). */
function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304
}

/**
 * Lets the fields say how the body is really framed: a plugin that copies fields of another answer would otherwise make
 * clients wait for bytes that never come, or take the rest of this answer for the next one.
 * @param length in bytes; -1 when it is not known, and Node sends chunks
 */
function frame(raw: string[], length: number): void {
  let declared = false
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length === 14 && sameName(name, 'content-length') && length >= 0 && !declared) {
      raw[i + 1] = String(length)
      declared = true
    } else if (isFraming(name)) {
      raw.splice(i, 2)
      i -= 2
    }
  }
  if (length >= 0 && !declared) raw.push('Content-Length', String(length))
}

function isFraming(name: string): boolean {
  if (name.length === 14) return sameName(name, 'content-length')
  return name.length === 17 && sameName(name, 'transfer-encoding')
}

class ResponseSink implements BodySink {
  readonly #outgoing: ServerResponse
  readonly #response: HttpResponse
  readonly #exchange: Finishable
  /** Whether anything came. */
  used = false

  constructor(outgoing: ServerResponse, body: BodyStream, response: HttpResponse, exchange: Finishable) {
    this.#outgoing = outgoing
    this.#response = response
    this.#exchange = exchange
    outgoing.on('drain', () => body.resume())
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) body.cancel(new ClientGone())
    })
  }

  write(chunk: Uint8Array): boolean {
    this.used = true
    return this.#outgoing.write(chunk)
  }

  end(): void {
    this.used = true
    const { trailers } = this.#response
    if (trailers !== null) this.#outgoing.addTrailers(pairs(trailers))
    this.#outgoing.end()
    this.#exchange.finish()
  }

  fail(reason: Error): void {
    this.used = true
    this.#outgoing.destroy()
    this.#exchange.brokeOff(reason)
    this.#exchange.finish()
  }
}

function pairs(raw: readonly string[]): [string, string][] {
  const result: [string, string][] = []
  for (let i = 0; i < raw.length; i += 2) result.push([raw[i] as string, raw[i + 1] as string])
  return result
}
