import type { GatewayConfig } from '../config/model.ts'
import { stageTrace } from '../features/telemetry/stage-trace.ts'
import type { Context } from '../pipes/context.ts'
import type { Proxy as ProxyStep } from '../pipes/proxy.ts'
import { inSpan, spanLabel } from '../pipes/span.ts'

/** Whether the stages of a gateway are measured. Where they are not, nothing is put around them. */
export function isTraced({ extra }: GatewayConfig): boolean {
  return Object.hasOwn(extra, stageTrace.namespace)
}

type Step<Request, Response> = (request: Request, context: Context) => Promise<Response>

/** Measures a step, with what lies behind it. */
export function tracedStep<Request, Response>(
  name: string,
  step: Step<Request, Response>,
): (request: Request, context: Context) => Promise<Response> {
  const label = spanLabel(name)
  return (request, context) => inSpan(label, context, () => step(request, context))
}

/** Gives one of several calls at once a context of its own, so that its spans are not taken for those of another. */
export function apart(call: ProxyStep): ProxyStep {
  return async (request, context) => {
    const own = context.child(null)
    try {
      return await call(request, own)
    } finally {
      context.release(own)
    }
  }
}
