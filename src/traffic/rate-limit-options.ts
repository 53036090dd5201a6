import type { Level } from '../config/namespaces.ts'
import { nearest } from '../config/nearest.ts'
import { type Static, Type } from '../config/type.ts'
import type { Problem } from '../config/validate.ts'

const STRATEGIES = ['ip', 'header', 'param'] as const

/** What a client is. */
export type Strategy = (typeof STRATEGIES)[number]

/** What a bucket can hold. */
const MOST_TOKENS = 2 ** 31

/** Options of `qos/ratelimit/router` and `qos/ratelimit/service`. */
export const CLIENT_LIMIT_OPTIONS = Type.Object({
  max_rate: Type.Number({
    description: 'requests per `every` of all clients together; 0 or less: no such limit',
    default: 0,
  }),
  capacity: Type.Integer({
    description: 'how many requests the bucket of all clients holds; 0: the requests per second, at least 1',
    minimum: 0,
    maximum: MOST_TOKENS,
    default: 0,
  }),
  client_max_rate: Type.Number({
    description: 'requests per `every` of each client; 0 or less: no such limit',
    default: 0,
  }),
  client_capacity: Type.Integer({
    description:
      'how many requests the bucket of each client holds; 0: the requests per second, at least 1 – and always 1 where `max_rate` is below 1 per second or absent',
    minimum: 0,
    maximum: MOST_TOKENS,
    default: 0,
  }),
  every: Type.Duration({ description: 'the period of both rates; less than `1s` counts as `1s`', default: 1000 }),
  strategy: Type.String({
    description: 'what a client is: `ip`, `header` or `param`; needed with `client_max_rate`',
    default: '',
  }),
  key: Type.String({
    description: 'the name of the header or of the path parameter; with `ip` a header that holds the address',
    default: '',
  }),
  headers: Type.Boolean({
    description:
      'tell clients how they stand in `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset` and `Retry-After`',
    default: false,
  }),
  max_clients: Type.Integer({
    description: 'for how many clients there is room at the same time, 16 bytes each; further ones share a bucket',
    minimum: 8,
    maximum: 2 ** 24,
    default: 65_536,
  }),
  ipv6_prefix: Type.Integer({
    description: 'how many bits of an IPv6 address make up a client: 64 for one network of a customer',
    minimum: 16,
    maximum: 128,
    default: 128,
  }),
  num_shards: Type.Optional(Type.Unknown({ description: 'accepted; there are no locks to divide' })),
  cleanup_period: Type.Optional(Type.Unknown({ description: 'accepted; there is nothing to clean up' })),
  cleanup_threads: Type.Optional(Type.Unknown({ description: 'accepted; there is nothing to clean up' })),
})

/** Options of `qos/ratelimit/router` and `qos/ratelimit/service`, checked. */
export type ClientLimitOptions = Static<typeof CLIENT_LIMIT_OPTIONS>

/** Options of `qos/ratelimit/proxy`. */
export const CALL_LIMIT_OPTIONS = Type.Object({
  max_rate: Type.Number({ description: 'calls per `every`; 0 or less: no limit', default: 0 }),
  capacity: Type.Integer({
    description: 'how many calls the bucket holds; 0: the calls per second, at least 1',
    minimum: 0,
    maximum: MOST_TOKENS,
    default: 0,
  }),
  every: Type.Duration({ description: 'the period of the rate', default: 1000 }),
  status: Type.Enum([500, 503, 429], {
    description: 'the answer when the only backend is over its limit; 503 and 429 come with `Retry-After`',
    default: 500,
  }),
})

/** How many tokens come back in how many milliseconds, and how many the bucket holds. */
export interface Limit {
  readonly rate: number
  readonly everyMs: number
  readonly capacity: number
}

/** The limit of all requests together; null when there is none. */
export function limitOf(options: Pick<ClientLimitOptions, 'max_rate' | 'capacity'>, everyMs: number): Limit | null {
  const { max_rate: rate, capacity } = options
  return rate > 0 ? { rate, everyMs, capacity: capacity || wholePerSecond(rate, everyMs) } : null
}

/** The limit of each client; null when there is none. */
export function clientLimitOf(options: ClientLimitOptions, everyMs: number): Limit | null {
  const { client_max_rate: rate, client_capacity: capacity } = options
  if (rate <= 0) return null
  // The reference looks at the rate of all clients here, not at that of one.
  const isSlow = (options.max_rate * 1000) / everyMs < 1
  return { rate, everyMs, capacity: capacity || (isSlow ? 1 : wholePerSecond(rate, everyMs)) }
}

function wholePerSecond(rate: number, everyMs: number): number {
  return Math.min(Math.max(1, Math.floor((rate * 1000) / everyMs)), MOST_TOKENS)
}

const LEAST_PERIOD_MS = 1000

/** The period that counts where one below a second does not. */
export function wholePeriod(everyMs: number): number {
  return Math.max(LEAST_PERIOD_MS, everyMs)
}

/** The strategy, in any case; undefined when it is none. */
export function strategyOf(name: string): Strategy | undefined {
  const wanted = name.toLowerCase()
  return STRATEGIES.find((strategy) => strategy === wanted)
}

/** What is wrong with the options of a limit that knows clients, although the schema accepts them. */
export function checkClientLimit(options: ClientLimitOptions, level: Level): readonly Problem[] {
  const everyMs = wholePeriod(options.every)
  const all = limitOf(options, everyMs)
  const each = clientLimitOf(options, everyMs)
  const problems = [...checkStrategy(options, level, each !== null)]
  if (options.every < LEAST_PERIOD_MS) {
    const message = 'a period below 1s counts as 1s here'
    problems.push({
      ...warning('CONFIG_INVALID_DURATION', 'every', message),
      remedy: 'Write "1s", and the rates for it.',
    })
  }
  if (all === null && each === null) problems.push(limitsNothing('"max_rate" and "client_max_rate" are 0'))
  return [
    ...problems,
    ...checkCapacity(all, options.capacity, 'max_rate', 'capacity'),
    ...checkCapacity(each, options.client_capacity, 'client_max_rate', 'client_capacity'),
  ]
}

/** The same for a limit of calls. */
export function checkCallLimit(options: Static<typeof CALL_LIMIT_OPTIONS>): readonly Problem[] {
  const limit = limitOf(options, callPeriod(options.every))
  if (limit === null) return [limitsNothing('"max_rate" is 0')]
  return checkCapacity(limit, options.capacity, 'max_rate', 'capacity')
}

/** Of calls every period counts but 0. */
export function callPeriod(everyMs: number): number {
  return everyMs || LEAST_PERIOD_MS
}

function checkStrategy({ strategy, key }: ClientLimitOptions, level: Level, limits: boolean): Problem[] {
  const known = strategyOf(strategy)
  if (known === undefined && strategy !== '') {
    const meant = nearest(strategy.toLowerCase(), STRATEGIES, 0.4)
    const hint = meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`
    const message = `${JSON.stringify(strategy)} is not one of "ip", "header", "param"${hint}`
    return [{ code: 'CONFIG_INVALID_VALUE', severity: 'error', path: ['strategy'], message }]
  }
  if (!limits) return []
  if (known === undefined) {
    const message = 'a limit for each client needs "strategy", which says what a client is: "ip", "header" or "param"'
    return [{ code: 'CONFIG_MISSING_KEY', severity: 'error', path: ['client_max_rate'], message }]
  }
  if (known === 'param' && level === 'service') {
    const message = 'before the endpoint is found there are no path parameters: every request is answered 429'
    const remedy = 'Choose "ip" or "header", or put the limit into the endpoints ("qos/ratelimit/router").'
    return [{ ...warning('CONFIG_RATE_LIMIT_CLIENT', 'strategy', message), remedy }]
  }
  if (known === 'ip' || key !== '') return []
  const message = `"key" does not name the ${known === 'param' ? 'parameter' : 'header'}: every request is answered 429`
  return [warning('CONFIG_RATE_LIMIT_CLIENT', 'strategy', message)]
}

/** The default of a capacity is less than most expect. */
function checkCapacity(limit: Limit | null, configured: number, rateKey: string, capacityKey: string): Problem[] {
  if (limit === null || configured > 0) return []
  const wanted = Math.floor(limit.rate)
  if (limit.capacity >= wanted) return []
  const message = `without "${capacityKey}" the bucket holds ${limit.capacity}: no more of the ${wanted} pass at once`
  const remedy = `Set "${capacityKey}": ${wanted} to let all of a period pass at once, or ${limit.capacity} if that is meant.`
  return [{ ...warning('CONFIG_RATE_LIMIT_CAPACITY', rateKey, message), remedy }]
}

function limitsNothing(reason: string): Problem {
  return { code: 'CONFIG_WITHOUT_EFFECT', severity: 'warning', path: [], message: `it limits nothing: ${reason}` }
}

function warning(code: Problem['code'], key: string, message: string): Problem {
  return { code, severity: 'warning', path: [key], message }
}
