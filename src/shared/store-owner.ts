import type { MessagePort } from 'node:worker_threads'
import { createStore, type SharedStore, type StoreAnswer, type StoreRequest, serveStore } from './shared-store.ts'

export interface StoreOwnerOptions {
  /** Bytes of all values, keys and what keeping them costs; 64 MiB otherwise. */
  readonly maxBytes?: number
  /** Milliseconds of a clock that does not go backwards. */
  readonly now?: () => number
}

/** What a store holds, and what it had to give up. */
export interface StoreStatistics {
  readonly entries: number
  readonly bytes: number
  /** Values that had to go for others, the least recently used first. */
  readonly evictions: number
}

/** The owner of the values of a shared store: lives in the main thread, longer than any gateway. */
export interface StoreOwner {
  /** The store for the owner's own thread. */
  readonly store: SharedStore
  /** Answers the thread that holds the other end of this port in `connectStore`. */
  serve(port: MessagePort): void
  /** Removes values whose time is over; happens by itself twice a minute while there are such with a time. */
  sweep(): void
  statistics(): StoreStatistics
  /** Removes everything, and the timer. */
  clear(): void
}

interface Entry {
  readonly value: Uint8Array
  readonly bytes: number
  /** On the owner's clock; Infinity: never. */
  readonly endsAtMs: number
}

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024
/** What an entry costs beside its key and value, about. */
const ENTRY_BYTES = 200
const SWEEP_MS = 30_000

/** Makes an empty store. The owner keeps bytes as they come: it never runs what a value may bring with it. */
export function createStoreOwner({
  maxBytes = DEFAULT_MAX_BYTES,
  now = () => performance.now(),
}: StoreOwnerOptions = {}): StoreOwner {
  const entries = createEntries(maxBytes, now)
  let sweeper: NodeJS.Timeout | undefined
  const stopSweeping = (): void => {
    clearInterval(sweeper)
    sweeper = undefined
  }
  const sweep = (): void => {
    entries.removeEnded()
    if (entries.statistics().entries === 0) stopSweeping()
  }
  const answer = (request: StoreRequest): StoreAnswer => {
    const { type, key } = request
    if (type === 'get') return entries.use(key)
    if (type === 'delete') return entries.remove(key)
    if (type === 'setIfAbsent' && entries.use(key) !== undefined) return false
    entries.put(key, request.value, request.ttlMs)
    if (request.ttlMs !== Number.POSITIVE_INFINITY) sweeper ??= setInterval(sweep, SWEEP_MS).unref()
    return true
  }
  return {
    store: createStore(async (request) => ownCopy(answer(request))),
    serve: (port) => serveStore(answer, port),
    sweep,
    statistics: entries.statistics,
    clear() {
      entries.clear()
      stopSweeping()
    },
  }
}

/** Bytes by key, bounded: the least recently used go first. */
function createEntries(maxBytes: number, now: () => number) {
  /** The least recently used first. */
  const entries = new Map<string, Entry>()
  let bytes = 0
  let evictions = 0
  const keep = (key: string, entry: Entry): void => {
    entries.set(key, entry)
    bytes += entry.bytes
  }
  const take = (key: string): Entry | undefined => {
    const entry = entries.get(key)
    if (entry === undefined) return undefined
    entries.delete(key)
    bytes -= entry.bytes
    return entry.endsAtMs > now() ? entry : undefined
  }
  return {
    use(key: string): Uint8Array | undefined {
      const entry = take(key)
      if (entry !== undefined) keep(key, entry)
      return entry?.value
    },
    put(key: string, value: Uint8Array, ttlMs: number): void {
      const size = value.byteLength + 2 * key.length + ENTRY_BYTES
      if (size > maxBytes) throw new RangeError(`a value of ${size} bytes is too large for a store of ${maxBytes}`)
      take(key)
      keep(key, { value, bytes: size, endsAtMs: now() + ttlMs })
      for (const oldest of entries.keys()) {
        if (bytes <= maxBytes) break
        if (take(oldest) !== undefined) evictions++
      }
    },
    remove: (key: string): boolean => take(key) !== undefined,
    removeEnded(): void {
      const nowMs = now()
      for (const [key, { endsAtMs }] of entries) if (endsAtMs <= nowMs) take(key)
    },
    statistics: (): StoreStatistics => ({ entries: entries.size, bytes, evictions }),
    clear(): void {
      entries.clear()
      bytes = 0
    },
  }
}

/** Views in a value that is read lie over its bytes: whoever writes to them must not write to what is kept. */
function ownCopy(answer: StoreAnswer): StoreAnswer {
  return answer instanceof Uint8Array ? new Uint8Array(answer) : answer
}
