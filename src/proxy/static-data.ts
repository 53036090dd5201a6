import type { EndpointTools } from '../config/feature.ts'
import { ClientGone } from '../pipes/failure.ts'
import { type DataObject, ProxyResponse, type ProxyStage } from '../pipes/proxy.ts'
import { mergeData } from '../shaping/merge.ts'
import { proxyOptionsOf } from './options.ts'

/** When static data is added: a test of what came back. Unknown strategies act as `always`. */
const STRATEGIES: Record<string, (response: ProxyResponse | null) => boolean> = {
  always: () => true,
  success: (response) => response !== null && response.failures === null,
  errored: (response) => response === null || response.failures !== null,
  complete: (response) => response?.complete === true,
  incomplete: (response) => response === null || !response.complete,
}

/**
 * Root keys of configured data overwrite the answer's, after the strategy; where the call failed the data alone is a
 * 200 that says it is not complete. Specification: core 6.4.
 */
export function staticData({ endpoint }: EndpointTools): ProxyStage | null {
  const options = proxyOptionsOf(endpoint)
  if (options.static === undefined || endpoint.outputEncoding === 'no-op') return null
  const { strategy = 'always' } = options.static
  const applies = (Object.hasOwn(STRATEGIES, strategy) ? STRATEGIES[strategy] : undefined) ?? (() => true)
  const copy = copier(options.static.data as DataObject)
  return (next) => async (request, context) => {
    let response: ProxyResponse
    try {
      response = await next(request, context)
    } catch (error) {
      if (!applies(null) || !(error instanceof Error) || context.cancelled instanceof ClientGone) throw error
      const rescued = new ProxyResponse(copy(), false)
      rescued.failures = [error]
      return rescued
    }
    if (response.answer === null && applies(response)) response.data = mergeData([response.data, copy()])
    return response
  }
}

/** Gives the data anew for each answer, so that no stage can change what the next request gets. */
function copier(data: DataObject): () => DataObject {
  const text = JSON.stringify(data)
  const flat = Object.values(data).every((value) => typeof value !== 'object' || value === null)
  return flat ? () => ({ ...data }) : () => JSON.parse(text) as DataObject
}
