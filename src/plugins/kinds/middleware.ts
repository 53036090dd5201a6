import type { ProxyRequest, ProxyResponse, ProxyStage, Proxy as ProxyStep } from '../../pipes/proxy.ts'
import { finishedAnswer, toAnswer } from '../answer.ts'
import type { ProxyCall } from '../driver.ts'
import { instancesAt, type Made, putAround, type Workshop } from '../instances.ts'
import { recoverBy, skippable } from '../on-error.ts'
import type { Place } from '../place.ts'
import type { AroundInstance } from '../runtime.ts'
import { traced } from '../traced-call.ts'

type Instance = Made<AroundInstance<ProxyRequest, ProxyResponse>>

/**
 * The stage of the middlewares that one place names: around the merge of an endpoint, or around one call; the first name
 * is outermost (specification: enterprise C1). Null when there is none.
 * @throws PluginLoadError
 */
export async function buildMiddlewareStage(
  options: unknown,
  place: Place,
  workshop: Workshop,
): Promise<ProxyStage | null> {
  const made = await instancesAt('middleware', options, place, workshop, { textAllowed: false })
  if (made.length === 0) return null
  workshop.log.debug(`${place.tag}[Middleware Plugins] Adding ${made.length} middlewares`)
  return (inner) => made.reduceRight((next, each) => wrap(each, next, place, workshop), inner)
}

function wrap(made: Instance, next: ProxyStep, place: Place, workshop: Workshop): ProxyStep {
  return putAround<ProxyStep>('middleware', made, next, place, workshop, () => {
    const call = toCall(made, next, workshop)
    return (request, context) => workshop.driver.run(call, request, context)
  })
}

function toCall({ instance, site: siteOf, settings }: Instance, next: ProxyStep, { driver }: Workshop): ProxyCall {
  const site = siteOf('middleware')
  const skips = settings.onError === 'skip' ? skippable(instance, next) : null
  return traced({
    site,
    invoke: driver.aroundProxy(skips?.instance ?? instance, next),
    accept: toAnswer,
    recover: recoverBy(settings, site, { fail: null, skip: skips?.skip ?? next, answer: finishedAnswer }),
    time: driver.timeFor('around', settings.timeoutMs),
  })
}
