import { spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BenchCase } from './cases.ts'
import type { InMemoryCase } from './in-memory.ts'
import type { BenchOptions } from './options.ts'
import { PAYLOADS } from './payloads.ts'
import { freePort, start, waitForAnswer } from './processes.ts'
import type { Rig } from './rig.ts'
import { median } from './rounds.ts'
import { fillIn, loligoCommand, type Place, type Side } from './sides.ts'

/** What an endpoint costs with a feature, and the same endpoint without it. */
export interface FeatureResult {
  readonly feature: string
  /** CPU time per request, microseconds: medians over the rounds. */
  readonly withUs: number
  readonly withoutUs: number
  /**
   * The difference in memory, without sockets, where a microsecond can be told; null for those whose work is to answer
   * otherwise, which the figures over sockets tell.
   */
  readonly costUs: number | null
  readonly goal: string
  readonly kept: boolean | null
}

interface Measured {
  readonly feature: string
  readonly path: string
  readonly level: 'endpoint' | 'backend'
  readonly extra: object
  readonly urlPattern?: string
  readonly fields?: readonly string[]
  readonly goal: string
  /** Null: nothing was promised. */
  readonly keeps: ((withUs: number, withoutUs: number, costUs: number) => boolean) | null
  readonly inMemory: boolean
}

const SECRET = Buffer.from('a-secret-of-thirty-two-bytes-or-more')
const KEY_SET = { keys: [{ kty: 'oct', kid: 'bench', k: SECRET.toString('base64url') }] }
/** More than are kept, so that in turn every one of them is new. */
const NEW_TOKENS = 20_000
const NONE = '/feature-none'
const START_MS = 15_000

/** Measures the features; all of them and the endpoint without any run in every round. */
export async function measureFeatures(
  options: BenchOptions,
  place: Place,
  rig: Rig,
): Promise<readonly FeatureResult[]> {
  const measured = featuresIn(place.folder)
  const side = await startFeatures(measured, place)
  const base = toCase({ path: NONE })
  const costs = costsInMemory(measured, place)
  const rows = measured.map((each) => ({ ...each, one: toCase(each), with: [] as number[] }))
  for (const { one } of [{ one: base }, ...rows]) {
    await rig.measure(side, one, options.connections, options.warmUpSeconds)
  }
  const without: number[] = []
  for (let round = 0; round < options.rounds; round++) {
    const bare = await rig.measure(side, base, options.connections, options.seconds)
    without.push(bare.cpuUs)
    for (const row of rows) {
      const sample = await rig.measure(side, row.one, options.connections, options.seconds)
      row.with.push(sample.cpuUs)
    }
  }
  return rows.map(({ feature, path, goal, keeps, with: withFeature }) => {
    const [withUs, withoutUs, costUs] = [median(withFeature), median(without), costs.get(path) ?? null]
    const kept = keeps === null ? null : keeps(withUs, withoutUs, costUs ?? withUs - withoutUs)
    return { feature, withUs, withoutUs, costUs, goal, kept }
  })
}

/** The costs by path, microseconds, of those that are measured in memory. */
function costsInMemory(measured: readonly Measured[], { cores, folder }: Place): ReadonlyMap<string, number> {
  const fields = ['Authorization', authorization(0).slice('Authorization: '.length)]
  const paths = [NONE, ...measured.filter(({ inMemory }) => inMemory).map(({ path }) => path)]
  const config = featureConfig(measured, 0, 'http://127.0.0.1:9100')
  const cases = paths.map((path): InMemoryCase => ({ name: path, path, fields, config: { ...config } }))
  const file = join(folder, 'in-memory.json')
  writeFileSync(file, JSON.stringify(cases))
  const command = [process.execPath, join(import.meta.dirname, 'in-memory.ts'), file]
  const [program = '', ...args] = cores === null ? command : ['taskset', '-c', String(cores.measured), ...command]
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`in memory: ${stderr}`)
  const result = JSON.parse(stdout) as Readonly<Record<string, number>>
  return new Map(paths.map((path) => [path, (result[path] ?? Number.NaN) - (result[NONE] ?? Number.NaN)]))
}

/** One line for each feature. */
export function formatFeatures(results: readonly FeatureResult[]): string {
  const lines = results.map(({ feature, withUs, withoutUs, costUs, goal, kept }) => {
    const figures = [withUs.toFixed(1), withoutUs.toFixed(1), costUs?.toFixed(2) ?? '']
      .map((text) => text.padStart(8))
      .join(' | ')
    return `| ${feature.padEnd(22)} | ${figures} | ${kept === null ? '' : `${kept ? 'ok' : 'MISSED'} (${goal})`}`
  })
  const head = `| ${'feature'.padEnd(22)} | with µs  | without  | cost µs  | goal`
  return [
    '\nOne feature, CPU time per request with and without it over sockets, and its cost in memory:',
    head,
    ...lines,
  ].join('\n')
}

function featuresIn(folder: string): readonly Measured[] {
  const file = join(folder, 'bench-keys.json')
  writeFileSync(file, JSON.stringify(KEY_SET))
  const validator = { alg: 'HS256', jwk_local_path: file, disable_jwk_security: true, roles: ['reader'] }
  const limit = { max_rate: 1_000_000, client_max_rate: 1_000_000, client_capacity: 1_000_000, strategy: 'ip' }
  const under = (most: number) => (_with: number, _without: number, costUs: number) => costUs < most
  return [
    {
      ...{
        feature: 'rate limit',
        path: '/feature-limit',
        level: 'endpoint',
        goal: 'under 1.5 µs',
        keeps: under(1.5),
        inMemory: true,
      },
      extra: { 'qos/ratelimit/router': { ...limit, capacity: 1_000_000 } },
    },
    {
      ...{ feature: 'token, known', path: '/feature-known', level: 'endpoint', goal: 'under 5 µs', keeps: under(5) },
      inMemory: true,
      extra: { 'auth/validator': validator },
    },
    {
      ...{ feature: 'token, new each time', path: '/feature-new', level: 'endpoint', goal: '', keeps: null },
      inMemory: false,
      extra: { 'auth/validator': validator },
      fields: Array.from({ length: NEW_TOKENS }, (_, index) => authorization(index)),
    },
    {
      ...{ feature: 'breaker, closed', path: '/feature-breaker', level: 'backend', goal: '', keeps: null },
      inMemory: true,
      extra: { 'qos/circuit-breaker': { interval: 60, timeout: 10, max_errors: 5 } },
    },
    {
      ...{ feature: 'cache, hit', path: '/feature-cache', level: 'backend', urlPattern: '/lasting' },
      inMemory: false,
      extra: { 'qos/http-cache': { max_items: 100, max_size: 1_000_000 } },
      goal: 'less than half',
      keeps: (withUs, withoutUs) => withUs < withoutUs / 2,
    },
  ]
}

function authorization(index: number): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const claims = { sub: `user-${index}`, roles: ['reader'], exp: 4_102_444_800 }
  const signed = `${encode({ alg: 'HS256', kid: 'bench', typ: 'JWT' })}.${encode(claims)}`
  return `Authorization: Bearer ${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`
}

async function startFeatures(measured: readonly Measured[], { upstreamPort, cores, folder }: Place): Promise<Side> {
  const port = await freePort()
  const file = join(folder, 'loligo-features.json')
  writeFileSync(file, JSON.stringify(featureConfig(measured, port, `http://127.0.0.1:${upstreamPort}`)))
  const started = await start('loligo', fillIn(loligoCommand(), { config: file }), { cores: cores?.measured })
  await waitForAnswer(started, port, START_MS)
  return { name: 'loligo', port, process: started, strict: true, measures: () => true }
}

function featureConfig(measured: readonly Measured[], port: number, upstream: string): object {
  return {
    ...{ version: 3, name: 'bench-features', port, host: [upstream], timeout: '10s' },
    extra_config: { router: { disable_access_log: true }, 'telemetry/logging': { level: 'ERROR', stdout: true } },
    endpoints: [
      { endpoint: NONE, backend: [{ url_pattern: '/small' }] },
      ...measured.map(({ path, level, extra, urlPattern = '/small' }) => ({
        ...{ endpoint: path, ...(level === 'endpoint' && { extra_config: extra }) },
        backend: [{ url_pattern: urlPattern, ...(level === 'backend' && { extra_config: extra }) }],
      })),
    ],
  }
}

/** Every request carries a token, so that what it costs to read a longer head is not taken for the feature's cost. */
function toCase({ path, fields = [authorization(0)] }: Pick<Measured, 'path' | 'fields'>): BenchCase {
  const expected: unknown = JSON.parse(PAYLOADS.get('/small') ?? 'null')
  const common = { config: 'krakend.json', completed: 'true', goal: 0, plainProxy: false, headers: {} } as const
  return { name: path.slice(1), title: path, path, expected, ...common, fields }
}
