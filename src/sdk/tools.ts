import type { Body } from '../pipes/body.ts'
import type { Context } from '../pipes/context.ts'
import type { HeadersSource } from '../pipes/headers.ts'
import type { HttpResponse } from '../pipes/http.ts'
import type { Logger } from '../telemetry/logger.ts'

/**
 * A value, or a promise of it.
 *
 * @example
 * const hook = (): Awaitable<void> => {} // may be async, need not be
 */
export type Awaitable<T> = T | PromiseLike<T>

/**
 * Where in the configuration a plugin is named.
 *
 * @example
 * if (config.endpoint === null) throw new Error('name it at endpoints')
 * if (config.endpoint.outputEncoding === 'no-op') log.warning('there are no data to look into')
 */
export interface PluginPlace {
  /** The service's `name`. */
  readonly service: string
  /**
   * The endpoint that names the plugin, or that the naming backend belongs to; null for a server plugin
   * of the service.
   */
  readonly endpoint: {
    readonly method: string
    readonly path: string
    readonly timeoutMs: number
    readonly outputEncoding: string
    /** The request headers that pass; `*` lets all pass. */
    readonly inputHeaders: readonly string[]
    /** The query parameters that pass; `*` lets all pass. */
    readonly inputQueryStrings: readonly string[]
    /** How many backends it has. */
    readonly backends: number
  } | null
  /** The backend that names the plugin; null for a server plugin and at an endpoint. */
  readonly backend: {
    readonly method: string
    readonly urlPattern: string
    readonly hosts: readonly string[]
    /** How its answers are decoded; `no-op` passes them on as they are. */
    readonly encoding: string
  } | null
}

/**
 * What a plugin is given to work with, once for each place that names it: the second argument of its factories.
 *
 * @example
 * server: (options, { log, every, fetch }) => {
 *   let blocked = new Set<string>()
 *   every(60_000, async () => {
 *     blocked = new Set(await (await fetch(options.list)).json<string[]>())
 *     log.debug(`${blocked.size} addresses are blocked`)
 *   })
 *   return (next) => async (request, context) =>
 *     blocked.has(context.clientAddress) ? { status: 403 } : next(request, context)
 * }
 */
export interface PluginTools {
  /**
   * Writes to the gateway's log; every line begins with `[PLUGIN: name]`.
   *
   * @example
   * if (log.isEnabled('DEBUG')) log.debug(`rules: ${JSON.stringify(rules)}`)
   */
  readonly log: Logger

  /**
   * Where the plugin stands. Frozen.
   *
   * @example
   * const where = config.endpoint?.path ?? 'the service'
   */
  readonly config: PluginPlace

  /** The namespace's whole object: `name`, and the blocks of all plugins that are named there. Frozen. */
  readonly block: Readonly<Record<string, unknown>>

  /**
   * Calls `close` when this instance ends: the gateway closes, a reload has put another in its place and the last request
   * has been answered, or the factory failed. The last one added runs first.
   *
   * @example
   * const socket = connect(options.address)
   * onClose(() => socket.destroy())
   */
  readonly onClose: (close: () => Awaitable<void>) => void

  /** Aborted when this instance ends, before the functions given to `onClose` run. */
  readonly signal: AbortSignal

  /**
   * Sends a request over the connections that the gateway's backends use too, and resolves as soon as the head of the
   * answer is there. With `context` the call ends with the request it is made for; without, after `timeoutMs`. It goes
   * straight to the network: past the pipes of endpoints and backends, and past client plugins.
   *
   * Statuses are no errors: look at `ok` or `status`. Redirects are followed as for backends. A body that nobody reads is
   * given up when the request is over, or the time is up.
   *
   * Rejects with a `Failure` that names the plugin and the URL when no answer comes, and with a `TypeError` when it is
   * called with what it does not understand.
   *
   * @example
   * const answer = await fetch('http://users.internal/me', { context, headers: { Authorization: token } })
   * if (answer.ok) context.store.set('user', await answer.json())
   */
  readonly fetch: (url: string | URL, init?: FetchInit) => Promise<HttpResponse>

  /**
   * Values and counters that all threads and all requests of the process share. Each plugin name has its own; they
   * outlive reloads, not the process.
   *
   * @example
   * const { value, endsInMs } = store.hit(`seen:${context.clientAddress}`, 1, { ttlMs: 60_000 })
   * if (value > options.perMinute) {
   *   throw new HttpError(429, 'slow down', { headers: { 'Retry-After': Math.ceil(endsInMs / 1000) } })
   * }
   */
  readonly store: PluginStore

  /**
   * A number that only grows, summed up over all threads. The same name gives the same counter.
   * @param name letters `a` to `z`, digits, `_` and `.`, a letter first
   *
   * @example
   * const refused = counter('refused', { description: 'Requests without a valid token' })
   * refused.add()
   */
  readonly counter: (name: string, init?: MetricInit) => Counter

  /**
   * A distribution of values, over all threads. The same name gives the same histogram.
   * @param name as for `counter`
   *
   * @example
   * const sizes = histogram('body_bytes', { buckets: [1_000, 10_000, 100_000] })
   * sizes.record((await request.bytes()).length)
   */
  readonly histogram: (name: string, init?: MetricInit & { readonly buckets?: readonly number[] }) => Histogram

  /**
   * Milliseconds of a clock that only grows: for durations.
   *
   * @example
   * const from = now()
   * const response = await next(request, context)
   * log.debug(`${(now() - from).toFixed(1)} ms`)
   */
  readonly now: () => number

  /** Milliseconds since 1970, for dates. In tests both clocks are moved by the test. */
  readonly wallTime: () => number

  /**
   * Runs a function every `ms` milliseconds, the first time after `ms`, until this instance ends. A run that is still
   * going on when the next is due lets that one fall out. What it throws is logged, and the next run comes nevertheless.
   * It keeps no process alive.
   * @returns a function that stops it
   *
   * @example
   * every(30_000, async () => { rules = await load() })
   */
  readonly every: (ms: number, run: () => Awaitable<void>) => () => void

  /**
   * Runs a function once after `ms` milliseconds, unless this instance ends before. What it throws is logged.
   * @returns a function that stops it
   *
   * @example
   * const stop = after(5_000, () => log.warning('no rules yet'))
   */
  readonly after: (ms: number, run: () => Awaitable<void>) => () => void

  /**
   * Resolves after `ms` milliseconds. Rejects before when the request of `context` is over (its deadline has passed, the
   * client has gone, it has been answered), and when this instance ends.
   *
   * @example
   * await wait(50, context) // a pause before the next attempt
   */
  readonly wait: (ms: number, context?: Context) => Promise<void>
}

/**
 * What `fetch` sends, and how long it may take.
 *
 * @example
 * await fetch('http://audit.internal/events', { json: { user, path: request.path }, timeoutMs: 500 })
 */
export interface FetchInit {
  /** GET, or POST where there is a body. */
  readonly method?: string
  readonly headers?: HeadersSource
  /** Text, bytes, `URLSearchParams`, or anything that yields chunks, such as the body of a request. */
  readonly body?: Body | URLSearchParams | AsyncIterable<Uint8Array | string>
  /** A value that is sent as JSON, in place of `body`. */
  readonly json?: unknown
  /** The request that the call is made for: at its deadline, and when it is over otherwise, the call ends too. */
  readonly context?: Context
  /**
   * After how many milliseconds the call ends, its body with it. Without it a call with the context of a request that
   * has a deadline ends there; all others after 10 seconds.
   */
  readonly timeoutMs?: number
}

/**
 * When something begins to be forgotten.
 *
 * @example
 * await store.set('rates', rates, { ttlMs: 60_000 })
 */
export interface TimeToLive {
  /** Milliseconds from now; without it, it stays. */
  readonly ttlMs?: number
}

/**
 * What all threads share of a plugin. Values are copied on their way in and out: data with its exact numbers, dates,
 * maps, sets, errors, bytes; no functions, and no instances of other classes, which a copy would not be. Room is limited:
 * what has not been used for longest goes first.
 *
 * @example
 * const rates = (await store.get<Rates>('rates')) ?? (await loadRates())
 * if (store.increment(`asked:${user}`, 1, { ttlMs: 60_000 }) > 100) throw new HttpError(429)
 */
export interface PluginStore {
  /**
   * The value of a key; undefined when there is none.
   *
   * @example
   * const user = await store.get<User>(`user:${id}`)
   */
  get<T = unknown>(key: string): Promise<T | undefined>
  /** Rejects with a `TypeError` when the value cannot be copied; it names the part that is at fault. */
  set(key: string, value: unknown, options?: TimeToLive): Promise<void>
  /**
   * Sets the value unless there is one: of many callers in all threads one gets true.
   *
   * @example
   * if (await store.setIfAbsent(`nonce:${nonce}`, true, { ttlMs: 300_000 })) return next(request, context)
   * throw new HttpError(409, 'seen before')
   */
  setIfAbsent(key: string, value: unknown, options?: TimeToLive): Promise<boolean>
  /** True when there was a value. Leaves the counter of that key. */
  delete(key: string): Promise<boolean>
  /**
   * Adds to a counter, at once and exactly over all threads. Counters are apart from values.
   * @param by a whole number, 1 unless given; may be negative
   * @param options `ttlMs`: when the counter starts anew, measured from the increment that began it
   * @returns its new value
   */
  increment(key: string, by?: number, options?: TimeToLive): number
  /**
   * As `increment`, and says when the counter starts anew: for limits that tell when to come back.
   *
   * @example
   * const { value, endsInMs } = store.hit(`login:${user}`, 1, { ttlMs: 60_000 })
   */
  hit(key: string, by?: number, options?: TimeToLive): CounterHit
  /**
   * Sets a counter, and with it its time: it ends after `ttlMs` from now, or never. A switch that every request looks at
   * is best kept so, for `count` waits for nobody. Where the time changes too, other threads may find no counter (0) for
   * an instant.
   *
   * @example
   * store.setCount('maintenance', 1)
   */
  setCount(key: string, value: number, options?: TimeToLive): void
  /** The value of a counter; 0 when there is none. */
  count(key: string): number
}

/**
 * A counter right after it was moved.
 *
 * @example
 * const { value, endsInMs } = store.hit(`login:${user}`, 1, { ttlMs: 60_000 })
 */
export interface CounterHit {
  /** Its new value. */
  readonly value: number
  /** Whole milliseconds until it starts anew; Infinity when it was begun without `ttlMs`. */
  readonly endsInMs: number
}

/**
 * Counts.
 *
 * @example
 * const refused = counter('refused')
 * refused.add()
 */
export interface Counter {
  /** @throws RangeError unless `n` is a finite number, 0 or more; 1 unless given */
  add(n?: number): void
}

/**
 * Takes values of which the distribution is told.
 *
 * @example
 * const sizes = histogram('rows', { buckets: [1, 10, 100] })
 * sizes.record(rows.length)
 */
export interface Histogram {
  /** @throws RangeError unless `value` is a finite number */
  record(value: number): void
}

/**
 * What a counter or a histogram says of itself.
 *
 * @example
 * counter('refused', { description: 'Requests without a valid token' })
 */
export interface MetricInit {
  readonly description?: string
}
