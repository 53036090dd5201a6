/** Two random words that make the hash of a key unpredictable from outside. */
export interface HashSeed {
  readonly first: number
  readonly second: number
}

/** Rounds after the last word, for each half of the result. */
const FINAL_ROUNDS = 3

/**
 * HalfSipHash-1-3 with 64 bits of output over the UTF-16LE bytes of the key (Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF"; the halved variant is made for 32-bit words, and Linux uses it for its hash tables too). Whoever
 * does not know the seed cannot choose keys that collide. Writes the two halves to `out`, so that nothing is allocated.
 */
export function hashKey(key: string, seed: HashSeed, out: Int32Array): void {
  let v0 = seed.first
  let v1 = seed.second ^ 0xee
  let v2 = 0x6c796765 ^ seed.first
  let v3 = 0x74656462 ^ seed.second
  const { length } = key
  const words = length >>> 1
  const half = words + 1 + FINAL_ROUNDS
  const end = half + FINAL_ROUNDS
  // One loop, so that the round is written once: the words, the rest with the length, then the final rounds.
  for (let step = 0; step < end; step++) {
    let word = 0
    if (step < words) word = key.charCodeAt(2 * step) | (key.charCodeAt(2 * step + 1) << 16)
    else if (step === words) word = ((2 * length) << 24) | (length % 2 === 1 ? key.charCodeAt(length - 1) : 0)
    else if (step === words + 1) v2 ^= 0xee
    else if (step === half) {
      out[0] = v1 ^ v3
      v1 ^= 0xdd
    }
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  out[1] = v1 ^ v3
}
