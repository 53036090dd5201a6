import type { BackendConfig } from '../config/model.ts'
import type { DeadlineQueue } from '../pipes/context.ts'
import type { Proxy, ProxyResponse } from '../pipes/proxy.ts'
import { wholeBody } from '../pipes/whole-body.ts'
import { AnswerNotMerged, mergeResponses } from './parallel.ts'
import { compileSequenceValues } from './sequence-values.ts'

/**
 * Calls the backends one after the other; later calls may use values of earlier answers. The first failure ends it: at
 * the first backend it is the endpoint's failure, later the answer is what there was. Specification: core 6.2.
 * @param deadlines gives the whole sequence 85 % of the endpoint's time
 * @param warn told once about values that can never be there
 */
export function sequence(
  backends: readonly BackendConfig[],
  calls: readonly Proxy[],
  propagated: readonly string[],
  deadlines: DeadlineQueue,
  warn: (text: string) => void,
): Proxy {
  const patterns = backends.map((backend) => backend.urlPattern)
  const values = compileSequenceValues(patterns, propagated)
  for (const warning of values.warnings) warn(warning)
  return async (request, context) => {
    const body = await wholeBody(request, context)
    const own = context.child(deadlines)
    const responses: ProxyResponse[] = []
    let failure: Error | null = null
    try {
      for (const [index, call] of calls.entries()) {
        const response = await call(request.fork(body), own)
        if (response.answer !== null) {
          if (index === 0) return response
          throw new AnswerNotMerged(response.answer.status)
        }
        responses.push(response)
        if (!response.complete) break
        values.collect(
          index,
          response.data,
          request.params,
          values.needsText(index) ? await response.text() : undefined,
        )
      }
    } catch (error) {
      if (responses.length === 0) throw error
      failure = error instanceof Error ? error : new Error(String(error))
    } finally {
      context.release(own)
    }
    const merged = mergeResponses(responses, null)
    if (responses.length < calls.length) merged.complete = false
    if (failure !== null) merged.failures = [failure]
    return merged
  }
}
