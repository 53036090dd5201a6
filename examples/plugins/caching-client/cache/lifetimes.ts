import type { PluginResponse } from 'loligo/plugin'

/** How long an answer may be used, in milliseconds. */
export interface Lifetimes {
  /** As if it came from the upstream. */
  readonly freshMs: number
  /** From then on while another one is fetched (RFC 5861, section 3). */
  readonly revalidateMs: number
  /** From then on when there is no other (RFC 5861, section 4). */
  readonly errorMs: number
}

const MAX_SECONDS = 365 * 86_400
const DIRECTIVE = /([\w-]+)(?:[ \t]*=[ \t]*(?:"([^"]*)"|([^\s,"]*)))?/g
const FORBIDDING = ['no-store', 'no-cache', 'private']

/**
 * How long an answer may be used, by `Cache-Control` and `Expires` (RFC 9111, sections 3 and 4.2), and by `defaults` where
 * these say nothing. Null when it must not be kept.
 * @param now milliseconds since 1970
 */
export function lifetimesOf({ headers }: PluginResponse, defaults: Lifetimes, now: number): Lifetimes | null {
  const directives = parse(headers.get('cache-control') ?? '')
  if (FORBIDDING.some((name) => directives.has(name))) return null
  const given = msOf(directives, 's-maxage') ?? msOf(directives, 'max-age') ?? untilExpires(headers, now)
  const freshMs = (given ?? defaults.freshMs) - ageOf(headers)
  if (freshMs <= 0) return null
  const strict = directives.has('must-revalidate') || directives.has('proxy-revalidate')
  return {
    freshMs,
    revalidateMs: strict ? 0 : (msOf(directives, 'stale-while-revalidate') ?? defaults.revalidateMs),
    errorMs: strict ? 0 : (msOf(directives, 'stale-if-error') ?? defaults.errorMs),
  }
}

/** What other caches have spent of the time already, in milliseconds. */
export function ageOf(headers: PluginResponse['headers']): number {
  const age = headers.get('age') ?? ''
  return /^\d+$/.test(age) ? Number(age) * 1000 : 0
}

/** The first one of a name counts. */
function parse(text: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>()
  for (const [, name = '', quoted, plain = ''] of text.matchAll(DIRECTIVE)) {
    const key = name.toLowerCase()
    if (!directives.has(key)) directives.set(key, quoted ?? plain)
  }
  return directives
}

/** A value that is no number of seconds counts as 0: the answer is rather stale than wrong. */
function msOf(directives: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = directives.get(name)
  if (value === undefined) return undefined
  return /^\d+$/.test(value) ? Math.min(Number(value), MAX_SECONDS) * 1000 : 0
}

function untilExpires(headers: PluginResponse['headers'], now: number): number | undefined {
  const expires = headers.get('expires')
  if (expires === null) return undefined
  const date = Date.parse(headers.get('date') ?? '')
  const ms = Date.parse(expires) - (Number.isNaN(date) ? now : date)
  return ms > 0 ? Math.min(ms, MAX_SECONDS * 1000) : 0
}
