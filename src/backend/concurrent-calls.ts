import { BodyStream } from '../pipes/body.ts'
import type { Context, DeadlineQueue } from '../pipes/context.ts'
import type { Proxy, ProxyRequest, ProxyResponse, ProxyStage } from '../pipes/proxy.ts'
import { wholeBody } from '../pipes/whole-body.ts'

const NOT_NEEDED = new Error('another of the concurrent calls was faster')

/**
 * Sends each call several times at once; the first complete answer wins and the rest are cancelled. When all fail the
 * last error counts. Specification: core 6.4.
 * @param deadlines gives the calls 75 % of the endpoint's time
 */
export function concurrentCalls(count: number, deadlines: DeadlineQueue): ProxyStage | null {
  if (count < 2) return null
  return (next) => async (request, context) => {
    const body = await wholeBody(request, context)
    const race = context.child(deadlines)
    try {
      return await firstComplete(next, count, () => request.fork(body), race)
    } finally {
      context.release(race)
    }
  }
}

function firstComplete(next: Proxy, count: number, fork: () => ProxyRequest, race: Context): Promise<ProxyResponse> {
  return new Promise((resolve, reject) => {
    const contexts: Context[] = []
    let open = count
    let won = false
    let incomplete: ProxyResponse | null = null
    const settle = (own: Context, response: ProxyResponse | null, error: unknown) => {
      open--
      race.release(own)
      if (won) return discard(response)
      if (response?.complete) {
        won = true
        resolve(response)
        for (const other of contexts) if (other !== own) other.cancel(NOT_NEEDED)
        return
      }
      incomplete ??= response
      if (open > 0) return
      if (incomplete !== null) resolve(incomplete)
      else reject(error)
    }
    for (let i = 0; i < count; i++) {
      const own = race.child(null)
      contexts.push(own)
      next(fork(), own).then(
        (response) => settle(own, response, null),
        (error: unknown) => settle(own, null, error),
      )
    }
  })
}

/** The winner may still be streaming, so the loser's body alone is given up. */
function discard(response: ProxyResponse | null): void {
  if (response?.body instanceof BodyStream) response.body.cancel(NOT_NEEDED)
}
