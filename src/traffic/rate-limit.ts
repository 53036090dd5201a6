import type { ServiceTools } from '../config/feature.ts'
import type { Context } from '../pipes/context.ts'
import { type Handler, HttpResponse, type HttpStage } from '../pipes/http.ts'
import { cellName } from '../shared/cells.ts'
import { compileIdentity, type Identify } from './client-identity.ts'
import { BUCKET_BYTES, createBucket, type Pace, paceOf, type TakeToken } from './gcra.ts'
import { LimitTable, limitTableBytes } from './limit-table.ts'
import { compileLimitFields, hasLimitFields, type LimitFields } from './rate-limit-fields.ts'
import {
  type ClientLimitOptions,
  clientLimitOf,
  type Limit,
  limitOf,
  strategyOf,
  wholePeriod,
} from './rate-limit-options.ts'
import { sharedTime } from './shared-time.ts'

/** The text of refusals in the log, in the spelling of the reference. */
export const RATE_LIMIT_EXCEEDED = 'rate limit exceded'

/** Where a limit stands. */
export interface LimitPlace {
  readonly namespace: string
  /** Names the place within the configuration: what a reload leaves there unchanged keeps its counts. */
  readonly name: string
}

/** A limit that is in force. */
export interface OpenLimit {
  readonly limit: Limit
  readonly pace: Pace
  readonly take: TakeToken
}

/** A bucket for all requests of a place. */
export async function openLimit(limit: Limit, place: LimitPlace, tools: ServiceTools): Promise<OpenLimit> {
  const { rate, everyMs, capacity } = limit
  const pace = paceOf(rate, everyMs, capacity)
  const cell = await tools.cells.open(cellName(place.namespace, place.name, limit), BUCKET_BYTES)
  tools.logFor('Ratelimit').debug(`Rate limit enabled: ${describe(limit)}`)
  return { limit, pace, take: createBucket(cell, 0, pace, timeFor(tools)) }
}

/**
 * The stage of `qos/ratelimit/router` and `qos/ratelimit/service`: the client's bucket first, so that what it refuses
 * costs no token of all, then the bucket of all. Null when there is neither. Specification: traffic-security 2.
 */
export async function makeRateLimit(
  options: ClientLimitOptions,
  place: LimitPlace,
  tools: ServiceTools,
): Promise<HttpStage | null> {
  const everyMs = wholePeriod(options.every)
  const all = limitOf(options, everyMs)
  const each = clientLimitOf(options, everyMs)
  const clients = each === null ? null : await openClients(each, options, place, tools)
  const total = all === null ? null : await openLimit(all, place, tools)
  if (clients === null && total === null) return null
  if (!options.headers) return plainStage(clients, total)
  return tellingStage(clients, total, place.namespace === 'qos/ratelimit/service')
}

/** Buckets of clients, and how they are told apart. */
interface ClientBuckets {
  readonly limit: Limit
  readonly pace: Pace
  readonly identify: Identify
  readonly table: LimitTable
}

async function openClients(
  limit: Limit,
  options: ClientLimitOptions,
  { namespace, name }: LimitPlace,
  tools: ServiceTools,
): Promise<ClientBuckets | null> {
  const { key, max_clients: most, ipv6_prefix: ipv6Prefix } = options
  const strategy = strategyOf(options.strategy)
  if (strategy === undefined) return null
  const pace = paceOf(limit.rate, limit.everyMs, limit.capacity)
  const meaning = { ...limit, strategy, key, most, ipv6Prefix }
  const cell = await tools.cells.open(cellName(`${namespace}|clients`, name, meaning), limitTableBytes(most))
  const log = tools.logFor('Ratelimit')
  const table = new LimitTable(cell, pace, timeFor(tools), () =>
    log.warning(`more than ${most} clients at once: further ones share one bucket (raise "max_clients")`),
  )
  log.debug(`Rate limit per client enabled: ${describe(limit)}, strategy ${strategy}${key && `, key ${key}`}`)
  return { limit, pace, identify: compileIdentity({ strategy, key, ipv6Prefix }), table }
}

/** One clock for all limits of a gateway. */
function timeFor({ clock, shared }: ServiceTools): () => number {
  return shared('traffic|time', () => sharedTime(clock))
}

function describe({ rate, everyMs, capacity }: Limit): string {
  return `${rate} per ${everyMs} ms, capacity ${capacity}`
}

/** For the access log; without a stack, and one for all: whoever is refused shall not cost. */
const REFUSED = new Error(RATE_LIMIT_EXCEEDED)
const TOO_MANY_REQUESTS = 429
const UNAVAILABLE = 503

function refuse(context: Context, status: number, fields: LimitFields | null = null, left = 0): Promise<HttpResponse> {
  context.report(REFUSED)
  return Promise.resolve(new HttpResponse(status, fields === null ? null : fields.refusal(left)))
}

function plainStage(clients: ClientBuckets | null, total: OpenLimit | null): HttpStage {
  const takeOfAll = total?.take ?? null
  if (clients === null) {
    return (next) => (request, context) =>
      takeOfAll !== null && takeOfAll() < 0 ? refuse(context, UNAVAILABLE) : next(request, context)
  }
  const { identify, table } = clients
  return (next) => (request, context) => {
    const client = identify(request, context)
    if (client === '' || table.take(client) < 0) return refuse(context, TOO_MANY_REQUESTS)
    if (takeOfAll !== null && takeOfAll() < 0) return refuse(context, UNAVAILABLE)
    return next(request, context)
  }
}

/** The same with header fields: of what refused, or of the client's own limit where there is one. */
function tellingStage(clients: ClientBuckets | null, total: OpenLimit | null, isOutermost: boolean): HttpStage {
  const ofClient = clients === null ? null : compileLimitFields(clients.pace, clients.limit.capacity)
  const ofAll = total === null ? null : compileLimitFields(total.pace, total.limit.capacity)
  return (next) => (request, context) => {
    let left = 0
    if (clients !== null) {
      const client = clients.identify(request, context)
      if (client === '') return refuse(context, TOO_MANY_REQUESTS)
      left = clients.table.take(client)
      if (left < 0) return refuse(context, TOO_MANY_REQUESTS, ofClient, left)
    }
    if (total !== null) {
      const ofTotal = total.take()
      if (ofTotal < 0) return refuse(context, UNAVAILABLE, ofAll, ofTotal)
      if (clients === null) left = ofTotal
    }
    return tell(next(request, context), ofClient ?? ofAll, left, isOutermost)
  }
}

async function tell(
  answer: ReturnType<Handler>,
  fields: LimitFields | null,
  left: number,
  isOutermost: boolean,
): Promise<HttpResponse> {
  const response = await answer
  // Outside of an endpoint's own limit, what that says is nearer to the truth.
  if (!isOutermost || !hasLimitFields(response.headers)) fields?.set(response.headers, left)
  return response
}
