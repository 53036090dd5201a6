import { percentDecode } from '../pipes/query.ts'
import type { Reply, Script } from './reply.ts'

/**
 * Answers by `METHOD /path` or `/path`, where `{name}` stands for any one segment; `*` takes what no other route does. Of
 * several that match the first one counts. The query is not looked at.
 *
 * @example
 * { 'GET /users/{id}': ({ params }) => ({ json: { id: params.id } }), '/health': {}, '*': { status: 404 } }
 */
export interface Routes {
  readonly [route: `/${string}` | `${string} /${string}`]: Script
  readonly '*'?: Script
}

/** What answers a call: the next reply, and what stood in the route's braces. */
export interface Match {
  readonly reply: Reply
  readonly params: Readonly<Record<string, string>>
}

/** Finds the answer for a method and an encoded path; null when there is none. */
export type Router = (method: string, path: string) => Match | null

/** One upstream that answers all calls alike, or by route. */
export function compileRoutes(upstream: Script | Routes): Router {
  if (!isRoutes(upstream)) {
    const next = playBack(upstream)
    return () => ({ reply: next(), params: {} })
  }
  const routes = Object.entries(upstream)
    .sort(([a], [b]) => Number(a === '*') - Number(b === '*'))
    .map(([route, script]) => compileRoute(route, script))
  return (method, path) => {
    for (const match of routes) {
      const found = match(method, path)
      if (found !== null) return found
    }
    return null
  }
}

/** Whether keys are routes, as opposed to those of an answer. */
export function isRoutes(upstream: Script | Routes): upstream is Routes {
  if (typeof upstream !== 'object' || Array.isArray(upstream)) return false
  return Object.keys(upstream).some((key) => key === '*' || key.includes('/'))
}

function compileRoute(route: string, script: Script): Router {
  const next = playBack(script)
  if (route === '*') return () => ({ reply: next(), params: {} })
  const blank = route.indexOf(' ')
  const wanted = blank === -1 ? null : route.slice(0, blank).toUpperCase()
  const segments = route.slice(blank + 1).split('/')
  return (method, path) => {
    if (wanted !== null && wanted !== method) return null
    const params = matchSegments(segments, path.split('/'))
    return params === null ? null : { reply: next(), params }
  }
}

function matchSegments(pattern: readonly string[], path: readonly string[]): Record<string, string> | null {
  if (pattern.length !== path.length) return null
  const params: Record<string, string> = {}
  for (const [i, wanted] of pattern.entries()) {
    const given = path[i] ?? ''
    if (wanted.startsWith('{') && wanted.endsWith('}')) params[wanted.slice(1, -1)] = percentDecode(given) ?? given
    else if (wanted !== given) return null
  }
  return params
}

/** Gives one reply after the other, the last one for good. */
function playBack(script: Script): () => Reply {
  const replies: readonly Reply[] = isSequence(script) ? script : [script]
  let turn = 0
  return () => replies[Math.min(turn++, replies.length - 1)] as Reply
}

function isSequence(script: Script): script is readonly Reply[] {
  return Array.isArray(script)
}
