import type { KeyObject } from 'node:crypto'

/** A key that verifies tokens. The record stays the same as long as the key does. */
export interface KnownKey {
  readonly key: KeyObject
  /** Until then (milliseconds since 1970) it counts without another look at its source. */
  goodUntil: number
}

/** Where the keys of an endpoint come from. */
export interface KeySource {
  /**
   * The key of that identity; null when there is none, or its source cannot be reached. A promise only where the source
   * has to be asked. Never rejects.
   * @param now milliseconds since 1970
   */
  find(id: string, now: number): KnownKey | null | Promise<KnownKey | null>
  /** Asked for each token, before and after its verification: nothing is remembered. */
  readonly uncached: boolean
}

/** Keys that never change: those of a file that was read at the start. */
export function fixedKeys(set: ReadonlyMap<string, KeyObject>): KeySource {
  const keys = new Map<string, KnownKey>()
  for (const [id, key] of set) keys.set(id, { key, goodUntil: Number.POSITIVE_INFINITY })
  return { find: (id) => keys.get(id) ?? null, uncached: false }
}
