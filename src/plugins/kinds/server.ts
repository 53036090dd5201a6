import type { Handler, HttpStage } from '../../pipes/http.ts'
import { failureResponse, toHttpResponse } from '../answer.ts'
import type { Driver, ServerCall } from '../driver.ts'
import { failedFactory, type Made, makeInstances, settleProblems, toBlock, type Workshop } from '../instances.ts'
import { readNames } from '../names.ts'
import type { Place } from '../place.ts'
import type { ServerInstance } from '../runtime.ts'

/**
 * The stage of the server plugins that one place names. They are stacked in the order of their names, each around those
 * before it: the last one sees the request first (specification: plugins 3). Null when there is none.
 * @throws PluginLoadError
 */
export async function buildServerStage(options: unknown, place: Place, workshop: Workshop): Promise<HttpStage | null> {
  const block = toBlock(options)
  const { names, problems: nameProblems } = readNames(block, place.where, true)
  const problems = [...nameProblems]
  const made = await makeInstances('server', names, block, place, workshop, problems)
  settleProblems(problems, place, workshop)
  for (const { plugin } of made) workshop.log.info(`${place.tag} Injecting plugin ${plugin.name}`)
  if (made.length === 0) return null
  return (router) => made.reduce((next, each) => wrap(each, next, place, workshop), router)
}

function wrap(made: Made<ServerInstance>, next: Handler, place: Place, workshop: Workshop): Handler {
  try {
    return workshop.driver.serve(toCall(made, next, workshop.driver))
  } catch (error) {
    settleProblems([failedFactory('server', made.plugin, place, error)], place, workshop)
    return next
  }
}

function toCall({ instance, site }: Made<ServerInstance>, next: Handler, driver: Driver): ServerCall {
  return {
    site: site('server'),
    invoke: driver.around(instance, next),
    accept: toHttpResponse,
    recover: failureResponse,
  }
}
