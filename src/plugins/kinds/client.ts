import { isPlainObject } from '../../config/plain-object.ts'
import type { HttpStage } from '../../pipes/http.ts'
import { instancesAt, type Workshop } from '../instances.ts'
import type { Place } from '../place.ts'
import { aroundHttp } from './around-http.ts'

/**
 * The stage of the client plugins that one backend names: around the HTTP client, the first name outermost. A plugin that
 * calls `next` keeps the client's connections; one that does not takes its place (specification: plugins 5). Null when
 * there is none.
 * @throws PluginLoadError
 */
export async function buildClientStage(options: unknown, place: Place, workshop: Workshop): Promise<HttpStage | null> {
  if (isUnreadInReference(options, workshop)) {
    const told = 'the reference reads no list of clients: the ordinary client is used (write one name for "name")'
    workshop.log.warning(`${place.tag} ${place.where}.name: ${told}`)
    return null
  }
  const made = await instancesAt('client', options, place, workshop, { textAllowed: true })
  for (const { plugin } of made) workshop.log.debug(`${place.tag}[Client Plugins] Injecting plugin ${plugin.name}`)
  if (made.length === 0) return null
  const stages = made.map((each) => aroundHttp(each, { kind: 'client', answersFailures: false }, place, workshop))
  return (client) => stages.reduceRight((next, stage) => stage(next), client)
}

/** With `lenient`: a list, which the reference does not take, of plugins that come from there. */
function isUnreadInReference(options: unknown, { lenient, registry }: Workshop): boolean {
  if (!lenient || !isPlainObject(options) || !Array.isArray(options.name)) return false
  return options.name.every((name) => typeof name === 'string' && registry.find('client', name)?.runtime === 'go')
}
