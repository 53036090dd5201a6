import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchCase } from './cases.ts'
import type { BenchOptions } from './options.ts'
import { PAYLOADS } from './payloads.ts'
import { freePort, start, waitForAnswer } from './processes.ts'
import type { Rig } from './rig.ts'
import { median } from './rounds.ts'
import { fillIn, loligoCommand, type Place, type Side } from './sides.ts'

/** What one stage costs: measured by stacking it, taking off the endpoint without it, and dividing. */
export interface StackResult {
  readonly kind: string
  /** CPU time of one stage per request, microseconds: the median over the rounds. */
  readonly eachUs: number
  readonly goalUs: number | null
}

/** Where a stack is configured, and what one stage of it may cost in microseconds. */
const STACKS = {
  server: { level: 'endpoint', namespace: 'plugin/http-server', names: 'bench-stack', goalUs: 2 },
  'server, async': { level: 'endpoint', namespace: 'plugin/http-server', names: 'bench-late', goalUs: 2 },
  modifier: { level: 'endpoint', namespace: 'plugin/req-resp-modifier', names: 'bench-stack', goalUs: 2 },
  middleware: { level: 'endpoint', namespace: 'plugin/middleware', names: 'bench-stack', goalUs: 2 },
  client: { level: 'backend', namespace: 'plugin/http-client', names: 'bench-stack', goalUs: null },
} as const

const HEIGHT = 20
const NONE = '/stack-none'
const START_MS = 15_000

/** Measures one plugin of each kind; all stacks and the endpoint without one run in every round. */
export async function measureStacks(options: BenchOptions, place: Place, rig: Rig): Promise<readonly StackResult[]> {
  const side = await startStacked(place)
  const base = stackCase(NONE)
  const stacks = Object.entries(STACKS).map(([kind, { goalUs }]) => ({
    kind,
    goalUs,
    one: stackCase(pathOf(kind)),
  }))
  for (const { one } of [{ one: base }, ...stacks]) {
    await rig.measure(side, one, options.connections, options.warmUpSeconds)
  }
  const costs = new Map<string, number[]>(stacks.map(({ kind }) => [kind, []]))
  for (let round = 0; round < options.rounds; round++) {
    const without = await rig.measure(side, base, options.connections, options.seconds)
    for (const { kind, one } of stacks) {
      const stacked = await rig.measure(side, one, options.connections, options.seconds)
      costs.get(kind)?.push((stacked.cpuUs - without.cpuUs) / HEIGHT)
    }
  }
  return stacks.map(({ kind, goalUs }) => ({ kind, goalUs, eachUs: median(costs.get(kind) ?? []) }))
}

/** One line for each kind. */
export function formatStacks(results: readonly StackResult[]): string {
  const lines = results.map(({ kind, eachUs, goalUs }) => {
    const verdict = goalUs === null ? '' : ` | ${eachUs <= goalUs ? 'ok' : 'MISSED'} (${goalUs})`
    return `| ${kind.padEnd(13)} | ${eachUs.toFixed(2).padStart(8)}${verdict}`
  })
  return [
    `\nOne plugin that touches one header, of ${HEIGHT} stacked:`,
    '| kind          | µs each | goal',
    ...lines,
  ].join('\n')
}

async function startStacked({ upstreamPort, cores, folder }: Place): Promise<Side> {
  const port = await freePort()
  const file = join(folder, 'loligo-stacks.json')
  writeFileSync(file, JSON.stringify(stackConfig(port, `http://127.0.0.1:${upstreamPort}`)))
  const started = await start('loligo', fillIn(loligoCommand(), { config: file }), { cores: cores?.measured })
  await waitForAnswer(started, port, START_MS)
  return { name: 'loligo', port, process: started, strict: true, measures: () => true }
}

function stackConfig(port: number, upstream: string): object {
  const endpoint = (path: string, level: string, extra: object) => ({
    ...{ endpoint: path, ...(level === 'endpoint' && { extra_config: extra }) },
    backend: [{ url_pattern: '/small', ...(level === 'backend' && { extra_config: extra }) }],
  })
  return {
    ...{ version: 3, name: 'bench-stacks', port, host: [upstream], timeout: '10s' },
    plugin: { folder: join(import.meta.dirname, 'plugins'), pattern: 'stack.ts' },
    extra_config: { router: { disable_access_log: true }, 'telemetry/logging': { level: 'WARNING', stdout: true } },
    endpoints: [
      endpoint(NONE, 'endpoint', {}),
      ...Object.entries(STACKS).map(([kind, { level, namespace, names }]) => {
        const name = Array.from({ length: HEIGHT }, (_, index) => `${names}-${index}`)
        return endpoint(pathOf(kind), level, { [namespace]: { name } })
      }),
    ],
  }
}

/** The path of a kind's endpoint. */
function pathOf(kind: string): string {
  return `/stack-${kind.replaceAll(/\W+/g, '-')}`
}

function stackCase(path: string): BenchCase {
  const expected: unknown = JSON.parse(PAYLOADS.get('/small') ?? 'null')
  const common = { config: 'krakend.json', completed: 'true', goal: 0, plainProxy: false, headers: {} } as const
  return { name: path.slice(1), title: path, path, expected, ...common }
}
