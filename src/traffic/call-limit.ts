import type { ServiceTools } from '../config/feature.ts'
import { Failure } from '../pipes/failure.ts'
import { HeaderList } from '../pipes/headers.ts'
import type { ProxyStage } from '../pipes/proxy.ts'
import { type LimitPlace, openLimit, RATE_LIMIT_EXCEEDED } from './rate-limit.ts'
import { retryAfter } from './rate-limit-fields.ts'
import type { Limit } from './rate-limit-options.ts'

/** A backend is over its limit and was not called. */
export class CallLimitExceeded extends Failure {
  override name = 'CallLimitExceeded'
  override readonly status: number
  override readonly headers: HeaderList | undefined

  /** @param wait value of `Retry-After`; none when absent */
  constructor(status: number, wait?: string) {
    super(RATE_LIMIT_EXCEEDED)
    this.status = status
    this.headers = wait === undefined ? undefined : new HeaderList(['Retry-After', wait])
  }
}

const NO_HINT = 500

/** Lets as many calls through as the limit allows; the others fail with that status. */
export async function makeCallLimit(
  limit: Limit,
  status: number,
  place: LimitPlace,
  tools: ServiceTools,
): Promise<ProxyStage> {
  const { take, pace } = await openLimit(limit, place, tools)
  const refused = new CallLimitExceeded(status)
  return (next) => (request, context) => {
    const left = take()
    if (left >= 0) return next(request, context)
    return Promise.reject(status === NO_HINT ? refused : new CallLimitExceeded(status, retryAfter(left, pace)))
  }
}
