/*
 * The memory of a limit table: a header, and slots of one 64-bit word each, changed by compare-and-exchange alone. Of a
 * slot's word 26 bits say whose it is, one that it is only claimed, and 37 bits when its bucket is full again, in units.
 * That moment is known up to whole turns of 2^37 units, some million times what a bucket takes to fill: whoever comes
 * back after just that long may find a bucket that is less than full.
 */
const WORD_BYTES = 8
const HEADER_BYTES = 64

/** Where the first slot is, in words. */
export const FIRST_SLOT = HEADER_BYTES / WORD_BYTES
/** The header's words: the seed, a bucket, and a time. */
export const SEED_WORD = 0
export const OVERFLOW_WORD = 1
export const TOLD_WORD = 2

/** Units until a moment has the same bits again. */
export const TURN = 2 ** 37
/** In a key: the slot is not in use yet. */
export const CLAIMED = 32

const MOMENT_MASK = 31
const KEY_MASK = ~MOMENT_MASK
const TAG_SHIFT = 6
const UPPER = 2 ** 32

/** Where the halves of a 64-bit word lie, in the byte order of this machine. */
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1
const HIGH = 1 - LOW

/** Bytes of the cell for that many slots. */
export function limitSlotBytes(slots: number): number {
  return HEADER_BYTES + slots * WORD_BYTES
}

/** The key of a live slot whose owner has this hash: never 0, so that no slot in use is. */
export function keyOf(hash: number): number {
  return (hash >>> TAG_SHIFT || 1) << TAG_SHIFT
}

/** The words of a cell. What `load` or `glance` has read is in `key` and `moment`. */
export class LimitSlots {
  readonly count: number
  readonly #halves: Int32Array
  readonly #words: BigInt64Array
  readonly #joined = new BigInt64Array(1)
  readonly #half = new Int32Array(this.#joined.buffer)

  constructor(cell: SharedArrayBuffer) {
    this.#halves = new Int32Array(cell)
    this.#words = new BigInt64Array(cell)
    this.count = (cell.byteLength - HEADER_BYTES) / WORD_BYTES
  }

  /** The table's seed, chosen by whichever thread comes first. */
  seed(random: () => number): { readonly first: number; readonly second: number } {
    const choose = (half: number): number => {
      Atomics.compareExchange(this.#halves, half, 0, random() | 1)
      return Atomics.load(this.#halves, half)
    }
    return { first: choose(2 * SEED_WORD), second: choose(2 * SEED_WORD + 1) }
  }

  /** Whether it is that many seconds since this was last true for any thread. */
  isTime(seconds: number, everySeconds: number): boolean {
    const last = Atomics.load(this.#halves, 2 * TOLD_WORD)
    if (last !== 0 && seconds - last < everySeconds) return false
    return Atomics.compareExchange(this.#halves, 2 * TOLD_WORD, last, Math.max(1, seconds)) === last
  }

  /** A slot's key, at a tenth of the cost of `load`, but perhaps out of date: to choose where to look more closely. */
  glanceKey(word: number): number {
    return (this.#halves[2 * word + HIGH] as number) & KEY_MASK
  }

  /** As `load`, perhaps out of date, and with halves of different moments. */
  glance(word: number): void {
    this.#half[HIGH] = this.#halves[2 * word + HIGH] as number
    this.#half[LOW] = this.#halves[2 * word + LOW] as number
  }

  /** Reads a slot, for an exchange. */
  load(word: number): bigint {
    const read = Atomics.load(this.#words, word)
    this.#joined[0] = read
    return read
  }

  get key(): number {
    return (this.#half[HIGH] as number) & KEY_MASK
  }

  get moment(): number {
    return ((this.#half[HIGH] as number) & MOMENT_MASK) * UPPER + ((this.#half[LOW] as number) >>> 0)
  }

  /** Puts a key and a moment (below two turns) in place of what was read. */
  exchange(word: number, read: bigint, key: number, moment: number): boolean {
    const turned = moment < TURN ? moment : moment - TURN
    this.#half[HIGH] = key | Math.floor(turned / UPPER)
    this.#half[LOW] = turned | 0
    return Atomics.compareExchange(this.#words, word, read, this.#joined[0] as bigint) === read
  }

  /** Makes a claim that was read live. */
  confirm(word: number, read: bigint): void {
    this.#joined[0] = read
    this.#half[HIGH] = (this.#half[HIGH] as number) & ~CLAIMED
    Atomics.compareExchange(this.#words, word, read, this.#joined[0] as bigint)
  }

  /** Gives up what was read. */
  clear(word: number, read: bigint): boolean {
    return Atomics.compareExchange(this.#words, word, read, 0n) === read
  }
}
