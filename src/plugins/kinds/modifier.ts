import type { Context } from '../../pipes/context.ts'
import { type ProxyRequest, ProxyResponse, type ProxyStage, type Proxy as ProxyStep } from '../../pipes/proxy.ts'
import { finishedAnswer, toRequestOutcome, toResponseOutcome } from '../answer.ts'
import type { Driver, RequestCall, ResponseCall } from '../driver.ts'
import { instancesAt, type Made, type Workshop } from '../instances.ts'
import { recoverBy } from '../on-error.ts'
import type { Place } from '../place.ts'
import type { ModifierInstance } from '../runtime.ts'
import { traced } from '../traced-call.ts'

/**
 * The stage of the modifiers that one place names: their request hooks before the call, their response hooks after it,
 * both in the order of the names. A name with hooks on both sides runs on both. Null when there is none.
 * @throws PluginLoadError
 */
export async function buildModifierStage(
  options: unknown,
  place: Place,
  workshop: Workshop,
): Promise<ProxyStage | null> {
  const made = await instancesAt('modifier', options, place, workshop, { textAllowed: false })
  const before = made.map((each) => toRequestCall(each, workshop.driver)).filter((call) => call !== null)
  const after = made.map((each) => toResponseCall(each, workshop.driver)).filter((call) => call !== null)
  const whenPartial = made
    .map((each) => (each.instance.partial ? toResponseCall(each, workshop.driver) : null))
    .filter((call) => call !== null)
  if (before.length === 0 && after.length === 0) return null
  workshop.log.debug(
    `${place.tag}[Modifier Plugins] Adding ${before.length} request and ${after.length} response modifiers`,
  )
  return modifierStage(before, after, whenPartial, workshop.driver)
}

/**
 * A call that fails skips the response hooks, and so does an answer that is finished. One of which a part is missing runs
 * those alone that ask for it (specification: plugins 4.4).
 */
function modifierStage(
  before: readonly RequestCall[],
  after: readonly ResponseCall[],
  whenPartial: readonly ResponseCall[],
  driver: Driver,
): ProxyStage {
  if (after.length === 0) return (next) => requestStage(before, next, driver)
  return (next) => async (request, context) => {
    const running = driver.runRequestHooks(before, request, context)
    const outcome = running instanceof Promise ? await running : running
    if (outcome instanceof ProxyResponse) return outcome
    const response = await next(outcome, context)
    return driver.runResponseHooks(response.failures === null ? after : whenPartial, response, outcome, context)
  }
}

/** Adds no promise of its own as long as the hooks need none. */
function requestStage(before: readonly RequestCall[], next: ProxyStep, driver: Driver): ProxyStep {
  return (request, context) => {
    try {
      const outcome = driver.runRequestHooks(before, request, context)
      if (outcome instanceof ProxyResponse) return Promise.resolve(outcome)
      if (!(outcome instanceof Promise)) return next(outcome, context)
      return proceed(outcome, next, context)
    } catch (failure) {
      return Promise.reject(failure)
    }
  }
}

async function proceed(
  running: Promise<ProxyRequest | ProxyResponse>,
  next: ProxyStep,
  context: Context,
): Promise<ProxyResponse> {
  const outcome = await running
  return outcome instanceof ProxyResponse ? outcome : next(outcome, context)
}

function toRequestCall(
  { instance, site: siteOf, settings }: Made<ModifierInstance>,
  driver: Driver,
): RequestCall | null {
  if (instance.request === null) return null
  const site = siteOf('modifier.request')
  return traced({
    site,
    invoke: instance.request,
    accept: toRequestOutcome,
    recover: recoverBy<ProxyRequest, ProxyRequest | ProxyResponse>(settings, site, {
      fail: null,
      skip: (request) => request,
      answer: finishedAnswer,
    }),
    time: driver.timeFor('within', settings.timeoutMs),
  })
}

function toResponseCall(
  { instance, site: siteOf, settings }: Made<ModifierInstance>,
  driver: Driver,
): ResponseCall | null {
  const { response: hook } = instance
  if (hook === null) return null
  const site = siteOf('modifier.response')
  return traced({
    site,
    invoke: (response, context, request) => hook(response, request as NonNullable<typeof request>, context),
    accept: toResponseOutcome,
    recover: recoverBy(settings, site, { fail: null, skip: (response) => response, answer: finishedAnswer }),
    time: driver.timeFor('within', settings.timeoutMs),
  })
}
