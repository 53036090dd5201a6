import { BodyStream } from '../pipes/body.ts'
import type { Context, DeadlineQueue } from '../pipes/context.ts'
import type { Proxy, ProxyRequest, ProxyStage } from '../pipes/proxy.ts'
import { wholeBody } from '../pipes/whole-body.ts'
import type { Logger } from '../telemetry/logger.ts'

/** A backend that gets a copy of each request and whose answer nobody waits for. */
export interface ShadowCall {
  readonly proxy: Proxy
  readonly name: string
  readonly deadlines: DeadlineQueue
}

/**
 * Sends copies to the shadow backends beside the real call. Their answers, errors and slowness have no effect; they have
 * deadlines of their own, which the client's answer does not end. Specification: core 6.4.
 */
export function shadow(calls: readonly ShadowCall[], log: Logger): ProxyStage | null {
  if (calls.length === 0) return null
  return (next) => async (request, context) => {
    const body = await wholeBody(request, context)
    for (const call of calls) void send(call, request.fork(body), context, log)
    return next(request, context)
  }
}

async function send(call: ShadowCall, request: ProxyRequest, context: Context, log: Logger): Promise<void> {
  const own = context.detached(call.deadlines)
  try {
    const { body } = await call.proxy(request, own)
    if (body instanceof BodyStream) await readAway(body)
  } catch (error) {
    log.debug(`shadow ${call.name}: ${(error as Error).message}`)
  } finally {
    own.finish()
  }
}

/** Takes a body to its end, or to the end of the shadow's time, and keeps nothing of it. */
function readAway(body: BodyStream): Promise<void> {
  return new Promise((resolve, reject) => {
    body.pipeTo({ write: () => true, end: resolve, fail: reject })
  })
}
