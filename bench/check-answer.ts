import { isDeepStrictEqual } from 'node:util'
import type { BenchCase } from './cases.ts'
import type { ReadResponse } from './response-reader.ts'

const SHOWN_BODY = 200

/** What is wrong with the status or the data of an answer; null when it is right. */
export function findWrongData(one: BenchCase, response: ReadResponse): string | null {
  if (response.status !== 200) return `status ${response.status} instead of 200`
  if (isDeepStrictEqual(parseOrUndefined(response.body), one.expected)) return null
  return `another body: ${response.body.slice(0, SHOWN_BODY)}`
}

/** Which headers of the visible work an answer lacks; null when all are there. */
export function findMissingHeaders(one: BenchCase, response: ReadResponse): string | null {
  const found = parseHead(response.head)
  const wrong: string[] = []
  if (!found.has('x-krakend')) wrong.push('x-krakend')
  if (found.get('x-krakend-completed') !== one.completed) wrong.push(`x-krakend-completed: ${one.completed}`)
  if (!found.get('content-type')?.startsWith('application/json')) wrong.push('content-type: application/json')
  for (const [name, value] of Object.entries(one.headers)) {
    if (found.get(name) !== value) wrong.push(`${name}: ${value}`)
  }
  return wrong.length === 0 ? null : `the answer lacks ${wrong.join(', ')}`
}

/** Which headers of the visible work (specification: core 2.2) the upstream did not get; null when it got all. */
export function findMissingUpstreamHeaders(head: string): string | null {
  const found = parseHead(head)
  const wrong = ['user-agent', 'x-forwarded-host', 'x-forwarded-for'].filter((name) => !found.has(name))
  if (found.get('accept-encoding') !== 'gzip') wrong.push('accept-encoding: gzip')
  return wrong.length === 0 ? null : `the upstream's request lacks ${wrong.join(', ')}`
}

/** The fields below the first line, by lower-case name; of a repeated one the last. */
function parseHead(head: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':')
    fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  return fields
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
