import { inspect } from 'node:util'
import { BodyStream } from '../pipes/body.ts'
import { HeaderList, type HeadersSource } from '../pipes/headers.ts'
import { HttpResponse } from '../pipes/http.ts'
import { toHttpResponse } from '../plugins/answer.ts'
import type { UpstreamCall } from './upstream-call.ts'

/**
 * What an upstream answers, as a plain object.
 *
 * @example
 * { status: 503, headers: { 'Retry-After': '1' }, json: { error: 'busy' }, delayMs: 300 }
 */
export interface PlainReply {
  /** 200 unless given. */
  readonly status?: number
  readonly headers?: HeadersSource
  /** Sent as `application/json`, unless `headers` name another type. */
  readonly json?: unknown
  /** Text (`text/plain`, unless `headers` name another type), bytes, or a stream, which can be sent once. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array | string>
  /** The answer begins after that many milliseconds of the gateway's clock. */
  readonly delayMs?: number
}

/**
 * One answer: a plain object, a response, an error (the call fails with its text, as if the connection had), or `never` (no
 * answer comes before the request is over).
 *
 * @example
 * { 'http://dead.test': new Error('connection refused'), 'http://silent.test': 'never' }
 */
export type FixedReply = PlainReply | HttpResponse | Response | Error | 'never'

/**
 * An answer, or a function that makes one for each call. What it throws is the error the call fails with.
 *
 * @example
 * ({ query, headers }) => ({ json: { page: query.get('page'), token: headers.get('Authorization') } })
 */
export type Reply = FixedReply | ((call: UpstreamCall) => FixedReply | PromiseLike<FixedReply>)

/**
 * Answers for one call after the other; the last one is for all that follow.
 *
 * @example
 * [{ status: 503 }, { status: 503 }, { json: { ok: true } }]
 */
export type Script = Reply | readonly Reply[]

const KEYS: readonly string[] = ['status', 'headers', 'json', 'body', 'delayMs'] satisfies (keyof PlainReply)[]

/**
 * Refuses what is no answer.
 * @param owner for the message: whose answer it is
 * @throws TypeError that says what would be one
 */
export function checkReply(reply: unknown, owner: string): asserts reply is FixedReply {
  if (reply === 'never' || reply instanceof Error || reply instanceof HttpResponse || reply instanceof Response) return
  if (typeof reply !== 'object' || reply === null) {
    throw new TypeError(`${owner} must answer with { status?, headers?, json?, body? }, not ${inspect(reply)}`)
  }
  const stranger = Object.keys(reply).find((key) => !KEYS.includes(key))
  if (stranger !== undefined) {
    throw new TypeError(`${owner} answers with an unknown key "${stranger}"; known are ${KEYS.join(', ')}`)
  }
  if ('json' in reply && 'body' in reply) throw new TypeError(`${owner} answers with both "json" and "body"`)
}

/** Makes the response of an upstream; its body is a stream, as one that came over the network is. */
export async function toUpstreamResponse(reply: PlainReply | HttpResponse | Response): Promise<HttpResponse> {
  if (reply instanceof HttpResponse) return whole(reply.status, reply.headers.copy(), await reply.bytes())
  if (reply instanceof Response) return toHttpResponse(reply.clone())
  const { status = 200, json, body } = reply
  const headers = HeaderList.from(reply.headers)
  const withType = (type: string) => {
    if (!headers.has('content-type')) headers.append('Content-Type', type)
    return headers
  }
  if (json !== undefined) return whole(status, withType('application/json'), Buffer.from(JSON.stringify(json)))
  if (typeof body === 'string') return whole(status, withType('text/plain; charset=utf-8'), Buffer.from(body))
  if (body === undefined || body instanceof Uint8Array) return whole(status, headers, body ?? Buffer.alloc(0))
  return new HttpResponse(status, headers, BodyStream.from(body))
}

function whole(status: number, headers: HeaderList, bytes: Uint8Array): HttpResponse {
  return new HttpResponse(status, headers, arrivedStream(bytes))
}

/** A body whose bytes have all arrived, as the gateway finds a short one. */
export function arrivedStream(bytes: Uint8Array): BodyStream {
  const stream = new BodyStream(undefined, bytes.length)
  stream.push(bytes)
  stream.end()
  return stream
}
