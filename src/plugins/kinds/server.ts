import type { HttpStage } from '../../pipes/http.ts'
import { instancesAt, type Workshop } from '../instances.ts'
import type { Place } from '../place.ts'
import { aroundHttp } from './around-http.ts'

/**
 * The stage of the server plugins that one place names: around the router, or around one endpoint. They are stacked in
 * the order of their names, each around those before it: the last one sees the request first (specification: plugins 3).
 * Null when there is none.
 * @throws PluginLoadError
 */
export async function buildServerStage(options: unknown, place: Place, workshop: Workshop): Promise<HttpStage | null> {
  const made = await instancesAt('server', options, place, workshop, { textAllowed: true })
  for (const { plugin } of made) workshop.log.info(`${place.tag} Injecting plugin ${plugin.name}`)
  if (made.length === 0) return null
  const stages = made.map((each) => aroundHttp(each, { kind: 'server', answersFailures: true }, place, workshop))
  return (inner) => stages.reduce((next, stage) => stage(next), inner)
}
