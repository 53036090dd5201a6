import type { Context } from '../pipes/context.ts'
import { DeadlineExceeded, Failure, RequestOver } from '../pipes/failure.ts'
import type { ProxyStage } from '../pipes/proxy.ts'
import { type Breaker, REFUSED_OPEN } from './breaker-cell.ts'

/** The backend has failed too often and is not called for a while. */
export class CircuitOpen extends Failure {
  override name = 'CircuitOpen'

  constructor() {
    super('circuit breaker is open')
  }
}

/** Another call tries whether the backend is back; this one is not made meanwhile. */
export class TrialUnderWay extends Failure {
  override name = 'TrialUnderWay'

  constructor() {
    super('too many requests')
  }
}

/** Lets calls through as long as the breaker does, and tells it how they went. Specification: traffic-security 4. */
export function guardedBy(breaker: Breaker): ProxyStage {
  // Made once: an open breaker has to be cheap, and neither has anything to tell of the request.
  const open = new CircuitOpen()
  const tried = new TrialUnderWay()
  return (next) => async (request, context) => {
    const pass = breaker.enter()
    if (pass < 0) throw pass === REFUSED_OPEN ? open : tried
    try {
      const response = await next(request, context)
      if (response.failureShown === null) breaker.succeeded(pass)
      else breaker.failed(pass)
      return response
    } catch (error) {
      if (wasCancelled(error, context)) breaker.abandoned(pass)
      else breaker.failed(pass)
      throw error
    }
  }
}

/** Whether the call ended because nobody waits for it any more: the client went away, or another call won. */
function wasCancelled(error: unknown, { cancelled }: Context): boolean {
  if (cancelled !== null) return !(cancelled instanceof DeadlineExceeded)
  return error instanceof RequestOver
}
