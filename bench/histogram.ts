const SUB_BITS = 6
const SUB_BUCKETS = 1 << SUB_BITS
const BUCKETS = (32 - SUB_BITS) * SUB_BUCKETS

/**
 * Counts whole numbers (microseconds) in buckets that are as wide as 1/64 of their value, so that any percentile is
 * right to 1.6 % with a fixed amount of memory and without sorting.
 */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS)
  #total = 0

  /** How many values were recorded. */
  get total(): number {
    return this.#total
  }

  /** Counts a value; parts of a unit are cut off, negative values count as 0. */
  record(value: number): void {
    const index = bucketOf(Math.min(Math.max(value, 0), 0x7fff_ffff) | 0)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#total++
  }

  /** The value that `share` (0 to 1) of all values do not exceed, as its bucket's middle; 0 when nothing was recorded. */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#total))
    let seen = 0
    for (let index = 0; index < BUCKETS; index++) {
      seen += this.#counts[index] ?? 0
      if (seen >= wanted) return middleOf(index)
    }
    return 0
  }

  reset(): void {
    this.#counts.fill(0)
    this.#total = 0
  }
}

function bucketOf(value: number): number {
  if (value < SUB_BUCKETS) return value
  const shift = 31 - Math.clz32(value) - SUB_BITS
  return shift * SUB_BUCKETS + (value >>> shift)
}

function middleOf(index: number): number {
  if (index < 2 * SUB_BUCKETS) return index
  const shift = Math.floor(index / SUB_BUCKETS) - 1
  return (index - shift * SUB_BUCKETS) * 2 ** shift + 2 ** (shift - 1)
}
