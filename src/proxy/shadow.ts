import { type BodySink, BodyStream } from '../pipes/body.ts'
import type { Context, DeadlineQueue } from '../pipes/context.ts'
import type { Proxy, ProxyRequest, ProxyStage } from '../pipes/proxy.ts'
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
    const body = request.body === null ? null : await request.bytes()
    for (const call of calls) void send(call, request.fork(body), context, log)
    return next(request, context)
  }
}

const NOWHERE: BodySink = { write: () => true, end: () => {}, fail: () => {} }

async function send(call: ShadowCall, request: ProxyRequest, context: Context, log: Logger): Promise<void> {
  const own = context.detached(call.deadlines)
  try {
    const { body } = await call.proxy(request, own)
    if (body instanceof BodyStream) body.pipeTo(NOWHERE)
  } catch (error) {
    log.debug(`shadow ${call.name}: ${(error as Error).message}`)
  } finally {
    own.finish()
  }
}
