import type { EndpointConfig } from '../config/model.ts'
import type { DeadlineQueue } from '../pipes/context.ts'
import { ClientGone, logTextOf } from '../pipes/failure.ts'
import type { Handler } from '../pipes/http.ts'
import type { Proxy } from '../pipes/proxy.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Answers } from './answer.ts'
import type { compileRequest } from './request.ts'

/** What the handler of an endpoint is put together from. */
export interface EndpointParts {
  readonly endpoint: EndpointConfig
  readonly proxy: Proxy
  readonly makeRequest: ReturnType<typeof compileRequest>
  readonly answers: Answers
  readonly deadlines: DeadlineQueue
  /** Tagged `[ENDPOINT: /path/:id]`. */
  readonly log: Logger
}

/** The innermost step of an endpoint: starts its time, asks the proxy and renders what comes back. */
export function createEndpointHandler(parts: EndpointParts): Handler {
  const { proxy, makeRequest, answers, deadlines, log } = parts
  return async (request, context) => {
    deadlines.add(context)
    context.incoming = request
    try {
      const response = await proxy(makeRequest(request, context), context)
      const { failures } = response
      if (failures !== null && !(context.cancelled instanceof ClientGone)) {
        for (const [i, failure] of failures.entries()) {
          context.report(failure)
          log.error(`Error #${i}: ${logTextOf(failure)}`)
        }
      }
      const answer = answers.success(response, request)
      return answer instanceof Promise ? await answer : answer
    } catch (thrown) {
      // Once the client has gone, every failure is only that.
      const gone = context.cancelled instanceof ClientGone ? context.cancelled : null
      const error = gone ?? (thrown instanceof Error ? thrown : new Error(String(thrown)))
      context.report(error)
      if (error === gone) log.debug(error.message)
      else if ('errors' in error && Array.isArray(error.errors)) {
        for (const [i, part] of (error.errors as Error[]).entries()) log.error(`Error #${i}: ${logTextOf(part)}`)
      } else log.error(logTextOf(error))
      return answers.failure(error)
    }
  }
}
