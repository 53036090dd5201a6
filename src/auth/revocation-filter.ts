/** How many elements were added, and to how much room. */
export interface FilterCount {
  /** Elements of the two filters that are looked at now. */
  readonly previous: number
  readonly current: number
}

/** A Bloom filter whose elements are forgotten after a time, in memory that all threads share. */
export interface RevocationFilter {
  add(places: readonly number[], now: number): void
  has(places: readonly number[], now: number): boolean
  count(now: number): FilterCount
}

// The cell: words (epoch, elements per filter), moments (from byte 32), the three filters.
const EPOCH = 0
const COUNTS = 1
const FILTERS = 3
const MOMENTS_AT = 32
const STARTED_AT = 0
const LOCKED_UNTIL = 1
const BITS_AT = 64

/** After this another thread clears the filters: the one that had begun has died. */
const LOCK_MS = 5_000

/** The size of the cell, in bytes. */
export function filterBytes(bits: number): number {
  return BITS_AT + FILTERS * wordsFor(bits) * 4
}

/**
 * Lays the filter over a cell. There are three: adding writes to *current* and *next*, looking reads *previous* and
 * *current*, and after each `ttlMs` they move up by one; so an element stays for two to three times as long.
 * @param now milliseconds since 1970, as everywhere here
 */
export function layFilter(memory: SharedArrayBuffer, bits: number, ttlMs: number, now: number): RevocationFilter {
  const words = new Int32Array(memory, 0, MOMENTS_AT / 4)
  const moments = new BigInt64Array(memory, MOMENTS_AT, (BITS_AT - MOMENTS_AT) / 8)
  const length = wordsFor(bits)
  const filters = Array.from({ length: FILTERS }, (_, i) => new Int32Array(memory, BITS_AT + i * length * 4, length))
  Atomics.compareExchange(moments, STARTED_AT, 0n, BigInt(Math.trunc(now)))
  const startedAt = Number(Atomics.load(moments, STARTED_AT))
  let moveAt = 0

  /** The epoch that is in force: of the three filters number `epoch % 3` is the current one. */
  function epochAt(moment: number): number {
    if (moment >= moveAt) move(moment)
    return Atomics.load(words, EPOCH)
  }

  function move(moment: number): void {
    const due = Math.floor((moment - startedAt) / ttlMs)
    const locked = Atomics.load(moments, LOCKED_UNTIL)
    const epoch = Atomics.load(words, EPOCH)
    if (due > epoch && Number(locked) <= moment) {
      const until = BigInt(Math.trunc(moment) + LOCK_MS)
      if (Atomics.compareExchange(moments, LOCKED_UNTIL, locked, until) === locked) {
        // Cleared before the epoch counts: who adds in the epoch before writes to the other two.
        for (let next = Math.max(epoch + 1, due - FILTERS + 1); next <= due; next++) {
          const cleared = (next + 1) % FILTERS
          filters[cleared]?.fill(0)
          Atomics.store(words, COUNTS + cleared, 0)
          Atomics.store(words, EPOCH, next)
        }
        Atomics.compareExchange(moments, LOCKED_UNTIL, until, 0n)
      }
    }
    if (Atomics.load(words, EPOCH) >= due) moveAt = startedAt + (due + 1) * ttlMs
  }

  return {
    add(places, moment) {
      const epoch = epochAt(moment)
      for (const index of [epoch % FILTERS, (epoch + 1) % FILTERS]) {
        const filter = filters[index] as Int32Array
        for (const place of places) Atomics.or(filter, Math.floor(place / 32), 1 << (place % 32))
        Atomics.add(words, COUNTS + index, 1)
      }
    },
    has(places, moment) {
      const current = epochAt(moment) % FILTERS
      const previous = (current + 2) % FILTERS
      return (
        (Atomics.load(words, COUNTS + current) > 0 && holds(filters[current] as Int32Array, places)) ||
        (Atomics.load(words, COUNTS + previous) > 0 && holds(filters[previous] as Int32Array, places))
      )
    },
    count(moment) {
      const current = epochAt(moment) % FILTERS
      const previous = (current + 2) % FILTERS
      return { previous: Atomics.load(words, COUNTS + previous), current: Atomics.load(words, COUNTS + current) }
    },
  }
}

function wordsFor(bits: number): number {
  return Math.ceil(bits / 32)
}

function holds(filter: Int32Array, places: readonly number[]): boolean {
  for (const place of places) {
    if ((Atomics.load(filter, Math.floor(place / 32)) & (1 << (place % 32))) === 0) return false
  }
  return true
}
