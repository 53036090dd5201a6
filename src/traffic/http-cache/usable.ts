import type { HttpRequest } from '../../pipes/http.ts'
import { type Directives, durationOf, durationOrForever } from './cache-control.ts'
import type { Credentials, StoredHead } from './stored-response.ts'

/** Whether a stored answer is one to this request: the same credentials do not matter, the same fields are sent. */
export function matches(stored: StoredHead, request: HttpRequest, credentials: Credentials): boolean {
  if (credentials > stored.credentials) return false
  const { vary } = stored
  for (let i = 0; i < vary.length; i += 2) {
    if ((request.header(vary[i] as string) ?? '') !== vary[i + 1]) return false
  }
  return true
}

/** Whether it may be used without asking, by a request without wishes. */
export function isFresh(stored: StoredHead, now: number): boolean {
  return !stored.alwaysValidate && stored.freshUntil > now
}

/** Whether it may be used without asking, by a request with these wishes (RFC 9111, section 5.2.1). */
export function isFreshFor(stored: StoredHead, wishes: Directives, now: number): boolean {
  if (stored.alwaysValidate || wishes.has('no-cache')) return false
  const maxAge = durationOf(wishes, 'max-age')
  const until = maxAge === null ? stored.freshUntil : Math.min(stored.freshUntil, stored.datedAt + maxAge)
  const remaining = until - now - (durationOf(wishes, 'min-fresh') ?? 0)
  if (remaining > 0) return true
  const maxStale = stored.neverStale ? null : durationOrForever(wishes, 'max-stale')
  return maxStale === Number.POSITIVE_INFINITY || (maxStale !== null && remaining + maxStale > 0)
}

/** Whether it may stand in for an answer that failed (RFC 5861, section 4). */
export function isUsableAfterError(stored: StoredHead, wishes: Directives, now: number): boolean {
  const wished = stored.neverStale ? 0 : (durationOrForever(wishes, 'stale-if-error') ?? 0)
  const window = Math.max(stored.staleIfErrorMs, wished)
  return window === Number.POSITIVE_INFINITY || stored.freshUntil + window > now
}
