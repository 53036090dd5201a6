import { failureResponse } from '../../pipes/failure-response.ts'
import type { Handler, HttpResponse, HttpStage } from '../../pipes/http.ts'
import { toHttpResponse } from '../answer.ts'
import type { HttpCall } from '../driver.ts'
import { type Made, putAround, type Workshop } from '../instances.ts'
import { recoverBy, skippable } from '../on-error.ts'
import type { Place } from '../place.ts'
import type { AroundInstance } from '../runtime.ts'
import { traced } from '../traced-call.ts'

type Instance = Made<AroundInstance<Parameters<Handler>[0], HttpResponse>>

/** How a kind of plugin stands around an HTTP pipe. */
export interface AroundHttp {
  readonly kind: 'server' | 'client'
  /** Failures become answers here; else they go on to who called. */
  readonly answersFailures: boolean
}

/** The stage of one plugin around an HTTP pipe. */
export function aroundHttp(
  made: Instance,
  { kind, answersFailures }: AroundHttp,
  place: Place,
  workshop: Workshop,
): HttpStage {
  return (next) =>
    putAround<Handler>(kind, made, next, place, workshop, () => {
      const call = toCall(made, next, kind, answersFailures, workshop)
      return (request, context) => workshop.driver.run(call, request, context)
    })
}

function toCall(
  { instance, site: siteOf, settings }: Instance,
  next: Handler,
  kind: AroundHttp['kind'],
  answersFailures: boolean,
  { driver }: Workshop,
): HttpCall {
  const site = siteOf(kind)
  const skips = settings.onError === 'skip' ? skippable(instance, next) : null
  return traced({
    site,
    invoke: driver.aroundHttp(skips?.instance ?? instance, next),
    accept: toHttpResponse,
    recover: recoverBy(settings, site, {
      fail: answersFailures ? failureResponse : null,
      skip: skips?.skip ?? next,
      answer: (answer) => answer,
    }),
    time: driver.timeFor(answersFailures ? 'outermost' : 'around', settings.timeoutMs),
  })
}
