import type { Claims } from './claims.ts'
import type { KnownKey } from './key-source.ts'

/** A token whose signature has been verified. */
export interface VerifiedToken {
  readonly claims: Claims
  /** The key that verified it: as long as the key counts, so does the verification. */
  readonly key: KnownKey
  /** What identifies that key. */
  readonly keyId: string
  /** Milliseconds since 1970, without leeway. */
  readonly from: number
  readonly until: number
  /** What each endpoint makes of it, by the endpoint's number; filled in when an endpoint first sees it. */
  readonly verdicts: unknown[]
}

/** Verified tokens by their full text, so that a token is verified once. */
export interface VerifiedTokens {
  get(token: string): VerifiedToken | undefined
  set(token: string, verified: VerifiedToken): void
}

/** Of each of the two halves. */
const MAX_TOKENS = 2_000
const MAX_CHARACTERS = 2 * 1024 * 1024

/**
 * A cache with two halves: what is found in the old one moves to the new one, and when that is full it becomes the old
 * one. So tokens in use stay, a look-up costs one access to a map, and memory has a limit.
 */
export function createVerifiedTokens(maxTokens = MAX_TOKENS, maxCharacters = MAX_CHARACTERS): VerifiedTokens {
  let young = new Map<string, VerifiedToken>()
  let old = new Map<string, VerifiedToken>()
  let characters = 0
  const set = (token: string, verified: VerifiedToken): void => {
    if (token.length > maxCharacters) return
    if (young.size >= maxTokens || characters + token.length > maxCharacters) {
      old = young
      young = new Map()
      characters = 0
    }
    characters += token.length
    young.set(token, verified)
  }
  return {
    get(token) {
      const known = young.get(token)
      if (known !== undefined) return known
      const older = old.get(token)
      if (older !== undefined) set(token, older)
      return older
    },
    set,
  }
}
