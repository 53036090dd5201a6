import type { Context } from '../pipes/context.ts'
import { Failure } from '../pipes/failure.ts'
import { failureResponse } from '../pipes/failure-response.ts'
import { type Handler, type HttpRequest, HttpResponse } from '../pipes/http.ts'
import type { Logger } from '../telemetry/logger.ts'

/** What no step has turned into an answer ends here: the request is answered, the gateway goes on. */
export function recover(handle: Handler, log: Logger): Handler {
  return async (request, context) => {
    try {
      return await handle(request, context)
    } catch (error) {
      return answerFor(error, request, context, log)
    }
  }
}

/** The same for a handler whose promises never reject, and without a promise more: the router around the endpoints. */
export function recoverThrown(handle: Handler, log: Logger): Handler {
  return (request, context) => {
    try {
      return handle(request, context)
    } catch (error) {
      return Promise.resolve(answerFor(error, request, context, log))
    }
  }
}

function answerFor(error: unknown, request: HttpRequest, context: Context, log: Logger): HttpResponse {
  const failure = error instanceof Failure ? error : null
  const text = error instanceof Error ? ((failure === null ? error.stack : undefined) ?? error.message) : String(error)
  log.error(`[SERVICE: Gin] ${request.method} ${context.route || request.path}: ${text}`)
  return failure === null ? new HttpResponse(500) : failureResponse(failure)
}
