import { randomUUID } from 'node:crypto'
import {
  type DataObject,
  definePlugin,
  type ModifierRequest,
  type PlainData,
  type PluginContext,
  Type,
} from 'loligo/plugin'
import { createLastGood } from './calls/last-good.ts'
import { createRetry, isDecision } from './calls/retry.ts'

const FIELD_NAME = "^[\\w!#$%&'*+.^`|~-]+$"
const VALID_ID = /^[\w.~-]{8,128}$/
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'] as const

/** Answers with `{ data, meta }`, asks again what failed, and has something to say when nothing helps. */
export const envelope = definePlugin({
  name: 'envelope',
  version: '1.0.0',

  options: Type.Object({
    attempts: Type.Integer({ default: 1, minimum: 1, maximum: 10, description: 'How often is asked at most' }),
    attempt_timeout: Type.Duration({ default: 1000, minimum: 1, description: 'How long one of several may take' }),
    backoff: Type.Duration({
      default: 50,
      description: 'The longest pause before the second; it doubles from then on',
    }),
    max_backoff: Type.Duration({ default: 1000, description: 'The longest pause of all' }),
    methods: Type.Array(Type.Enum(METHODS), { default: ['GET', 'HEAD'], description: 'What may be asked again' }),
    keep: Type.Duration({ default: 0, maximum: 604_800_000, description: 'How long the last good data is kept' }),
    key_headers: Type.Array(Type.String({ pattern: FIELD_NAME }), {
      default: [],
      description: 'Request headers by which data differs; Authorization and Cookie keep it from being kept otherwise',
    }),
    fallback: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), { description: 'The data when there is no other' }),
    ),
    id_header: Type.String({ pattern: FIELD_NAME, default: 'X-Request-Id', description: 'The header that has the id' }),
  }),

  middleware: (options, tools) => {
    const { fallback, id_header: idHeader } = options
    const { counter, log, wallTime } = tools
    const ask = createRetry(
      {
        ...{ attempts: options.attempts, attemptMs: options.attempt_timeout, methods: options.methods },
        ...{ backoffMs: options.backoff, maxBackoffMs: options.max_backoff },
      },
      tools,
    )
    const lastGood = createLastGood({ keepMs: options.keep, headers: options.key_headers }, tools)
    const retries = counter('retries', { description: 'Attempts after the first' })
    const fallbacks = counter('fallbacks', { description: 'Answers with kept data or the fallback' })

    return (next) => async (request, context) => {
      const id = idOf(request, context, idHeader)
      const key = lastGood.keyOf(request)
      const { attempts, response, error } = await ask(next, request, context)
      if (attempts > 1) retries.add(attempts - 1)
      const meta = { request_id: id, attempts }

      if (response !== null) {
        if (response.answer !== null) return response // finished: somebody's decision
        if (response.status !== 0) throw new Error('there is no data to wrap with "no-op"')
        if (key !== null && response.complete && response.data !== null) lastGood.keep(key, response.data)
        response.data = { data: response.data, meta: { ...meta, source: 'live', complete: response.complete } }
        return response
      }

      // Cancelled before the deadline: the client has gone.
      const isGone = context.cancelled !== null && context.remainingMs > 0
      if (isGone || isDecision(error)) throw error
      const kept = key === null ? null : await lastGood.find(key)
      if (kept === null && fallback === undefined) throw error
      fallbacks.add()
      log.warning(`${id} falls back: ${String(error)}`)
      if (kept === null) return wrap(structuredClone(fallback) as DataObject, { ...meta, source: 'fallback' })
      const age = Math.max(0, Math.floor((wallTime() - kept.keptAt) / 1000))
      return wrap(kept.data, { ...meta, source: 'last_good', age })
    }
  },
})

function wrap(data: DataObject, meta: DataObject): PlainData {
  return { data: { data, meta }, complete: false }
}

/** The id that `audit-log` or the client gave, else one for this answer alone. */
function idOf(request: ModifierRequest, context: PluginContext, header: string): string {
  const given = context.store.get('request-id') ?? request.headers.get(header)
  return typeof given === 'string' && VALID_ID.test(given) ? given : randomUUID()
}
