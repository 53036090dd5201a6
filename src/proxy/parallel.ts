import type { DeadlineQueue } from '../pipes/context.ts'
import { Failure } from '../pipes/failure.ts'
import { type Proxy, type ProxyRequest, ProxyResponse } from '../pipes/proxy.ts'
import { wholeBody } from '../pipes/whole-body.ts'
import { mergeData } from '../shaping/merge.ts'

/** No backend gave an answer: one line for each of them, whatever their statuses. Specification: core 3.4. */
export class MergeError extends Failure {
  override name = 'MergeError'
  readonly errors: readonly Error[]
  override readonly publicText: string

  constructor(errors: readonly Error[]) {
    super(errors.map((error) => error.message).join('\n'))
    this.errors = errors
    this.publicText = errors
      .map((error) => (error instanceof Failure ? error.publicText : undefined) ?? error.message)
      .join('\n')
  }
}

/** A component of one of several backends answered by itself: only data can be merged, so that part is missing. */
export class AnswerNotMerged extends Failure {
  override name = 'AnswerNotMerged'

  constructor(status: number) {
    super(`a component answered with status ${status} in place of data, which cannot be merged`)
  }
}

/**
 * Calls all backends at once and merges what they gave in the configured order: root keys of a later one replace those
 * of an earlier one. One success is enough for an answer. Specification: core 6.2.
 * @param deadlines gives the calls 85 % of the endpoint's time
 */
export function parallel(backends: readonly Proxy[], deadlines: DeadlineQueue): Proxy {
  const count = backends.length
  if (count === 0) return () => Promise.reject(new Failure('there are only shadow backends'))
  return async (request, context) => {
    const body = await wholeBody(request, context)
    const calls = context.child(deadlines)
    const gathering = new Gathering(count)
    for (let i = 0; i < count; i++) {
      const own: ProxyRequest = request.fork(body)
      ;(backends[i] as Proxy)(own, calls).then(
        (response) => gathering.answered(i, response),
        (error: unknown) => gathering.failed(i, error),
      )
    }
    await gathering.done
    context.release(calls)
    return mergeResponses(gathering.responses, gathering.errors)
  }
}

/** Waits for all calls of one request. */
class Gathering {
  readonly responses: (ProxyResponse | undefined)[]
  errors: (Error | undefined)[] | null = null
  readonly done: Promise<void>
  #open: number
  #resolve: () => void = () => {}

  constructor(count: number) {
    this.#open = count
    this.responses = new Array<ProxyResponse | undefined>(count)
    this.done = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  answered(index: number, response: ProxyResponse): void {
    if (response.answer !== null) {
      this.failed(index, new AnswerNotMerged(response.answer.status))
      return
    }
    this.responses[index] = response
    if (--this.#open === 0) this.#resolve()
  }

  failed(index: number, error: unknown): void {
    this.errors ??= []
    this.errors[index] = error instanceof Error ? error : new Error(String(error))
    if (--this.#open === 0) this.#resolve()
  }
}

/**
 * One answer of several: complete when every part is there and complete.
 * @param errors by position; null when nothing failed
 * @throws MergeError when no part is there
 */
export function mergeResponses(
  responses: readonly (ProxyResponse | undefined)[],
  errors: readonly (Error | undefined)[] | null,
): ProxyResponse {
  const failures = errors?.filter((error) => error !== undefined) ?? []
  if (failures.length === responses.length) throw new MergeError(failures)
  let complete = failures.length === 0
  const parts = []
  for (const response of responses) {
    if (response === undefined) continue
    parts.push(response.data)
    complete &&= response.complete && response.data !== null
  }
  const merged = new ProxyResponse(mergeData(parts), complete)
  if (failures.length > 0) merged.failures = failures
  return merged
}
