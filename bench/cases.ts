import { PAYLOADS } from './payloads.ts'

/** One thing that is measured: a request path, what must come back, and what it may cost. */
export interface BenchCase {
  readonly name: string
  readonly title: string
  readonly path: string
  /** The configuration that has it: a server plugin sees every request, so its case has one of its own. */
  readonly config: 'krakend.json' | 'krakend-chain.json'
  /** The JSON value that every side must answer. */
  readonly expected: unknown
  /** Value of `X-Krakend-Completed`; no-op answers always say false (specification: core 3.4). */
  readonly completed: 'true' | 'false'
  /** The most CPU time per request, as a multiple of bare's, that the gateway aims at. */
  readonly goal: number
  /** nginx only passes bytes on, so it is measured where nothing else is asked for. */
  readonly plainProxy: boolean
  /** Other response headers that belong to the visible work. */
  readonly headers: Readonly<Record<string, string>>
  /** Further lines of the request's head, `Name: value`; of several, each request takes the next. */
  readonly fields?: readonly string[]
}

/** The request header that the server plugin of the chain reads, and its value in every request of the load. */
export const TENANT = 'squid'

const GOAL = 1.25
const CHAIN_GOAL = 1.4

const small = parsePayload('/small')
const large = parsePayload('/large')
const merged = { ...small, ...parsePayload('/small-b'), ...parsePayload('/small-c') }

/** In the order in which they are measured and printed. */
export const CASES: readonly BenchCase[] = [
  defineCase('noop', 'no-op, 116 bytes', small, { completed: 'false', plainProxy: true }),
  defineCase('json', 'JSON, 116 bytes', small),
  defineCase('shaped', 'JSON shaped by allow and mapping', { ident: small.id, name: small.name, at: { lat: 1.5 } }),
  defineCase('merged', 'three backends merged', merged),
  defineCase('json-9k', 'JSON, 9 kB', large),
  defineCase('noop-9k', 'no-op, 9 kB', large, { completed: 'false', plainProxy: true }),
  defineCase(
    'chain',
    'one server plugin and one modifier',
    { ...small, name: 'SQUID' },
    { config: 'krakend-chain.json', goal: CHAIN_GOAL, headers: { 'x-tenant-seen': TENANT } },
  ),
]

/** The cases of a comma-separated list, all when it is undefined. Throws when a name is unknown. */
export function selectCases(list: string | undefined): readonly BenchCase[] {
  if (list === undefined) return CASES
  return list.split(',').map((name) => {
    const found = CASES.find((one) => one.name === name)
    if (found !== undefined) return found
    throw new Error(`--cases: there is no case "${name}"; known: ${CASES.map((one) => one.name).join(', ')}`)
  })
}

function defineCase(name: string, title: string, expected: unknown, rest: Partial<BenchCase> = {}): BenchCase {
  const common = { config: 'krakend.json', completed: 'true', goal: GOAL, plainProxy: false, headers: {} } as const
  return { name, title, path: `/${name}`, expected, ...common, ...rest }
}

function parsePayload(path: string): Record<string, unknown> {
  return JSON.parse(PAYLOADS.get(path) ?? 'null') as Record<string, unknown>
}
