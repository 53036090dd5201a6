import type { PluginStore } from '../../sdk/tools.ts'
import type { CounterTable } from '../../shared/counter-table.ts'
import type { SharedStore } from '../../shared/shared-store.ts'
import { fromStored, toStored } from './stored-value.ts'

/** What all threads share, for all plugins. */
export interface SharedStores {
  readonly values: SharedStore
  readonly counters: CounterTable
}

/** The part of the stores that belongs to one plugin, by its name. */
export function createStore(plugin: string, { values, counters }: SharedStores): PluginStore {
  const own = values.scoped(plugin)
  const counter = (key: string): string => `${plugin.length}:${plugin}${checked(key)}`
  return Object.freeze<PluginStore>({
    get: async <T>(key: string) => fromStored(await own.get(checked(key))) as T | undefined,
    set: async (key, value, options) => own.set(checked(key), toStored(key, value), options),
    setIfAbsent: async (key, value, options) => own.setIfAbsent(checked(key), toStored(key, value), options),
    delete: async (key) => own.delete(checked(key)),
    increment: (key, by, options) => counters.increment(counter(key), by, options),
    hit: (key, by, options) => counters.hit(counter(key), by, options),
    setCount: (key, value, options) => counters.set(counter(key), value, options),
    count: (key) => counters.read(counter(key)),
  })
}

/** Authors in JavaScript have no compiler to tell them. */
function checked(key: unknown): string {
  if (typeof key === 'string') return key
  throw new TypeError(`the key of a store is a text, not ${typeof key}`)
}
