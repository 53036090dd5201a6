/**
 * The memory of a counter table: slots of three 64-bit words, each changed by compare-and-exchange alone.
 *
 * | word | bits | content |
 * |---|---|---|
 * | key | 48 tag, 14 turn, 2 state | whose slot it is; the turn grows each time the slot begins anew |
 * | window | 50 end, 14 turn | when that turn ends, in 1/64 ms; 0: never |
 * | value | 54 count, 10 turn | what was counted in that turn |
 *
 * A window or value of another turn than the key's counts as not yet written. So a thread that stood still in the
 * middle of a change, and then finds the slot to be in a later turn, fails at its exchange and begins again. (Turns
 * repeat: only if it slept through a multiple of 1,024 turns of one slot and found the same count would it not notice.)
 */

/** What a slot's key word says. A slot that was once used is never empty again. */
export const SLOT_STATE = {
  empty: 0,
  /** A key has been put here, and its thread looks whether the same key is elsewhere too. */
  claimed: 1,
  /** The one place of that key. */
  live: 2,
  /** A claim that was withdrawn, for the key is elsewhere. */
  dropped: 3,
} as const

export const STATE_BITS = 2
export const STATE_MASK = 3

const TURN_MASK = 0x3fff
const VALUE_TURN_BITS = 10
const VALUE_TURN_MASK = 1023
const HEADER_BYTES = 64
/** The fourth word is unused: so no slot lies in two cache lines. */
const SLOT_BYTES = 32
const HALVES = SLOT_BYTES / Int32Array.BYTES_PER_ELEMENT
const WORDS = SLOT_BYTES / BigInt64Array.BYTES_PER_ELEMENT
const FIRST_HALF = HEADER_BYTES / Int32Array.BYTES_PER_ELEMENT
const FIRST_WORD = HEADER_BYTES / BigInt64Array.BYTES_PER_ELEMENT
const EVICTIONS_WORD = 1

/** Splits and joins 64-bit words: half the cost of doing it by arithmetic. */
const JOINED = new BigInt64Array(1)
const HALF = new Int32Array(JOINED.buffer)

/** Where the lower and the upper half of a 64-bit word lie, in the byte order of this machine. */
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1
const HIGH = 1 - LOW

/** The count that says that this turn is over: outside of the safe integers. */
const OVER = -(2 ** 53)
/** One step of the upper half of a value, as a count. */
const VALUE_UPPER = 2 ** (32 - VALUE_TURN_BITS)

/** Steps of the clock in a millisecond. */
const TICKS = 64
const UPPER = 2 ** 32
const MAX_END = 2 ** 50 - 1

/** The window of this turn has not been written yet. */
export const UNSET = -1
/** The turn does not end by time. */
export const NEVER = 0

/** Bytes of the cell for that many slots. */
export function slotBytes(slots: number): number {
  return HEADER_BYTES + slots * SLOT_BYTES
}

/** The turn in the lower half of a key word. */
export function turnOf(key: number): number {
  return (key >>> STATE_BITS) & TURN_MASK
}

/**
 * A time of the clock (ms) as a window's end, never earlier than asked for and never `NEVER`.
 * @throws RangeError for a time that is later than the word can hold, some 557 years.
 */
export function windowEnd(ms: number): number {
  const end = Math.max(1, Math.ceil(ms * TICKS))
  if (end > MAX_END) throw new RangeError(`a counter cannot end at ${ms} ms of the clock: too late`)
  return end
}

/**
 * How long a window of that end goes on, in whole ms: 0 when it has passed, Infinity when it never does. No more than was
 * asked for, although `windowEnd` rounds up: a minute told in seconds is 60, not 61.
 */
export function timeLeft(end: number, nowMs: number): number {
  return end === NEVER ? Number.POSITIVE_INFINITY : Math.max(0, Math.ceil((end - 1) / TICKS - nowMs))
}

/** Whether a window of that end has passed. */
export function hasEnded(end: number, nowMs: number): boolean {
  return end > NEVER && nowMs * TICKS >= end
}

/** The slots in a cell, one step of the protocol a function. A key word is named by its lower half, the tag by its upper. */
export class CounterSlots {
  readonly count: number
  readonly #halves: Int32Array
  readonly #words: BigInt64Array

  constructor(cell: SharedArrayBuffer) {
    this.#halves = new Int32Array(cell)
    this.#words = new BigInt64Array(cell)
    this.count = (cell.byteLength - HEADER_BYTES) / SLOT_BYTES
  }

  /** The table's seed, chosen by whichever thread comes first. */
  seed(random: () => number): { readonly first: number; readonly second: number } {
    const choose = (index: number): number => {
      Atomics.compareExchange(this.#halves, index, 0, random() | 1)
      return Atomics.load(this.#halves, index)
    }
    return { first: choose(0), second: choose(1) }
  }

  evictions(): number {
    return Number(Atomics.load(this.#words, EVICTIONS_WORD))
  }

  /** The lower half of the key word: 16 bits of the tag, turn, state. */
  key(slot: number): number {
    return Atomics.load(this.#halves, FIRST_HALF + slot * HALVES + LOW)
  }

  /** The upper half of the key word: 32 bits of the tag. */
  tag(slot: number): number {
    return Atomics.load(this.#halves, FIRST_HALF + slot * HALVES + HIGH)
  }

  /** As `key`, at a sixth of its cost, but perhaps out of date: to choose where to look more closely. */
  glanceKey(slot: number): number {
    return this.#halves[FIRST_HALF + slot * HALVES + LOW] ?? 0
  }

  /** As `tag`, perhaps out of date. */
  glanceTag(slot: number): number {
    return this.#halves[FIRST_HALF + slot * HALVES + HIGH] ?? 0
  }

  /** As `end`, perhaps out of date. */
  glanceEnd(slot: number, key: number): number {
    const at = FIRST_HALF + slot * HALVES + 2
    const high = this.#halves[at + HIGH] ?? 0
    if ((high & TURN_MASK) !== turnOf(key)) return UNSET
    return (high >>> 14) * UPPER + ((this.#halves[at + LOW] ?? 0) >>> 0)
  }

  /** Whether the turn may have been ended by `endTurn`, perhaps out of date. */
  glanceOver(slot: number): boolean {
    return this.#halves[FIRST_HALF + slot * HALVES + 4 + HIGH] === -(2 ** 31)
  }

  /** Changes the state, and nothing else. */
  changeState(slot: number, key: number, tag: number, state: number): boolean {
    return this.#moveKey(slot, key, tag, (key & ~STATE_MASK) | state, tag)
  }

  /** Begins the slot's next turn, for the key of these tags. The turn before must be over. */
  beginTurn(slot: number, key: number, tag: number, next: { low: number; high: number; state: number }): boolean {
    const turn = (turnOf(key) % TURN_MASK) + 1
    return this.#moveKey(slot, key, tag, (next.low << 16) | (turn << STATE_BITS) | next.state, next.high)
  }

  #moveKey(slot: number, key: number, tag: number, nextKey: number, nextTag: number): boolean {
    const known = joinHalves(tag, key)
    return (
      Atomics.compareExchange(this.#words, FIRST_WORD + slot * WORDS, known, joinHalves(nextTag, nextKey)) === known
    )
  }

  /**
   * When the turn of that key word ends, or `UNSET`. The two halves may be of different turns if the slot moved on
   * meanwhile; whoever acts on it does so by an exchange that then fails.
   */
  end(slot: number, key: number): number {
    const at = FIRST_HALF + slot * HALVES + 2
    const high = Atomics.load(this.#halves, at + HIGH)
    if ((high & TURN_MASK) !== turnOf(key)) return UNSET
    return (high >>> 14) * UPPER + (Atomics.load(this.#halves, at + LOW) >>> 0)
  }

  /** Writes the end of the turn, if no other thread was faster. */
  setEnd(slot: number, key: number, end: number): void {
    const at = FIRST_WORD + slot * WORDS + 1
    const known = Atomics.load(this.#words, at)
    // Read in this order, the window is this turn's or an earlier one's: a later one would show in the key.
    if (this.key(slot) !== key || windowTurn(known) === turnOf(key)) return
    const high = (Math.floor(end / UPPER) << 14) | turnOf(key)
    Atomics.compareExchange(this.#words, at, known, joinHalves(high, (end % UPPER) | 0))
  }

  value(slot: number): bigint {
    return Atomics.load(this.#words, FIRST_WORD + slot * WORDS + 2)
  }

  /** Replaces a value by the count of the turn of that key word. */
  setValue(slot: number, key: number, known: bigint, count: number): boolean {
    const low = (count << VALUE_TURN_BITS) | (turnOf(key) & VALUE_TURN_MASK)
    const next = joinHalves(Math.floor(count / VALUE_UPPER), low)
    return Atomics.compareExchange(this.#words, FIRST_WORD + slot * WORDS + 2, known, next) === known
  }

  /**
   * Ends the turn of that key word: nothing can be counted in it any more. With `evicts`, a count that is lost so counts
   * as an eviction.
   * @returns whether it is over now; otherwise somebody counted in between, or the slot has moved on.
   */
  endTurn(slot: number, key: number, evicts = false): boolean {
    const known = this.value(slot)
    const inTurn = isOfTurn(known, key)
    if (inTurn && isOver(countOf(known))) return true
    if (!inTurn && this.key(slot) !== key) return false
    if (!this.setValue(slot, key, known, OVER)) return false
    if (evicts && inTurn) Atomics.add(this.#words, EVICTIONS_WORD, 1n)
    return true
  }
}

/** Whether a value is of the turn of that key word. */
export function isOfTurn(value: bigint, key: number): boolean {
  JOINED[0] = value
  return ((HALF[LOW] ?? 0) & VALUE_TURN_MASK) === (turnOf(key) & VALUE_TURN_MASK)
}

/** The count in a value. */
export function countOf(value: bigint): number {
  JOINED[0] = value
  return (HALF[HIGH] ?? 0) * VALUE_UPPER + ((HALF[LOW] ?? 0) >>> VALUE_TURN_BITS)
}

/** Whether that count says that its turn is over. */
export function isOver(count: number): boolean {
  return count === OVER
}

function windowTurn(window: bigint): number {
  JOINED[0] = window
  return (HALF[HIGH] ?? 0) & TURN_MASK
}

function joinHalves(high: number, low: number): bigint {
  HALF[HIGH] = high
  HALF[LOW] = low
  return JOINED[0] ?? 0n
}
