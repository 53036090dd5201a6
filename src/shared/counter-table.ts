import { randomInt } from 'node:crypto'
import type { Cells } from './cells.ts'
import { CounterPlaces, NOWHERE, PLACES } from './counter-places.ts'
import {
  CounterSlots,
  countOf,
  hasEnded,
  isOfTurn,
  isOver,
  NEVER,
  slotBytes,
  timeLeft,
  UNSET,
  windowEnd,
} from './counter-slots.ts'
import { createSharedClock } from './shared-clock.ts'

export interface CounterTableOptions {
  /** Milliseconds of a clock that does not go backwards and is the same in all threads. */
  readonly now?: () => number
}

export interface IncrementOptions {
  /**
   * After how many milliseconds the count starts anew, measured from the increment that began it; at most ten years. It
   * holds until then, whatever later increments say. Without it the count never ends.
   */
  readonly ttlMs?: number
}

/** What a counter stands at, and for how long. */
export interface CountAndTime {
  readonly value: number
  /** Whole milliseconds until the count starts anew; Infinity: never. */
  readonly endsInMs: number
}

/**
 * How many counters a table holds when nobody says otherwise. Memory that is not used yet costs nothing. Up to half of
 * it is used before a counter may have to make room for another.
 */
export const DEFAULT_COUNTERS = 65_536

const MAX_TTL_MS = 10 * 365 * 24 * 3_600_000

/** Bytes of a table's cell. */
export function counterTableBytes(capacity: number): number {
  if (!Number.isInteger(Math.log2(capacity)) || capacity < PLACES) {
    throw new RangeError(`a counter table holds a power of two of counters, at least ${PLACES}: not ${capacity}`)
  }
  return slotBytes(capacity)
}

/** Opens the table of that name, the same for all threads. */
export async function openCounterTable(
  cells: Cells,
  name: string,
  { capacity = DEFAULT_COUNTERS, ...options }: CounterTableOptions & { readonly capacity?: number } = {},
): Promise<CounterTable> {
  return new CounterTable(await cells.open(name, counterTableBytes(capacity)), options)
}

/**
 * Counters by text key in memory that all threads share. Every operation takes effect at once and exactly, for all
 * threads; none of them waits for another, so a thread may end in the middle of one. A key is known by a keyed hash (60
 * bits at the default capacity): in one of some hundred million full tables two keys share a count.
 */
export class CounterTable {
  readonly #slots: CounterSlots
  readonly #now: () => number
  readonly #places: CounterPlaces
  /** The end of the turn in which `increment` counted last. */
  #end = NEVER

  constructor(cell: SharedArrayBuffer, { now = createSharedClock() }: CounterTableOptions = {}) {
    this.#slots = new CounterSlots(cell)
    this.#now = now
    this.#places = new CounterPlaces(
      this.#slots,
      this.#slots.seed(() => randomInt(2 ** 32)),
      now,
    )
  }

  /** How many counters had to go before their time, for the table was full where a new key belonged. */
  get evictions(): number {
    return this.#slots.evictions()
  }

  /**
   * Adds to a counter, which begins at 0, and returns its new value.
   * @throws RangeError for a value outside of the safe integers or a `ttlMs` outside of its range.
   * @throws Error when a new key finds no place, for none of the counters there ever ends.
   */
  increment(key: string, by = 1, options?: IncrementOptions): number {
    if (!Number.isSafeInteger(by)) throw new RangeError(`a counter moves by a safe integer: not ${by}`)
    const ttlMs = timeOf(options)
    this.#places.aim(key)
    for (;;) {
      const slot = this.#places.find()
      const value = slot === NOWHERE ? this.#places.put() : this.#add(slot, by, ttlMs)
      if (value !== undefined) return value
    }
  }

  /** As `increment`, and says when the count ends. The two belong together: in no other window was that value reached. */
  hit(key: string, by?: number, options?: IncrementOptions): CountAndTime {
    const value = this.increment(key, by, options)
    return { value, endsInMs: timeLeft(this.#end, this.#now()) }
  }

  /**
   * Makes a counter stand at a value, and end after `ttlMs` from now, or never. Of several that set it at once one is the
   * last; what is counted later goes on from its value. A counter that keeps its end is changed in one step; else, for an
   * instant, other threads may find none there.
   * @throws RangeError and Error as `increment`
   */
  set(key: string, value: number, options?: IncrementOptions): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`a counter stands at a safe integer: not ${value}`)
    const ttlMs = timeOf(options)
    const end = ttlMs === undefined ? NEVER : windowEnd(this.#now() + ttlMs)
    this.#places.aim(key)
    for (;;) {
      const slot = this.#places.find()
      if (slot === NOWHERE) this.#places.put()
      else if (this.#put(slot, value, end)) return
    }
  }

  /** The counter's value; 0 when there is none, or its time is over. */
  read(key: string): number {
    this.#places.aim(key)
    const slot = this.#places.find()
    if (slot === NOWHERE) return 0
    const word = this.#slots.key(slot)
    return this.#places.isLive(slot, word) ? (this.#current(slot, word) ?? 0) : 0
  }

  /** Removes the counter; false when there was none. */
  delete(key: string): boolean {
    this.#places.aim(key)
    for (;;) {
      const slot = this.#places.find()
      if (slot === NOWHERE) return false
      const word = this.#slots.key(slot)
      if (!this.#places.isLive(slot, word)) continue
      if (this.#current(slot, word) === undefined) return false
      if (this.#slots.endTurn(slot, word)) return true
    }
  }

  /** What was counted in the turn of that key word, unless nothing was, or it is over. */
  #current(slot: number, word: number): number | undefined {
    const end = this.#slots.end(slot, word)
    if (end === UNSET || (end !== NEVER && hasEnded(end, this.#now()))) return undefined
    const value = this.#slots.value(slot)
    if (!isOfTurn(value, word)) return undefined
    const count = countOf(value)
    return isOver(count) ? undefined : count
  }

  /** The new value, or `undefined` when another thread was faster and the key has to be looked for again. */
  #add(slot: number, by: number, ttlMs: number | undefined): number | undefined {
    const slots = this.#slots
    const word = slots.key(slot)
    if (!this.#places.isLive(slot, word)) return undefined
    const end = slots.end(slot, word)
    if (end === UNSET) {
      slots.setEnd(slot, word, ttlMs === undefined ? NEVER : windowEnd(this.#now() + ttlMs))
      return undefined
    }
    if (end !== NEVER && hasEnded(end, this.#now())) return this.#places.restart(slot, word)
    const known = slots.value(slot)
    this.#end = end
    if (!isOfTurn(known, word)) {
      // The first count of this turn, unless the value is already of a later turn: that would show in the key.
      return slots.key(slot) === word && slots.setValue(slot, word, known, by) ? by : undefined
    }
    const count = countOf(known)
    if (isOver(count)) return this.#places.restart(slot, word)
    const next = count + by
    if (!Number.isSafeInteger(next)) throw new RangeError(`the counter stands at ${count} and cannot move by ${by}`)
    return slots.setValue(slot, word, known, next) ? next : undefined
  }

  /** Whether the counter was set; else the key has to be looked for again. */
  #put(slot: number, value: number, end: number): boolean {
    const slots = this.#slots
    const word = slots.key(slot)
    if (!this.#places.isLive(slot, word)) return false
    const present = slots.end(slot, word)
    if (present === UNSET) {
      slots.setEnd(slot, word, end)
      return false
    }
    const known = slots.value(slot)
    const counted = isOfTurn(known, word)
    if (present !== end || (counted && isOver(countOf(known)))) {
      this.#places.restart(slot, word) // a turn keeps its end: another one needs a turn of its own
      return false
    }
    if (!counted && slots.key(slot) !== word) return false
    return slots.setValue(slot, word, known, value)
  }
}

/** @throws RangeError for what is no time of a counter */
function timeOf(options: IncrementOptions | undefined): number | undefined {
  const ttlMs = options?.ttlMs
  if (ttlMs === undefined || (ttlMs > 0 && ttlMs <= MAX_TTL_MS)) return ttlMs
  throw new RangeError(`ttlMs is above 0 and at most ${MAX_TTL_MS}: not ${ttlMs}`)
}
