/**
 * How fast a bucket fills and how much it holds, in units of time: a token is so many units as pass until it has come
 * back. Whole numbers, so that no rounding adds up.
 */
export interface Pace {
  readonly unitsPerMs: number
  /** Units of one token; a power of two. */
  readonly token: number
  /** Units of a whole bucket. */
  readonly full: number
}

/** A small bucket is divided this finely: one of 1,024 tokens into 8,192 units. */
const FINENESS_BITS = 13
/** Units of a token, at least, as a power of two. */
const LEAST_TOKEN_BITS = 2

/**
 * @param tokens that come back in `everyMs` milliseconds, above 0
 * @param capacity what the bucket holds: a whole number from 1 on
 */
export function paceOf(tokens: number, everyMs: number, capacity: number): Pace {
  const token = 2 ** Math.max(LEAST_TOKEN_BITS, FINENESS_BITS - Math.ceil(Math.log2(capacity)))
  return { unitsPerMs: (tokens * token) / everyMs, token, full: capacity * token }
}

/** Milliseconds until that many tokens have come back. */
export function millisecondsFor(tokens: number, { unitsPerMs, token }: Pace): number {
  return (tokens * token) / unitsPerMs
}

/** Bytes of a bucket: one 64-bit word. */
export const BUCKET_BYTES = 8

/**
 * Takes a token of a bucket.
 * @returns how many are left; below 0 there was none, and that part of one is still missing
 */
export type TakeToken = () => number

/**
 * A token bucket that all threads share, as one 64-bit word: the moment when it is full again (the "theoretical arrival
 * time" of the generic cell rate algorithm), moved on by compare-and-exchange for each token that is taken. A word of 0
 * is a full bucket.
 * @param word which 64-bit word of the memory it is
 * @param now milliseconds of a clock that is the same in all threads
 */
export function createBucket(memory: SharedArrayBuffer, word: number, pace: Pace, now: () => number): TakeToken {
  const { unitsPerMs, token, full } = pace
  const words = new BigInt64Array(memory)
  const bits = new BigInt64Array(1)
  const moment = new Float64Array(bits.buffer)
  return () => {
    for (;;) {
      const known = Atomics.load(words, word)
      bits[0] = known
      const fullAt = moment[0] as number
      const current = Math.floor(now() * unitsPerMs) // read after the word, so that it is the later of both
      const used = fullAt > current ? fullAt - current : 0
      const left = full - used - token
      if (left < 0) return left / token
      moment[0] = current + used + token
      if (Atomics.compareExchange(words, word, known, bits[0] as bigint) === known) return left / token
    }
  }
}
