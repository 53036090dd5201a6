import type { KeyObject } from 'node:crypto'
import type { Algorithm } from './algorithms.ts'
import { type KeyStrategy, readKeySet } from './key-set.ts'
import type { KeySource, KnownKey } from './key-source.ts'
import type { SharedDocument } from './shared-document.ts'

/** How keys are taken from a document and kept. */
export interface RemoteKeyOptions {
  readonly alg: Algorithm
  readonly strategy: KeyStrategy
  /** For how long a downloaded key counts, milliseconds. */
  readonly lifetimeMs: number
  /** For how long no download is made again for an identity that was not in the set, milliseconds; 0: no limit. */
  readonly cooldownMs: number
}

/** How long keys whose time is up go on while the server of the keys cannot be reached. */
const STALE_MS = 60 * 60 * 1000

/** Keys of a downloaded set, kept until their time is up; an unknown one leads to another download. */
export function cachedKeys(document: SharedDocument, options: RemoteKeyOptions): KeySource {
  const { alg, strategy, lifetimeMs, cooldownMs } = options
  let keys = new Map<string, KnownKey>()
  let version = -1

  function catchUp(): void {
    const current = document.version()
    if (current === version) return
    const text = document.read()
    version = current
    if (text !== null) keys = takeOver(keys, readOrNone(text, alg, strategy), document.fetchedAt() + lifetimeMs)
  }

  async function download(id: string, now: number): Promise<KnownKey | null> {
    if (!keys.has(id)) {
      if (cooldownMs > 0 && document.isUnknown(id, now)) return null
      if (!document.mayLookUp(now)) return null
    }
    await document.refresh(version)
    catchUp()
    const key = keys.get(id)
    if (key === undefined) {
      if (cooldownMs > 0 && document.upToDate) document.noteUnknown(id, now + cooldownMs)
      return null
    }
    return key.goodUntil + (document.upToDate ? 0 : STALE_MS) >= now ? key : null
  }

  return {
    find(id, now) {
      catchUp()
      const key = keys.get(id)
      return key !== undefined && key.goodUntil > now ? key : download(id, now)
    },
    uncached: false,
  }
}

/** Keys that are downloaded each time they are asked for, so that the set of this moment counts. */
export function freshKeys(
  download: () => Promise<Buffer>,
  options: Pick<RemoteKeyOptions, 'alg' | 'strategy'>,
  onFailure: (error: Error) => void,
): KeySource {
  let pending: Promise<ReadonlyMap<string, KnownKey>> | null = null
  let last = ''
  let keys = new Map<string, KnownKey>()
  let failing = false
  const load = async (): Promise<ReadonlyMap<string, KnownKey>> => {
    try {
      const text = (await download()).toString('utf8')
      if (text !== last) keys = takeOver(keys, readKeySet(text, options.alg, options.strategy), 0)
      last = text
      failing = false
      return keys
    } catch (error) {
      if (!failing) onFailure(error as Error) // once, not for each token that somebody sends
      failing = true
      return new Map()
    } finally {
      pending = null
    }
  }
  return {
    find: async (id) => {
      pending ??= load()
      return (await pending).get(id) ?? null
    },
    uncached: true,
  }
}

/** A key that is still the same keeps its record, so that what it has verified stays verified; the others end. */
function takeOver(
  before: Map<string, KnownKey>,
  now: ReadonlyMap<string, KeyObject>,
  goodUntil: number,
): Map<string, KnownKey> {
  const after = new Map<string, KnownKey>()
  for (const [id, key] of now) {
    const known = before.get(id)
    if (known?.key.equals(key)) {
      known.goodUntil = goodUntil
      after.set(id, known)
    } else after.set(id, { key, goodUntil })
  }
  for (const [id, known] of before) if (after.get(id) !== known) known.goodUntil = 0
  return after
}

/** The download has refused texts that are no key set. */
function readOrNone(text: string, alg: Algorithm, strategy: KeyStrategy): ReadonlyMap<string, KeyObject> {
  try {
    return readKeySet(text, alg, strategy)
  } catch {
    return new Map()
  }
}
