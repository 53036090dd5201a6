import { hash } from 'node:crypto'
import type { DataObject, ModifierRequest, PluginTools } from 'loligo/plugin'

export interface LastGoodOptions {
  /** How long answers are kept, milliseconds; 0: not at all. */
  readonly keepMs: number
  /** Request headers by which answers differ. */
  readonly headers: readonly string[]
}

/** Data that was good once. */
export interface Kept {
  readonly data: DataObject
  /** Milliseconds since 1970. */
  readonly keptAt: number
}

/** The last good answers, for all threads. */
export interface LastGood {
  /** Names what the data of a request belongs to; null when it is not kept. To be asked before the call. */
  keyOf(request: ModifierRequest): string | null
  keep(key: string, data: DataObject): void
  find(key: string): Promise<Kept | null>
}

/** What makes an answer one person's own. */
const PERSONAL = ['authorization', 'cookie']

/** Opens what is kept. A store that fails is no reason for requests to fail: then nothing is found. */
export function createLastGood(
  { keepMs, headers }: LastGoodOptions,
  { store, config, log, wallTime }: PluginTools,
): LastGood {
  const place = [config.endpoint?.method, config.endpoint?.path, config.backend?.urlPattern]
  const named = new Set(headers.map((name) => name.toLowerCase()))
  const tell = (error: unknown): undefined => {
    log.warning(`the store cannot be used: ${String(error)}`)
    return undefined
  }
  return {
    keyOf: (request) => {
      if (keepMs === 0 || (request.method !== 'GET' && request.method !== 'HEAD')) return null
      if (PERSONAL.some((name) => !named.has(name) && request.headers.has(name))) return null
      const values = headers.map((name) => request.headers.get(name))
      return hash('sha256', JSON.stringify([place, request.url, request.params, values]), 'base64url')
    },
    keep: (key, data) => {
      void store.set(key, { data, keptAt: wallTime() } satisfies Kept, { ttlMs: keepMs }).catch(tell)
    },
    find: async (key) => (await store.get<Kept>(key).catch(tell)) ?? null,
  }
}
