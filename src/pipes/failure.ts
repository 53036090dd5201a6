import { HeaderList, type HeadersSource } from './headers.ts'

/**
 * A failure that knows how the client is answered. The text goes to the log; the client sees the status, and the text
 * only where the configuration (`return_error_msg`) or the thrower says so.
 */
export class Failure extends Error {
  override name = 'Failure'
  /** The status that the client gets. */
  readonly status: number = 500
  /** The body of the answer whatever `return_error_msg` says; undefined leaves it to that option. */
  readonly body: string | Uint8Array | undefined = undefined
  /** The content type of the answer's body; text by default. */
  readonly contentType: string | undefined = undefined
  /** Header fields for the answer. */
  readonly headers: HeaderList | undefined = undefined
  /** What a client may read with `return_error_msg`; the message when absent. */
  readonly publicText: string | undefined = undefined
  /**
   * It is answered as a crash is: by the status alone.
   * @internal
   */
  readonly isCrash: boolean = false
}

/**
 * The time of the endpoint, or of the backend's share of it, is up.
 *
 * @example
 * try {
 *   return await next(request, context.withTimeout(300))
 * } catch (error) {
 *   if (error instanceof DeadlineExceeded && context.cancelled === null) return { data: {}, complete: false }
 *   throw error
 * }
 */
export class DeadlineExceeded extends Failure {
  override name = 'DeadlineExceeded'
  /**
   * What was waited for, method and URL; not a part of the message, which clients may come to read.
   * @internal
   */
  readonly call: string | undefined

  /** @internal */
  constructor(call?: string) {
    super('context deadline exceeded')
    this.call = call
  }
}

/**
 * What the log tells of a failure.
 * @internal
 */
export function logTextOf(error: Error): string {
  const call = error instanceof DeadlineExceeded ? error.call : undefined
  return call === undefined ? error.message : `${error.message}: ${call}`
}

/**
 * The client closed its connection before the answer was complete.
 *
 * @example
 * catch (error) {
 *   if (!(error instanceof ClientGone)) failures.add()
 *   throw error
 * }
 */
export class ClientGone extends Failure {
  override name = 'ClientGone'
  override readonly status = 499

  constructor() {
    super('the client closed the connection')
  }
}

/** The request has been answered meanwhile, and with it ends what was begun for it. */
export class RequestOver extends Failure {
  override name = 'RequestOver'

  constructor() {
    super('the request has been answered')
  }
}

/**
 * What plugins and stages throw to decide the answer: `throw new HttpError(403, 'not yours')`. The body is sent to the
 * client; text is `text/plain`, anything but text and bytes is written as JSON.
 *
 * @example
 * throw new HttpError(429, { error: 'slow down' }, { headers: { 'Retry-After': 10 } })
 */
export class HttpError extends Failure {
  override name = 'HttpError'
  override readonly status: number
  override readonly body: string | Uint8Array
  override readonly contentType: string | undefined
  override readonly headers: HeaderList | undefined

  /**
   * @param status 200 to 599
   * @param body text, bytes, or a value for JSON; nothing leaves the body empty
   */
  constructor(status: number, body: unknown = '', init: { headers?: HeadersSource; cause?: unknown } = {}) {
    const text = typeof body === 'string' ? body : body instanceof Uint8Array ? '' : JSON.stringify(body)
    super(text || `HTTP status ${status}`, 'cause' in init ? { cause: init.cause } : undefined)
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`the status of an HttpError must be a whole number from 200 to 599, not ${status}`)
    }
    this.status = status
    this.body = body instanceof Uint8Array ? body : text
    this.headers = init.headers === undefined ? undefined : HeaderList.from(init.headers)
    const isText = typeof body === 'string' || body instanceof Uint8Array
    this.contentType = this.headers?.get('content-type') ?? (isText ? undefined : 'application/json; charset=utf-8')
  }
}
