import { hash } from 'node:crypto'
import type { ClientRequest, PluginResponse, PluginTools } from 'loligo/plugin'
import { capture } from './capture.ts'
import { ageOf, type Lifetimes, lifetimesOf } from './lifetimes.ts'

/** What is kept, and by what answers differ. */
export interface AnswersOptions {
  /** For answers that do not say so themselves. */
  readonly defaults: Lifetimes
  /** Request headers by which answers differ, beside `Accept-Encoding`. */
  readonly headers: readonly string[]
  /** Whether calls with `Authorization` or `Cookie` count, each value for itself. */
  readonly personal: boolean
  /** Whether answers that set cookies are kept, without these. */
  readonly setCookie: boolean
  /** The largest body that is kept. */
  readonly maxBytes: number
}

/** An answer as it lies in the store. */
export interface Entry extends Lifetimes {
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
  /** Milliseconds since 1970. */
  readonly storedAt: number
  /** How old it was by then. */
  readonly ageMs: number
}

/** The answers that all threads share. */
export interface Answers {
  /** Names what the answer of a call belongs to; null when it is not kept. */
  keyOf(request: ClientRequest): string | null
  find(key: string): Promise<Entry | undefined>
  /** Keeps an answer, if it may be kept, as soon as its body has been read. True when it will. */
  keep(key: string, response: PluginResponse): Promise<boolean>
}

/** The store outlives reloads: entries of another form must not be taken for these. */
const FORM = 1
const PERSONAL = ['Authorization', 'Cookie']
/** What is about a transfer, or about one client, and not about the answer. */
const NOT_KEPT =
  /^(connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|content-length|age|set-cookie|cache-status)$/i

/** Opens what is kept. A store that fails is no reason for calls to fail: then nothing is found. */
export function createAnswers(options: AnswersOptions, { store, wallTime, log }: PluginTools): Answers {
  const { defaults, personal, setCookie, maxBytes } = options
  const names = ['Accept-Encoding', ...options.headers, ...(personal ? PERSONAL : [])]
  const differsBy = new Set(names.map((name) => name.toLowerCase()))
  const tell = (error: unknown): undefined => {
    log.warning(`the store cannot be used: ${String(error)}`)
    return undefined
  }
  return {
    keyOf: ({ method, headers, body, url }) => {
      if (method !== 'GET' || body !== null || headers.has('range')) return null
      if (!personal && PERSONAL.some((name) => headers.has(name))) return null
      const parts = [FORM, url, ...names.map((name) => [name, headers.get(name)])]
      return hash('sha256', JSON.stringify(parts), 'base64url')
    },
    find: (key) => store.get<Entry>(key).catch(tell),
    keep: async (key, response) => {
      const { status, headers } = response
      if (status !== 200 || (!setCookie && headers.has('set-cookie'))) return false
      const varies = (headers.get('vary') ?? '').split(',').map((name) => name.trim().toLowerCase())
      if (varies.some((name) => name !== '' && !differsBy.has(name))) return false
      const storedAt = wallTime()
      const lifetimes = lifetimesOf(response, defaults, storedAt)
      if (lifetimes === null) return false
      const kept = [...headers].filter(([name]) => !NOT_KEPT.test(name))
      const about = { ...lifetimes, headers: kept, storedAt, ageMs: ageOf(headers) }
      const ttlMs = lifetimes.freshMs + Math.max(lifetimes.revalidateMs, lifetimes.errorMs)
      await capture(response, maxBytes, (body) => {
        void store.set(key, { ...about, body } satisfies Entry, { ttlMs }).catch(tell)
      })
      return true
    },
  }
}
