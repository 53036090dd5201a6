import type { ServerResponse } from 'node:http'
import { type BodySink, BodyStream } from '../pipes/body.ts'
import type { HttpResponse } from '../pipes/http.ts'

/**
 * Writes an answer. A stream is passed on chunk by chunk with back-pressure; when it breaks off, the connection is
 * reset, so that the client cannot take a part for the whole.
 * @param done runs once, when everything is written or has failed
 */
export function writeResponse(response: HttpResponse, outgoing: ServerResponse, done: () => void): void {
  const { body, status } = response
  const { raw } = response.headers
  if (body === null) writeWhole(outgoing, status, raw, null, 0, done)
  else if (typeof body === 'string') writeWhole(outgoing, status, raw, body, Buffer.byteLength(body), done)
  else if (body instanceof BodyStream) writeStream(outgoing, response, body, done)
  else writeWhole(outgoing, status, raw, body, body.length, done)
}

function writeStream(outgoing: ServerResponse, response: HttpResponse, body: BodyStream, done: () => void): void {
  const { status } = response
  const { raw } = response.headers
  const whole = body.takeWhole()
  if (whole !== undefined) {
    writeWhole(outgoing, status, raw, whole, whole.length, done)
    return
  }
  outgoing.writeHead(status, raw)
  body.pipeTo(new ResponseSink(outgoing, body, response, done))
}

function writeWhole(
  outgoing: ServerResponse,
  status: number,
  raw: string[],
  body: string | Uint8Array | null,
  length: number,
  done: () => void,
): void {
  if (mayHaveBody(status) && !hasLength(raw)) raw.push('Content-Length', String(length))
  outgoing.writeHead(status, raw)
  if (body === null || length === 0) outgoing.end()
  else outgoing.end(body)
  done()
}

/** 1xx, 204 and 304 never have one (RFC 9110, section 6.4.1). */
function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304
}

function hasLength(raw: readonly string[]): boolean {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length === 14 && name.toLowerCase() === 'content-length') return true
  }
  return false
}

class ResponseSink implements BodySink {
  readonly #outgoing: ServerResponse
  readonly #response: HttpResponse
  readonly #done: () => void

  constructor(outgoing: ServerResponse, body: BodyStream, response: HttpResponse, done: () => void) {
    this.#outgoing = outgoing
    this.#response = response
    this.#done = done
    outgoing.on('drain', () => body.resume())
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) body.cancel(new Error('the client closed the connection'))
    })
  }

  write(chunk: Uint8Array): boolean {
    return this.#outgoing.write(chunk)
  }

  end(): void {
    const { trailers } = this.#response
    if (trailers !== null) this.#outgoing.addTrailers(pairs(trailers))
    this.#outgoing.end()
    this.#done()
  }

  fail(): void {
    this.#outgoing.destroy()
    this.#done()
  }
}

function pairs(raw: readonly string[]): [string, string][] {
  const result: [string, string][] = []
  for (let i = 0; i < raw.length; i += 2) result.push([raw[i] as string, raw[i + 1] as string])
  return result
}
