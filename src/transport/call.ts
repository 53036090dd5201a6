import type { Dispatcher } from 'undici'
import { type BodySource, BodyStream } from '../pipes/body.ts'
import type { Cancellable, Context } from '../pipes/context.ts'
import { DeadlineExceeded, Failure } from '../pipes/failure.ts'
import { sameName } from '../pipes/headers.ts'
import type { Handler, HttpRequest, HttpResponse } from '../pipes/http.ts'
import { GzipResponse } from './gzip-response.ts'
import type { Carrier, OriginPool } from './origin-pool.ts'
import { follow, isRedirect } from './redirects.ts'
import { UpstreamHead } from './upstream-head.ts'
import { type AnsweredCall, UpstreamResponse } from './upstream-response.ts'

/** The call did not reach the upstream, or broke off: refused, reset, no such host, not HTTP. */
export class UpstreamUnreachable extends Failure {
  override name = 'UpstreamUnreachable'
}

/** The head of the answer has not come in time. */
class HeadersLate extends Failure {
  override name = 'HeadersLate'
  override readonly publicText: string

  constructor(request: HttpRequest, limitMs: number) {
    const reason = `no answer within ${limitMs}ms (response_header_timeout)`
    super(`${nameOf(request)}: ${reason}`)
    this.publicText = reason
  }
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

/** One call on its way: undici's handler, and what a context stops when its time is up. */
export class Call implements Cancellable, BodySource, AnsweredCall {
  #carrier: Carrier | null = null
  readonly #pool: OriginPool
  readonly #request: HttpRequest
  readonly #context: Context
  /** Sends the requests that redirects lead to; null where they are not followed. */
  readonly #once: Handler | null
  readonly #asksForGzip: boolean
  #resolve: (response: HttpResponse | Promise<HttpResponse>) => void
  #reject: (error: Error) => void
  #controller: Dispatcher.DispatchController | null = null
  #body: BodyStream | null = null
  #cancelled: Error | null = null
  #headerTimer: NodeJS.Timeout | null = null
  #repeated = false
  #reused = false
  #over = false

  constructor(
    pool: OriginPool,
    request: HttpRequest,
    context: Context,
    once: Handler | null,
    resolve: (response: HttpResponse | Promise<HttpResponse>) => void,
    reject: (error: Error) => void,
  ) {
    this.#pool = pool
    this.#request = request
    this.#context = context
    this.#once = once
    this.#asksForGzip = !pool.options.disableCompression && mayAskForGzip(request)
    this.#resolve = resolve
    this.#reject = reject
    context.attach(this)
  }

  get maxBytes(): number {
    return this.#pool.options.maxDecodedBytes
  }

  get name(): string {
    return nameOf(this.#request)
  }

  dispatch(): void {
    const request = this.#request
    const { options } = this.#pool
    const { body } = request
    const { forward } = this.#pool
    if (options.responseHeaderTimeoutMs > 0 && this.#headerTimer === null) {
      const limit = options.responseHeaderTimeoutMs
      this.#headerTimer = setTimeout(() => this.cancel(new HeadersLate(this.#request, limit)), limit)
    }
    try {
      this.#carrier = this.#pool.take(this.#repeated)
      this.#carrier.dispatcher.dispatch(
        {
          origin: request.origin,
          path: forward === null ? request.currentTarget() : request.url,
          method: request.method as Dispatcher.HttpMethod,
          headers: this.#headers(),
          // as a plain iterator: undici would take the stream's own methods for those of a Node stream
          body: (body instanceof BodyStream
            ? body[Symbol.asyncIterator]()
            : body) as Dispatcher.DispatchOptions['body'],
          reset: options.disableKeepAlives || undefined,
        } as Dispatcher.DispatchOptions,
        this,
      )
    } catch (cause) {
      this.#giveBack()
      this.#fail(cause as Error)
    }
  }

  /** The request's fields, and what the call itself adds. */
  #headers(): string[] {
    const { headers, body } = this.#request
    const { forward } = this.#pool
    const fields = headers.raw.slice()
    if (this.#asksForGzip) fields.push('Accept-Encoding', 'gzip')
    if (body instanceof BodyStream && body.declaredLength >= 0)
      fields.push('Content-Length', String(body.declaredLength))
    if (forward !== null) fields.push(...forward)
    return fields
  }

  pause(): void {
    this.#controller?.pause()
  }

  resume(): void {
    this.#controller?.resume()
  }

  cancel(reason: Error): void {
    if (this.#over) return
    this.#cancelled ??= reason instanceof DeadlineExceeded ? new DeadlineExceeded(nameOf(this.#request)) : reason
    if (this.#controller !== null) this.#controller.abort(this.#cancelled)
    else this.#fail(this.#cancelled) // still waiting for a connection; undici is told when it gets one
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    this.#reused = this.#carrier !== null && this.#carrier.served > 0
    if (this.#cancelled !== null) controller.abort(this.#cancelled)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#over) return
    if (this.#headerTimer !== null) clearTimeout(this.#headerTimer)
    const length = headers['content-length']
    const body = new BodyStream(this, typeof length === 'string' ? Number(length) : -1)
    this.#body = body
    const raw = (controller as unknown as { rawHeaders: Buffer[] }).rawHeaders
    const head = new UpstreamHead(raw, headers)
    const compressed = this.#asksForGzip && isGzip(headers['content-encoding'])
    const response = compressed
      ? new GzipResponse(status, head.list(), body, this)
      : new UpstreamResponse(status, head, body, this)
    const redirected = this.#once !== null && isRedirect(status)
    this.#resolve(redirected ? follow(this.#once as Handler, this.#request, this.#context, response) : response)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body?.push(chunk)
  }

  onResponseEnd(): void {
    this.#giveBack()
    this.#end()
    this.#body?.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#giveBack()
    if (this.#mayRepeat(error)) {
      this.#repeated = true
      this.#controller = null
      this.dispatch()
    } else this.#fail(this.#cancelled ?? explain(error, this.#request))
  }

  /** An idempotent call over a kept connection that the upstream closed meanwhile is sent once more (RFC 9110, 9.2.2). */
  #mayRepeat(error: Error): boolean {
    if (this.#repeated || !this.#reused || this.#body !== null || this.#cancelled !== null || this.#over) return false
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'UND_ERR_SOCKET' && code !== 'ECONNRESET' && code !== 'EPIPE') return false
    return IDEMPOTENT.has(this.#request.method) && !(this.#request.body instanceof BodyStream)
  }

  #fail(error: Error): void {
    if (this.#over) return
    this.#end()
    if (this.#body !== null) this.#body.fail(error)
    else this.#reject(error)
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    if (this.#headerTimer !== null) clearTimeout(this.#headerTimer)
    this.#context.detach(this)
  }

  /** Only undici's last word frees the connection: a call that was cancelled may still wait for it to open. */
  #giveBack(): void {
    if (this.#carrier === null) return
    this.#pool.release(this.#carrier)
    this.#carrier = null
  }
}

/** Asks for gzip where the request names no encoding of its own and wants the whole. Specification: core 2.2, 4.2. */
function mayAskForGzip({ method, headers: { raw } }: HttpRequest): boolean {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length === 15 && sameName(name, 'accept-encoding')) return false
    if (name.length === 5 && sameName(name, 'range')) return false
  }
  return method !== 'HEAD'
}

function isGzip(encoding: string | string[] | undefined): boolean {
  return typeof encoding === 'string' && encoding.toLowerCase() === 'gzip'
}

/** A call as the log names it. */
function nameOf({ method, origin, path }: HttpRequest): string {
  return `${method} ${origin}${path}`
}

/** The error of the connection as the log tells it; clients read no address of an upstream. */
function explain(error: Error, request: HttpRequest): Error {
  if (error instanceof Failure) return error
  const { code } = error as NodeJS.ErrnoException
  const reason =
    code === 'ECONNREFUSED'
      ? 'connection refused'
      : code === 'ENOTFOUND' || code === 'EAI_AGAIN'
        ? 'no such host'
        : error.message === 'bad upgrade' // a code of its own it has not
          ? 'it changes the protocol, which nobody asked for'
          : code === 'UND_ERR_SOCKET' || code === 'ECONNRESET'
            ? 'connection reset by peer'
            : code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT'
              ? 'connection timed out'
              : code === 'ERR_SSL_UNSUPPORTED_PROTOCOL' || code === 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'
                ? 'no version of TLS in common: client_tls.min_version is TLS13 unless it is set'
                : error.message
  const failure = new UpstreamUnreachable(`${nameOf(request)}: ${reason}`, { cause: error })
  return Object.assign(failure, { publicText: `upstream not reachable: ${reason}` })
}
