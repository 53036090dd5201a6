import { type Claims, claimOf } from './claims.ts'
import { type FilterCount, layFilter } from './revocation-filter.ts'
import { type FilterSize, placesOfElement, type RevocationHash } from './revocation-hashes.ts'

/** The tokens that were revoked, as validators ask for them. */
export interface Revocations {
  /** Where the filter must be looked at for a token; null when it has none of the claims. */
  placesOf(claims: Claims): readonly (readonly number[])[] | null
  /** Whether one of the elements with these places has been revoked. */
  holdsAny(places: readonly (readonly number[])[], now: number): boolean
}

/** The same as the management API needs it. An element is the name of a claim, a hyphen and its value: `jti-abc`. */
export interface RevocationList extends Revocations {
  add(element: string, now: number): void
  has(element: string, now: number): boolean
  count(now: number): FilterCount
}

export interface RevocationOptions {
  readonly memory: SharedArrayBuffer
  readonly size: FilterSize
  readonly hash: RevocationHash
  readonly ttlMs: number
  readonly claims: readonly string[]
  /** Milliseconds since 1970. */
  readonly now: number
}

/** The revocations in a cell that all threads share. Specification: traffic-security 11. */
export function createRevocations({ memory, size, hash, ttlMs, claims, now }: RevocationOptions): RevocationList {
  const filter = layFilter(memory, size.bits, ttlMs, now)
  const placesOf = (element: string) => placesOfElement(element, hash, size)
  return {
    placesOf(token) {
      const elements: number[][] = []
      for (const name of claims) {
        const value = claimOf(token, name)
        if (typeof value === 'string') elements.push(placesOf(`${name}-${value}`))
      }
      return elements.length === 0 ? null : elements
    },
    holdsAny(places, moment) {
      for (const element of places) if (filter.has(element, moment)) return true
      return false
    },
    add: (element, moment) => filter.add(placesOf(element), moment),
    has: (element, moment) => filter.has(placesOf(element), moment),
    count: (moment) => filter.count(moment),
  }
}
