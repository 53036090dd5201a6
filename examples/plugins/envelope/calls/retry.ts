import {
  HttpError,
  type ModifierRequest,
  type PluginContext,
  type PluginTools,
  type Proxy,
  type ProxyResponse,
} from 'loligo/plugin'

export interface RetryOptions {
  /** How often is asked at most. */
  readonly attempts: number
  /** How long one attempt may take, milliseconds. */
  readonly attemptMs: number
  /** The longest pause before the second attempt, milliseconds; it doubles from then on. */
  readonly backoffMs: number
  /** The longest pause of all. */
  readonly maxBackoffMs: number
  /** Methods that may be asked again. */
  readonly methods: readonly string[]
}

/** What came of a request, and how often was asked for it. */
export interface Outcome {
  readonly attempts: number
  readonly response: ProxyResponse | null
  /** What the last attempt failed with, where there is no response. */
  readonly error: unknown
}

/**
 * Asks again what failed, as long as that makes sense: the method allows it, the deadline leaves time, and it was no
 * decision. Never rejects.
 */
export function createRetry(
  options: RetryOptions,
  { log, wait }: PluginTools,
): (next: Proxy, request: ModifierRequest, context: PluginContext) => Promise<Outcome> {
  const { attempts, attemptMs, backoffMs, maxBackoffMs } = options
  const methods = new Set(options.methods)
  const askOnce = async (next: Proxy, request: ModifierRequest, context: PluginContext): Promise<ProxyResponse> => {
    const attempt = context.withTimeout(attemptMs)
    try {
      return await next(request, attempt)
    } finally {
      context.release(attempt)
    }
  }

  return async (next, request, context) => {
    const most = methods.has(request.method) ? attempts : 1
    try {
      if (most > 1) await request.bytes() // a stream can be sent once
    } catch (error) {
      return { attempts: 0, response: null, error }
    }
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await (most > 1 ? askOnce(next, request, context) : next(request, context))
        return { attempts: attempt, response, error: null }
      } catch (error) {
        // Half of it at random, so that clients that failed together do not come back together.
        const pauseMs = Math.min(maxBackoffMs, backoffMs * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
        const pointless = attempt >= most || isDecision(error) || context.remainingMs <= pauseMs
        if (pointless) return { attempts: attempt, response: null, error }
        log.debug(`attempt ${attempt} failed: ${String(error)}`)
        const isOver = await wait(pauseMs, context).then(
          () => false,
          () => true,
        )
        if (isOver) return { attempts: attempt, response: null, error }
      }
    }
  }
}

/** Whether somebody has refused the request, in place of a failure: then it would be refused again. */
export function isDecision(error: unknown): boolean {
  return error instanceof HttpError && error.status < 500
}
