import type { SharedStore } from './shared-store.ts'
import { createStoreOwner, type StoreOwnerOptions } from './store-owner.ts'

/** Makes a store that reads what another one holds, and keeps what is written to itself: the other never changes. */
export function createTrialStore(below: SharedStore, options: StoreOwnerOptions = {}): SharedStore {
  return layered(below, createStoreOwner(options).store)
}

function layered(below: SharedStore, own: SharedStore): SharedStore {
  /** Keys that were written or deleted here: the store below is not asked for them any more. */
  const touched = new Set<string>()
  const scopes = new Map<string, SharedStore>()
  const get = (key: string): Promise<unknown> => (touched.has(key) ? own : below).get(key)
  return {
    get,
    async set(key, value, options) {
      touched.add(key)
      await own.set(key, value, options)
    },
    async setIfAbsent(key, value, options) {
      if ((await get(key)) !== undefined) return false
      touched.add(key)
      return await own.setIfAbsent(key, value, options)
    },
    async delete(key) {
      const present = (await get(key)) !== undefined
      touched.add(key)
      await own.delete(key)
      return present
    },
    scoped(prefix) {
      const scope = scopes.get(prefix) ?? layered(below.scoped(prefix), own.scoped(prefix))
      scopes.set(prefix, scope)
      return scope
    },
  }
}
