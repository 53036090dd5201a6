import { randomInt } from 'node:crypto'
import { type HashSeed, hashKey } from '../shared/key-hash.ts'
import { createBucket, type Pace, type TakeToken } from './gcra.ts'
import { CLAIMED, FIRST_SLOT, keyOf, LimitSlots, limitSlotBytes, OVERFLOW_WORD, TURN } from './limit-slots.ts'

/** A client's bucket is in one of two groups of this many slots: a cache line each. */
const GROUP = 8
/** In how many slots a client's bucket may be. */
const PLACES = 2 * GROUP
const NOWHERE = -1

/** By how much the clocks of two threads may differ at most, and more. */
const SKEW_MS = 10
/** A claim that is older was left by a thread that ended. */
const CLAIM_MS = 1000
/** How often a place is looked for when other threads are always faster. */
const ATTEMPTS = 64
const TOLD_EVERY_SECONDS = 60

/** No token was taken and none was refused: the slot has changed meanwhile. */
const GONE = Number.NaN

/** Bytes of the cell of a table that has room for so many clients at least. */
export function limitTableBytes(clients: number): number {
  return limitSlotBytes(2 ** Math.ceil(Math.log2(2 * Math.max(GROUP, clients))))
}

/**
 * A token bucket for each client, in memory that all threads share; every operation takes effect at once and exactly,
 * for all threads. A bucket that is full again is the same as none, so its slot is free: nothing has to be cleaned up,
 * and no bucket is given up as long as it counts. Clients that find no free slot share one bucket.
 *
 * Two threads that see the same client first do not put it in two places (after Purcell and Harris, "Non-blocking
 * hashtables with open addressing"): each claims a slot, looks through all where the client may be, and only the first
 * of several claims becomes live. Whoever comes across a claim for its client finishes it.
 */
export class LimitTable {
  readonly #slots: LimitSlots
  readonly #pace: Pace
  readonly #now: () => number
  /** More than this cannot be missing in a bucket: its moment is one of a former turn. */
  readonly #mostUsed: number
  readonly #claimUnits: number
  readonly #overflow: TakeToken
  readonly #onOverflow: () => void
  readonly #seed: HashSeed
  readonly #hash = new Int32Array(2)
  #key = 0
  #firstGroup = 0
  #secondGroup = 0

  /**
   * @param now milliseconds of a clock that is the same in all threads
   * @param onOverflow is told once a minute, in one thread, that clients find no free slot
   */
  constructor(cell: SharedArrayBuffer, pace: Pace, now: () => number, onOverflow: () => void) {
    this.#slots = new LimitSlots(cell)
    this.#pace = pace
    this.#now = now
    this.#mostUsed = pace.full + pace.token + Math.ceil(SKEW_MS * pace.unitsPerMs)
    this.#claimUnits = Math.ceil(CLAIM_MS * pace.unitsPerMs)
    this.#overflow = createBucket(cell, OVERFLOW_WORD, pace, now)
    this.#onOverflow = onOverflow
    this.#seed = this.#slots.seed(() => randomInt(2 ** 32))
  }

  /**
   * Takes a token of a client's bucket.
   * @returns how many are left; below 0 there was none, and that part of one is still missing
   */
  take(client: string): number {
    this.#aim(client)
    for (let attempt = 0; attempt < ATTEMPTS; ) {
      const word = this.#find()
      if (word !== NOWHERE) {
        const left = this.#takeAt(word)
        if (!Number.isNaN(left)) return left
      } else if (this.#put()) attempt++
      else break
    }
    if (this.#slots.isTime(Math.floor(this.#now() / 1000), TOLD_EVERY_SECONDS)) this.#onOverflow()
    return this.#overflow()
  }

  /** Makes the following functions look for this client. */
  #aim(client: string): void {
    hashKey(client, this.#seed, this.#hash)
    const [low = 0, high = 0] = this.#hash
    const mask = this.#slots.count / GROUP - 1
    const second = (Math.imul(low, 0x9e3779b1) >>> 7) & mask
    this.#key = keyOf(high)
    this.#firstGroup = low & mask
    this.#secondGroup = second === this.#firstGroup ? second ^ 1 : second
  }

  /** The word of a place, in the order in which all threads look. */
  #wordAt(place: number): number {
    return FIRST_SLOT + (place < GROUP ? this.#firstGroup : this.#secondGroup - 1) * GROUP + place
  }

  /** Where the client seems to be; whoever uses the slot looks again. */
  #find(): number {
    for (let place = 0; place < PLACES; place++) {
      const word = this.#wordAt(place)
      if (this.#slots.glanceKey(word) === this.#key) return word
    }
    return NOWHERE
  }

  #takeAt(word: number): number {
    const read = this.#slots.load(word)
    if (this.#slots.key !== this.#key) return GONE
    const current = this.#current() // read after the word, so that it is the later of both
    const used = this.#usedOf(this.#slots.moment, current)
    const { full, token } = this.#pace
    const left = full - used - token
    if (left < 0 || this.#slots.exchange(word, read, this.#key, current + used + token)) return left / token
    return GONE
  }

  /** One step towards a slot for the client: finishes a claim, or makes one. False when there is no room. */
  #put(): boolean {
    for (let place = 0; place < PLACES; place++) {
      const word = this.#wordAt(place)
      if (this.#slots.glanceKey(word) !== (this.#key | CLAIMED)) continue
      this.#confirm(place, word)
      return true
    }
    return this.#claim()
  }

  /** Makes a claim live if it is the first, and the client is not elsewhere already. */
  #confirm(place: number, word: number): void {
    const slots = this.#slots
    const claim = slots.load(word)
    if (slots.key !== (this.#key | CLAIMED)) return
    for (let other = 0; other < PLACES; other++) {
      if (other === place) continue
      const otherWord = this.#wordAt(other)
      const read = slots.load(otherWord)
      const { key } = slots
      if (key === this.#key) {
        slots.clear(word, claim)
        return
      }
      if (key === (this.#key | CLAIMED) && (other < place || !slots.clear(otherWord, read))) return
    }
    slots.confirm(word, claim)
  }

  /** Claims a free slot in the group that has more of them; true also when another thread was faster. */
  #claim(): boolean {
    let first = NOWHERE
    let second = NOWHERE
    let balance = 0
    const current = this.#current()
    for (let place = PLACES - 1; place >= 0; place--) {
      const word = this.#wordAt(place)
      this.#slots.glance(word)
      if (!this.#isFree(current)) continue
      if (place < GROUP) {
        first = word
        balance++
      } else {
        second = word
        balance--
      }
    }
    const word = balance < 0 || first === NOWHERE ? second : first
    if (word === NOWHERE) return false
    // Looked at again, and at the time again: this thread may have stood still, and the slot be in use since.
    const read = this.#slots.load(word)
    const later = this.#current()
    if (this.#isFree(later)) this.#slots.exchange(word, read, this.#key | CLAIMED, later)
    return true
  }

  /** Whether nobody needs the slot that has just been read. */
  #isFree(current: number): boolean {
    const { key, moment } = this.#slots
    if (key === 0) return true
    if ((key & CLAIMED) === 0) return this.#usedOf(moment, current) === 0
    const age = since(moment, current)
    return age > this.#claimUnits && age < TURN / 2 // beyond that it is ahead of this thread's clock
  }

  /** What is missing in a bucket that is full at that moment. */
  #usedOf(moment: number, current: number): number {
    const used = since(current, moment)
    return used > this.#mostUsed ? 0 : used
  }

  /** Now, in units, without whole turns. */
  #current(): number {
    const units = Math.floor(this.#now() * this.#pace.unitsPerMs)
    return units - Math.floor(units / TURN) * TURN
  }
}

/** Units from one moment to the next time that the other comes. */
function since(earlier: number, later: number): number {
  const units = later - earlier
  return units < 0 ? units + TURN : units
}
