import {
  type CounterSlots,
  countOf,
  hasEnded,
  isOfTurn,
  isOver,
  NEVER,
  SLOT_STATE,
  STATE_MASK,
  UNSET,
} from './counter-slots.ts'
import { type HashSeed, hashKey } from './key-hash.ts'

/** A key's place is in one of two groups of this many slots. */
const GROUP = 16

/** In how many slots a key may be. */
export const PLACES = 2 * GROUP

/** The slot of a key that is nowhere. */
export const NOWHERE = -1

/**
 * Where keys are in a counter table. A key is put somewhere in two steps, so that two threads do not put it in two
 * places (after Purcell and Harris, "Non-blocking hashtables with open addressing"): it claims a slot, then looks
 * through all slots where it may be, and only when it is alone, or the first of several claims, that slot becomes live.
 * Whoever comes across a claim of its own key finishes it, so that nobody waits for a thread that ended.
 *
 * Of two threads that put the same key, the one that claims later sees the other's claim, and of two claims only the
 * first in the order of search can become live; so a key is live in one slot at most.
 */
export class CounterPlaces {
  readonly #slots: CounterSlots
  readonly #now: () => number
  readonly #seed: HashSeed
  readonly #hash = new Int32Array(2)
  #low = 0
  #high = 0
  #firstGroup = 0
  #secondGroup = 0
  #start = 0

  constructor(slots: CounterSlots, seed: HashSeed, now: () => number) {
    this.#slots = slots
    this.#seed = seed
    this.#now = now
  }

  /** Makes the following functions look for this key. */
  aim(key: string): void {
    hashKey(key, this.#seed, this.#hash)
    const [low = 0, high = 0] = this.#hash
    const groups = this.#slots.count / GROUP
    this.#low = low >>> 16
    this.#high = high
    this.#firstGroup = low & (groups - 1)
    this.#start = (high >>> 4) & (GROUP - 1)
    // Keys of the same tag share a group only if the rest of their hashes is the same too, or by chance.
    this.#secondGroup = this.#firstGroup ^ ((high >>> 8) & (groups - 1) || 1)
  }

  /** The key stays where it is and begins its next turn. */
  restart(slot: number, word: number): undefined {
    if (!this.#slots.endTurn(slot, word)) return
    this.#slots.beginTurn(slot, word, this.#high, { low: this.#low, high: this.#high, state: SLOT_STATE.live })
  }

  /** The slots where the key may be, in the order in which all threads look. */
  #slotAt(index: number): number {
    const group = index < GROUP ? this.#firstGroup : this.#secondGroup
    return group * GROUP + ((this.#start + index) & (GROUP - 1))
  }

  isLive(slot: number, word: number): boolean {
    return (word & STATE_MASK) === SLOT_STATE.live && this.#isOurs(slot, word)
  }

  #isOurs(slot: number, word: number): boolean {
    return word >>> 16 === this.#low && this.#slots.tag(slot) === this.#high
  }

  /**
   * The slot where the key seems to be live. A slot that was never used ends the search: a claim would have taken it. It
   * need not be exact: whoever uses the slot looks at it again, and before the key is put anywhere all are.
   */
  find(): number {
    for (let index = 0; index < PLACES; index++) {
      const slot = this.#slotAt(index)
      const word = this.#slots.glanceKey(slot)
      if (
        word >>> 16 === this.#low &&
        (word & STATE_MASK) === SLOT_STATE.live &&
        this.#slots.glanceTag(slot) === this.#high
      ) {
        return slot
      }
      if (word === 0) return NOWHERE
    }
    return NOWHERE
  }

  /** One step towards a live slot for the key: finishes the first claim of it, or makes one. */
  put(): undefined {
    for (let index = 0; index < PLACES; index++) {
      const slot = this.#slotAt(index)
      const word = this.#slots.key(slot)
      if (word === 0) break
      if (!this.#isOurs(slot, word)) continue
      const state = word & STATE_MASK
      if (state === SLOT_STATE.live) return
      if (state === SLOT_STATE.claimed) return this.#confirm(index, word)
    }
    const now = this.#now()
    if (!this.#claimFree(now) && !this.#claimSoonestEnding()) this.#claimAbandoned()
  }

  /** Makes a claim live if it is the first, and no slot is live already. */
  #confirm(claim: number, claimWord: number): undefined {
    const slots = this.#slots
    const claimed = this.#slotAt(claim)
    for (let index = 0; index < PLACES; index++) {
      const slot = this.#slotAt(index)
      const word = slots.key(slot)
      if (word === 0) break
      if (index === claim || !this.#isOurs(slot, word)) continue
      const state = word & STATE_MASK
      if (state === SLOT_STATE.live) {
        slots.changeState(claimed, claimWord, this.#high, SLOT_STATE.dropped)
        return
      }
      if (state !== SLOT_STATE.claimed) continue
      if (index < claim || !slots.changeState(slot, word, this.#high, SLOT_STATE.dropped)) return
    }
    slots.changeState(claimed, claimWord, this.#high, SLOT_STATE.live)
  }

  /** Claims the first slot that nobody needs; true also when another thread was faster. */
  #claimFree(now: number): boolean {
    const slots = this.#slots
    for (let index = 0; index < PLACES; index++) {
      const slot = this.#slotAt(index)
      const word = slots.glanceKey(slot)
      const state = word & STATE_MASK
      if (state === SLOT_STATE.claimed) continue
      if (state === SLOT_STATE.live) {
        const seemsFree = hasEnded(slots.glanceEnd(slot, word), now) || slots.glanceOver(slot)
        if (!seemsFree || !this.#isFinished(slot, word, now)) continue
        if (!slots.endTurn(slot, word)) return true
      }
      this.#claim(slot, word)
      return true
    }
    return false
  }

  #isFinished(slot: number, word: number, now: number): boolean {
    const end = this.#slots.end(slot, word)
    if (end === UNSET) return false
    if (hasEnded(end, now)) return true
    const value = this.#slots.value(slot)
    return isOfTurn(value, word) && isOver(countOf(value))
  }

  /** Ends the counter that has the least time left, to take its slot; false when none ever ends. */
  #claimSoonestEnding(): boolean {
    const slots = this.#slots
    let soonest = NOWHERE
    let soonestWord = 0
    let soonestEnd = Number.POSITIVE_INFINITY
    for (let index = 0; index < PLACES; index++) {
      const slot = this.#slotAt(index)
      const word = slots.glanceKey(slot)
      if ((word & STATE_MASK) !== SLOT_STATE.live) continue
      const end = slots.glanceEnd(slot, word)
      if (end === UNSET || end === NEVER || end >= soonestEnd) continue
      soonest = slot
      soonestWord = word
      soonestEnd = end
    }
    if (soonest === NOWHERE) return false
    // The glances may have been of different moments.
    if (slots.end(soonest, soonestWord) !== soonestEnd || !slots.endTurn(soonest, soonestWord, true)) return true
    this.#claim(soonest, soonestWord)
    return true
  }

  /** Claims what another thread may have left half-way when it ended: the last resort, for it may be at work still. */
  #claimAbandoned(): void {
    const slots = this.#slots
    for (let index = 0; index < PLACES; index++) {
      const slot = this.#slotAt(index)
      const word = slots.key(slot)
      const claimed = (word & STATE_MASK) === SLOT_STATE.claimed
      const unborn = !claimed && !isOfTurn(slots.value(slot), word)
      if (!claimed && !unborn) continue
      if (claimed || slots.endTurn(slot, word)) this.#claim(slot, word)
      return
    }
    throw new Error(
      `no place for another counter among ${slots.count}: those there never end. Give counters a ttlMs, delete those that are done with, or make the table larger`,
    )
  }

  #claim(slot: number, word: number): void {
    const tag = this.#slots.tag(slot)
    this.#slots.beginTurn(slot, word, tag, { low: this.#low, high: this.#high, state: SLOT_STATE.claimed })
  }
}
