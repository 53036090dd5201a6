import type { HeaderList } from '../../pipes/headers.ts'
import type { HttpRequest } from '../../pipes/http.ts'
import { type Directives, durationOf, durationOrForever, parseCacheControl } from './cache-control.ts'

/** What is kept of an answer, beside its body. All times are milliseconds since 1970. */
export interface StoredHead {
  readonly status: number
  /** The header fields as `[name, value, …]`. */
  readonly fields: string[]
  /** From when its age counts; `-Infinity` for an answer without a date. */
  readonly datedAt: number
  /** Until when it is fresh; `-Infinity` for an answer without a date. */
  readonly freshUntil: number
  /** It must be validated before each use (`no-cache`). */
  readonly alwaysValidate: boolean
  /** It must not be used when it is stale, whatever the client would take. */
  readonly neverStale: boolean
  /** For how long after `freshUntil` it may stand in for an answer that failed. */
  readonly staleIfErrorMs: number
  readonly etag: string | null
  readonly lastModified: string | null
  /** Names in lower case, each followed by the value that the request had. */
  readonly vary: readonly string[]
  /** The requests that it may answer: those with no more credentials than this. */
  readonly credentials: Credentials
}

/** A whole answer as it is shared by all threads. */
export interface StoredResponse extends StoredHead {
  /** Null where there is none. Never written to once it is stored. */
  readonly body: SharedArrayBuffer | null
}

/** What a request sends along that tells who its user is. */
export type Credentials = 0 | 1 | 2
export const NO_CREDENTIALS = 0
/** `Authorization` alone. */
export const AUTHORIZATION = 1
/** Cookies, or claims of a token. */
export const OTHER_CREDENTIALS = 2

/** Fields that belong to one connection or one answer (RFC 9111, section 3.1). */
const NOT_STORED: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Fields that describe the stored body; those of a 304 do not count (RFC 9111, section 3.2). */
const OF_THE_BODY: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
])

export interface HeadOptions {
  /** Milliseconds since 1970. */
  readonly now: number
  /** What the request sent along. */
  readonly credentials: Credentials
  /** Store what is meant for one user, and give it to all. */
  readonly allowPrivate: boolean
}

/**
 * What is to be kept of an answer; null where it must not be. Freshness as the reference has it (specification:
 * traffic-security 5): `max-age`, else `Expires`, counted from `Date`.
 */
export function headOf(
  request: HttpRequest,
  status: number,
  headers: HeaderList,
  { now, credentials, allowPrivate }: HeadOptions,
): StoredHead | null {
  const directives = parseCacheControl(headers.get('cache-control'))
  if (directives.has('no-store')) return null
  if (!allowPrivate && (directives.has('private') || headers.has('set-cookie'))) return null
  const answers = allowPrivate ? OTHER_CREDENTIALS : answersFor(directives)
  if (credentials > answers) return null
  const vary = varyOf(request, headers)
  if (vary === null) return null
  // With credentials it is `s-maxage` that lets others have the answer, so it is no longer theirs than that.
  const sharedMs = credentials === NO_CREDENTIALS ? null : durationOf(directives, 's-maxage')
  const date = timeOf(headers.get('date'))
  const datedAt = date === null ? Number.NEGATIVE_INFINITY : Math.min(date, now)
  const alwaysValidate = directives.has('no-cache')
  return {
    status,
    fields: headers.raw.filter((_, i) => !NOT_STORED.has((headers.raw[i - (i % 2)] as string).toLowerCase())),
    datedAt,
    freshUntil:
      date === null
        ? datedAt
        : datedAt + Math.min(lifetimeOf(directives, headers, date), sharedMs ?? Number.POSITIVE_INFINITY),
    alwaysValidate,
    neverStale:
      alwaysValidate || sharedMs !== null || directives.has('must-revalidate') || directives.has('proxy-revalidate'),
    staleIfErrorMs: durationOrForever(directives, 'stale-if-error') ?? 0,
    etag: headers.get('etag'),
    lastModified: headers.get('last-modified'),
    vary,
    credentials: answers,
  }
}

/** Whether a stored answer can be of use again, to requests that have no wishes of their own. */
export function isReusable(head: StoredHead, now: number): boolean {
  return (
    (!head.alwaysValidate && head.freshUntil > now) ||
    head.etag !== null ||
    head.lastModified !== null ||
    head.staleIfErrorMs > 0
  )
}

/** The stored answer after the upstream has confirmed it (304): its fields replaced by the newer ones. */
export function refreshed(
  stored: StoredResponse,
  request: HttpRequest,
  confirmation: HeaderList,
  options: HeadOptions,
): StoredResponse | null {
  const headers = confirmation.copy()
  for (const name of OF_THE_BODY) headers.delete(name)
  const { fields } = stored
  const newer = new Set(headers.raw.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()))
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    if (!newer.has(name.toLowerCase())) headers.append(name, fields[i + 1] as string)
  }
  const head = headOf(request, stored.status, headers, options)
  return head === null ? null : { ...head, body: stored.body }
}

/** Which credentials do not matter to an answer (RFC 9111, section 3.5; cookies are not its subject, so more is asked). */
function answersFor(directives: Directives): Credentials {
  if (directives.has('public') || directives.has('s-maxage')) return OTHER_CREDENTIALS
  return directives.has('must-revalidate') ? AUTHORIZATION : NO_CREDENTIALS
}

function lifetimeOf(directives: Directives, headers: HeaderList, date: number): number {
  const maxAge = durationOf(directives, 'max-age')
  if (maxAge !== null) return maxAge
  const expires = timeOf(headers.get('expires'))
  return expires === null ? 0 : Math.max(0, expires - date)
}

function timeOf(field: string | null): number | null {
  const time = field === null ? Number.NaN : Date.parse(field)
  return Number.isNaN(time) ? null : time
}

/** Null for an answer that no other request may get. */
function varyOf(request: HttpRequest, headers: HeaderList): readonly string[] | null {
  const names = (headers.get('vary') ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  if (names.includes('*')) return null
  // Who does not say that it depends on what the client can decode has forgotten it.
  if (headers.has('content-encoding') && !names.includes('accept-encoding')) names.push('accept-encoding')
  return names.flatMap((name) => [name, request.header(name) ?? ''])
}
