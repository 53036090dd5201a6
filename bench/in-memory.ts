/**
 * What a feature costs beyond the noise of sockets: a process that builds the gateway with and without it in memory, in
 * front of an upstream that answers at once, and prints the CPU time per request of each as JSON.
 * Usage: node bench/in-memory.ts FILE, a JSON file with `[{ name, path, fields, config }]`.
 */
import { readFileSync } from 'node:fs'
import { loadConfigObject } from '../src/config/load.ts'
import { buildGateway, type Gateway } from '../src/gateway/build.ts'
import { features } from '../src/gateway/pipeline.ts'
import { Context } from '../src/pipes/context.ts'
import { HeaderList } from '../src/pipes/headers.ts'
import { HttpRequest, HttpResponse } from '../src/pipes/http.ts'
import { createLogger, DEFAULT_LOGGING } from '../src/telemetry/logging.ts'
import { PAYLOADS } from './payloads.ts'
import { median } from './rounds.ts'

/** One thing to measure. */
export interface InMemoryCase {
  readonly name: string
  readonly path: string
  /** Fields of the request, as names and values in turn. */
  readonly fields: readonly string[]
  readonly config: Readonly<Record<string, unknown>>
}

const ROUNDS = 9
const WARM_UP = 150_000
const REQUESTS = 40_000

const body = Buffer.from(PAYLOADS.get('/small') ?? '')
const answer = ['Content-Type', 'application/json', 'Content-Length', String(body.length)]
const log = createLogger({ ...DEFAULT_LOGGING, level: 'ERROR' }, (line) => process.stderr.write(`${line}\n`))

const [file = ''] = process.argv.slice(2)
const cases = JSON.parse(readFileSync(file, 'utf8')) as InMemoryCase[]
const gateways: [InMemoryCase, Gateway][] = []
for (const one of cases) gateways.push([one, await build(one)])
for (const [one, gateway] of gateways) await run(one, gateway, WARM_UP)
const samples = new Map<string, number[]>(cases.map(({ name }) => [name, []]))
for (let round = 0; round < ROUNDS; round++) {
  for (const [one, gateway] of gateways) samples.get(one.name)?.push(await run(one, gateway, REQUESTS))
}
const medians = [...samples].map(([name, list]) => [name, median(list)])
process.stdout.write(JSON.stringify(Object.fromEntries(medians)))
process.exit(0)

async function build({ config }: InMemoryCase): Promise<Gateway> {
  const { config: loaded, diagnostics } = await loadConfigObject({ version: 3, ...config }, { features })
  if (loaded === null) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  const handle = async () => {
    await Promise.resolve() // a turn of the microtasks, as a call would take at least
    return new HttpResponse(200, new HeaderList(answer.slice()), body)
  }
  const gateway = await buildGateway(loaded, { log, accessLog: null, client: { handle, close: async () => {} } })
  gateway.begin()
  return gateway
}

/** CPU time per request, microseconds. */
async function run({ path, fields }: InMemoryCase, gateway: Gateway, requests: number): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < requests; i++) {
    const context = new Context(performance.now(), '127.0.0.1')
    const headers = new HeaderList(['Host', 'gateway', 'Accept', '*/*', ...fields])
    const { status } = await gateway.handle(new HttpRequest('GET', path, headers, null, '', '127.0.0.1'), context)
    if (status !== 200) throw new Error(`${path}: status ${status}`)
    context.finish()
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / requests
}
