import {
  type ClientRequest,
  definePlugin,
  type Handler,
  type PlainResponse,
  type PluginContext,
  Type,
} from 'loligo/plugin'
import { createAnswers, type Entry } from './cache/answers.ts'

const NAME = 'caching-client'
const FIELD_NAME = "^[\\w!#$%&'*+.^`|~-]+$"

/** Keeps the answers of a backend for all threads, and serves them while they are fresh, or better than nothing. */
export const cachingClient = definePlugin({
  name: NAME,
  version: '1.0.0',

  options: Type.Object({
    max_age: Type.Duration({ default: 0, description: 'How long answers are fresh that do not say so; 0: not kept' }),
    stale_while_revalidate: Type.Duration({
      default: 0,
      description: 'How long after that they are served, and renewed',
    }),
    stale_if_error: Type.Duration({ default: 0, description: 'How long after that they stand in for an error' }),
    headers: Type.Array(Type.String({ pattern: FIELD_NAME }), {
      default: ['Accept', 'Accept-Language'],
      description: 'Request headers by which answers differ, beside Accept-Encoding',
    }),
    personal: Type.Boolean({
      default: false,
      description: 'Also calls with Authorization or Cookie, each for its own',
    }),
    set_cookie: Type.Boolean({ default: false, description: 'Also answers that set cookies, without these' }),
    max_bytes: Type.Integer({ default: 262_144, minimum: 1, description: 'The largest body that is kept' }),
    refresh_timeout: Type.Duration({ default: 10_000, minimum: 1, description: 'For a refresh in the background' }),
  }),

  client: (options, tools) => {
    const { counter, log, store, wallTime } = tools
    const { refresh_timeout: refreshMs } = options
    const answers = createAnswers(
      {
        defaults: {
          freshMs: options.max_age,
          revalidateMs: options.stale_while_revalidate,
          errorMs: options.stale_if_error,
        },
        ...{ headers: options.headers, personal: options.personal },
        ...{ setCookie: options.set_cookie, maxBytes: options.max_bytes },
      },
      tools,
    )
    const hits = counter('hits', { description: 'Calls that were answered by what was kept' })
    const stale = counter('stale', { description: 'Of these: by what was no longer fresh' })
    const misses = counter('misses', { description: 'Calls that went to the upstream' })

    const serve = (entry: Entry, age: number): PlainResponse => {
      hits.add()
      if (age >= entry.freshMs) stale.add()
      const ttl = Math.floor((entry.freshMs - age) / 1000)
      const about = [
        ['Age', String(Math.floor((entry.ageMs + age) / 1000))],
        ['Cache-Status', `${NAME}; hit; ttl=${ttl}`],
      ] as const
      return { headers: [...entry.headers, ...about], body: entry.body }
    }

    /** Of all threads one asks; where nothing new comes of it, not again before its time is over. */
    const refresh = async (next: Handler, given: ClientRequest, context: PluginContext, key: string): Promise<void> => {
      const lock = `refreshes ${key}`
      if (!(await store.setIfAbsent(lock, true, { ttlMs: refreshMs }))) return
      const request = given.clone()
      for (const condition of ['if-none-match', 'if-modified-since']) request.headers.delete(condition)
      const own = context.detached(refreshMs)
      try {
        const response = await next(request, own)
        if (!(await answers.keep(key, response))) return
        await response.bytes()
        await store.delete(lock)
      } finally {
        own.finish()
      }
    }

    return (next) => async (request, context) => {
      const key = answers.keyOf(request)
      if (key === null) return next(request, context)
      const entry = await answers.find(key)
      const age = entry === undefined ? 0 : Math.max(0, wallTime() - entry.storedAt)
      if (entry !== undefined && age < entry.freshMs) return serve(entry, age)
      if (entry !== undefined && age < entry.freshMs + entry.revalidateMs) {
        const told = (error: unknown): void => log.debug(`a refresh failed: ${String(error)}`)
        void refresh(next, request, context, key).catch(told)
        return serve(entry, age)
      }

      misses.add()
      const standIn = entry !== undefined && age < entry.freshMs + entry.errorMs ? entry : null
      try {
        const response = await next(request, context)
        if (response.status >= 500 && standIn !== null) return serve(standIn, age)
        await answers.keep(key, response)
        response.headers.append('Cache-Status', `${NAME}; fwd=${entry === undefined ? 'uri-miss' : 'stale'}`)
        return response
      } catch (error) {
        if (standIn === null) throw error
        log.debug(`served from the cache, for the call failed: ${String(error)}`)
        return serve(standIn, age)
      }
    }
  },
})
