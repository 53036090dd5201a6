import type { Gateway } from '../gateway/build.ts'
import { type Body, BodyStream } from '../pipes/body.ts'
import type { Clock } from '../pipes/clock.ts'
import { Context } from '../pipes/context.ts'
import { ClientGone } from '../pipes/failure.ts'
import { HeaderList, type HeadersSource } from '../pipes/headers.ts'
import { HttpRequest, HttpResponse, splitUrl } from '../pipes/http.ts'
import type { Logger } from '../telemetry/logger.ts'
import { arrivedStream } from './reply.ts'

const { validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http')

/**
 * A request to the gateway.
 *
 * @example
 * await gateway.fetch('/orders', { json: { item: 'ink' }, headers: { 'X-Key': 'k' }, clientAddress: '10.0.0.9' })
 */
export interface FetchOptions {
  /** GET, or POST when there is a body. */
  readonly method?: string
  readonly headers?: HeadersSource
  /** Text, bytes, or a stream of them. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array | string> | null
  /** A value that is sent as JSON in place of `body`. */
  readonly json?: unknown
  /** The address of the client's connection; 127.0.0.1 unless given. */
  readonly clientAddress?: string
  /** Aborted, the client goes away, and `fetch` rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Sends requests to a gateway without a connection. */
export interface Sender {
  fetch(target: string | URL, options?: FetchOptions): Promise<HttpResponse>
  /** Ends the requests whose answers nobody has read to the end. */
  close(): void
}

const DEFAULT_HOST = 'gateway.test'
const LONG_MS = 2 ** 30

/**
 * Answers requests as the server does for connections.
 * @param keepAlive holds the process while an answer is awaited: the machine's timers do not
 */
export function createSender(gateway: Gateway, clock: Clock, log: Logger, keepAlive: boolean): Sender {
  const open = new Set<Context>()
  return {
    fetch: async (target, options = {}) => {
      const { clientAddress = '127.0.0.1', signal } = options
      signal?.throwIfAborted()
      const request = toRequest(target, options, clientAddress)
      const context = new Context(clock.now(), clientAddress)
      context.clock = clock
      open.add(context)
      const leave = () => {
        open.delete(context)
        context.finish()
      }
      const hold = keepAlive ? setInterval(() => {}, LONG_MS) : undefined
      try {
        const response = await untilAborted(gateway.handle(request, context), context, signal)
        return deliver(response, request, context, leave, log)
      } catch (error) {
        leave()
        throw error
      } finally {
        clearInterval(hold)
      }
    },
    close: () => {
      for (const context of [...open]) context.cancel(new ClientGone())
      for (const context of [...open]) context.finish()
      open.clear()
    },
  }
}

function toRequest(target: string | URL, options: FetchOptions, clientAddress: string): HttpRequest {
  const { json } = options
  const given = json === undefined ? (options.body ?? null) : JSON.stringify(json)
  const { origin, target: path } = splitUrl(String(target))
  const list = HeaderList.from(options.headers)
  if (!list.has('host')) list.raw.unshift('Host', origin.replace(/^[^/]*\/\//, '') || DEFAULT_HOST)
  if (json !== undefined && !list.has('content-type')) list.append('Content-Type', 'application/json')
  const body = toBody(given)
  if (body !== null && body.declaredLength >= 0 && !list.has('content-length')) {
    list.append('Content-Length', String(body.declaredLength))
  }
  const method = options.method ?? (body === null ? 'GET' : 'POST')
  return new HttpRequest(method.toUpperCase(), path, list, body, '', clientAddress)
}

/** A stream, as a body that comes over a connection is. */
function toBody(given: NonNullable<FetchOptions['body']> | null): BodyStream | null {
  if (given === null) return null
  if (typeof given === 'string') return arrivedStream(Buffer.from(given))
  return given instanceof Uint8Array ? arrivedStream(given) : BodyStream.from(given)
}

async function untilAborted<T>(work: Promise<T>, context: Context, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work
  const aborted = Promise.withResolvers<never>()
  const abort = () => {
    context.cancel(new ClientGone())
    aborted.reject(signal.reason)
  }
  signal.addEventListener('abort', abort, { once: true })
  return await Promise.race([work, aborted.promise])
}

/** What the client gets: the answer as it would be sent. The request is over when the body has ended. */
function deliver(
  response: HttpResponse,
  request: HttpRequest,
  context: Context,
  leave: () => void,
  log: Logger,
): HttpResponse {
  const fault = unsendable(response)
  if (fault !== null) {
    log.error(`[SERVICE: Gin] ${request.method} ${request.target}: the answer cannot be sent: ${fault}`)
    dropBody(response.body)
    return deliver(new HttpResponse(500), request, context, leave, log)
  }
  context.status = response.status
  const answer = new HttpResponse(response.status, response.headers, toClient(response, request, leave))
  answer.trailers = response.trailers
  return answer
}

function toClient({ status, body }: HttpResponse, request: HttpRequest, leave: () => void): Body {
  const without = request.method === 'HEAD' || status === 204 || status === 304
  if (!without && body instanceof BodyStream && !body.ended) return leaving(body, leave)
  if (without) dropBody(body)
  leave()
  return without ? null : body
}

function dropBody(body: Body): void {
  if (body instanceof BodyStream) body.cancel(new ClientGone())
}

/** The same stream, and a word when it is over. */
function leaving(body: BodyStream, leave: () => void): BodyStream {
  const passed: BodyStream = new BodyStream(
    {
      start: () =>
        body.pipeTo({
          write: (chunk) => passed.push(chunk),
          end: () => {
            leave()
            passed.end()
          },
          fail: (error) => {
            leave()
            passed.fail(error)
          },
        }),
      pause: () => {}, // `write` has said so
      resume: () => body.resume(),
      cancel: (reason) => {
        body.cancel(reason)
        leave()
      },
    },
    body.declaredLength,
  )
  return passed
}

/** Why Node would refuse to send the head of an answer; null when it would not. */
function unsendable({ status, headers }: HttpResponse): string | null {
  if (!Number.isInteger(status) || status < 200 || status > 999) return `${status} is not the status of a final answer`
  try {
    for (const [name, value] of headers) {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    }
    return null
  } catch (error) {
    return (error as Error).message
  }
}
