/**
 * What a plugin of Go sources costs beyond sockets: a process that builds gateways in memory, in front of an upstream that
 * answers at once, and prints its figures as JSON. CPU time is that of all threads, the guest's among them.
 * Usage: node bench/go-in-process.ts FOLDER REQUESTS, with `bench-go.wasm` in the folder.
 */
import { loadConfigObject } from '../src/config/load.ts'
import { buildGateway, type Gateway } from '../src/gateway/build.ts'
import { features } from '../src/gateway/pipeline.ts'
import { Context } from '../src/pipes/context.ts'
import { HeaderList } from '../src/pipes/headers.ts'
import { HttpRequest, HttpResponse } from '../src/pipes/http.ts'
import { createLogger, DEFAULT_LOGGING } from '../src/telemetry/logging.ts'
import { PAYLOADS } from './payloads.ts'
import { median } from './rounds.ts'

/** Microseconds of CPU time per request, and milliseconds. */
export interface GoFigures {
  readonly serverUs: number
  readonly modifierUs: number
  readonly modifierLargeUs: number
  readonly waitsMs: number
  readonly startMs: number
}

const ROUNDS = 5
const CONCURRENT = 64
const WAITING = 1000
const LARGE_DIVISOR = 10

const [folder = '', count = '20000'] = process.argv.slice(2)
const requests = Number(count)
const log = createLogger({ ...DEFAULT_LOGGING, level: 'ERROR' }, (line) => process.stderr.write(`${line}\n`))
const server = { 'plugin/http-server': { name: ['bench-go'] } }
const modifier = { 'plugin/req-resp-modifier': { name: ['bench-go'] } }
const waiting = { 'plugin/http-server': { name: ['bench-go-wait'] } }

const withoutPlugins = performance.now()
await (await build([endpoint('/none', {})], false)).close()
const withPlugin = performance.now()
const gateway = await build(
  [
    endpoint('/none', {}),
    endpoint('/server', server),
    endpoint('/modifier', modifier),
    endpoint('/none-large', {}, '/large'),
    endpoint('/modifier-large', modifier, '/large'),
    endpoint('/wait', waiting),
  ],
  true,
)
const startMs = performance.now() - withPlugin - (withPlugin - withoutPlugins)
const paths = ['/none', '/server', '/modifier', '/none-large', '/modifier-large'] as const
const samples = new Map<string, number[]>(paths.map((path) => [path, []]))
for (let round = -1; round < ROUNDS; round++) {
  for (const path of paths) {
    const used = await run(path, path.endsWith('large') ? Math.ceil(requests / LARGE_DIVISOR) : requests)
    if (round >= 0) samples.get(path)?.push(used) // the first one warms up
  }
}
const of = (path: (typeof paths)[number]): number => median(samples.get(path) ?? [])
const waits: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  const from = performance.now()
  await Promise.all(Array.from({ length: WAITING }, () => ask('/wait', 204)))
  waits.push(performance.now() - from)
}
const figures: GoFigures = {
  serverUs: of('/server') - of('/none'),
  modifierUs: of('/modifier') - of('/none'),
  modifierLargeUs: of('/modifier-large') - of('/none-large'),
  waitsMs: median(waits),
  startMs,
}
process.stdout.write(JSON.stringify(figures))
process.exit(0)

function endpoint(path: string, extra: object, pattern = '/small'): object {
  return { endpoint: path, extra_config: extra, backend: [{ url_pattern: pattern, host: ['http://127.0.0.1:9100'] }] }
}

async function build(endpoints: readonly object[], withPlugins: boolean): Promise<Gateway> {
  const plugin = withPlugins ? { plugin: { folder, pattern: 'bench-go.wasm' } } : {}
  const source = { version: 3, timeout: '10s', ...plugin, endpoints }
  const { config, diagnostics } = await loadConfigObject(source, { features })
  if (config === null) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  const handle = async ({ url }: HttpRequest) => {
    await Promise.resolve() // a turn of the microtasks, as a call would take at least
    const body = Buffer.from(PAYLOADS.get(url.endsWith('/large') ? '/large' : '/small') ?? '')
    const fields = ['Content-Type', 'application/json', 'Content-Length', String(body.length)]
    return new HttpResponse(200, new HeaderList(fields), body)
  }
  const built = await buildGateway(config, { log, accessLog: null, client: { handle, close: async () => {} } })
  built.begin()
  return built
}

async function ask(path: string, expected = 200): Promise<void> {
  const context = new Context(performance.now(), '127.0.0.1')
  const headers = new HeaderList(['Host', 'gateway', 'Accept', '*/*', 'User-Agent', 'bench'])
  const { status } = await gateway.handle(new HttpRequest('GET', path, headers, null, '', '127.0.0.1'), context)
  if (status !== expected) throw new Error(`${path}: status ${status}`)
  context.finish()
}

/** CPU time per request, microseconds. */
async function run(path: string, times: number): Promise<number> {
  const before = process.cpuUsage()
  let left = times
  const worker = async (): Promise<void> => {
    while (left-- > 0) await ask(path)
  }
  await Promise.all(Array.from({ length: CONCURRENT }, worker))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / times
}
