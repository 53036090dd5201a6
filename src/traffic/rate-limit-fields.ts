import { HeaderList } from '../pipes/headers.ts'
import { millisecondsFor, type Pace } from './gcra.ts'

/** Tells a client how it stands: the fields of draft-ietf-httpapi-ratelimit-headers-03, which most clients know. */
export interface LimitFields {
  /**
   * Sets the fields of an answer that passed.
   * @param left tokens that are left
   */
  set(headers: HeaderList, left: number): void
  /**
   * The fields of a refusal, with `Retry-After`.
   * @param left below 0: the part of a token that is missing
   */
  refusal(left: number): HeaderList
}

const LIMIT = 'RateLimit-Limit'

/** @param capacity what the bucket holds */
export function compileLimitFields(pace: Pace, capacity: number): LimitFields {
  const limit = String(capacity)
  const secondsFor = (tokens: number): string => String(wholeSeconds(tokens, pace))
  return {
    set(headers, left) {
      headers.set(LIMIT, limit)
      headers.set('RateLimit-Remaining', String(Math.floor(left)))
      headers.set('RateLimit-Reset', secondsFor(capacity - left))
    },
    refusal: (left) =>
      new HeaderList([
        ...[LIMIT, limit, 'RateLimit-Remaining', '0', 'RateLimit-Reset', secondsFor(capacity - left - 1)],
        ...['Retry-After', retryAfter(left, pace)],
      ]),
  }
}

/** Whether an answer has such fields. */
export function hasLimitFields(headers: HeaderList): boolean {
  return headers.has(LIMIT)
}

/** Seconds until the next token, at least 1. */
export function retryAfter(left: number, pace: Pace): string {
  return String(Math.max(1, wholeSeconds(-left, pace)))
}

/** Rounded up, but for what is a rounding error itself. */
function wholeSeconds(tokens: number, pace: Pace): number {
  return Math.ceil(millisecondsFor(tokens, pace) / 1000 - 1e-6)
}
