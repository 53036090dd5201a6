import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildGoPlugin } from '../src/plugins/building/build.ts'
import { residentBytes } from './cpu-time.ts'
import type { GoFigures } from './go-in-process.ts'
import type { BenchOptions } from './options.ts'
import { freePort, start, stop, waitForAnswer } from './processes.ts'
import { fillIn } from './sides.ts'

/** One figure of plugins in Go with what it should at most be. */
export interface GoResult {
  readonly what: string
  readonly value: number
  readonly unit: 'µs' | 'ms' | 'MB'
  readonly goal: number | null
}

const ROOT = join(import.meta.dirname, '..')
const START_MS = 30_000
const REST_MS = 1000
const INSTANCES = 5
const REQUESTS = 20_000
const QUICK_REQUESTS = 400

/** Measures plugins of Go sources; nothing where there is no Go to build them with. */
export async function measureGoPlugins(options: BenchOptions, folder: string): Promise<readonly GoResult[]> {
  if (spawnSync('go', ['version']).status !== 0) {
    console.log('plugins in Go are left out: there is no Go on this machine')
    return []
  }
  const plugins = join(folder, 'go-plugins')
  mkdirSync(plugins)
  const file = join(plugins, 'bench-go.wasm')
  await buildGoPlugin({ folder: join(import.meta.dirname, 'plugins-go'), out: file, env: process.env })
  const { serverUs, modifierUs, modifierLargeUs, waitsMs, startMs } = inProcess(plugins, options.quick)
  return [
    { what: 'server plugin that sets a header and calls next', value: serverUs, unit: 'µs', goal: 40 },
    { what: 'modifier that changes one field of 116 bytes', value: modifierUs, unit: 'µs', goal: 40 },
    { what: 'modifier that changes one field of 9 kB', value: modifierLargeUs, unit: 'µs', goal: null },
    { what: '1,000 concurrent calls that wait 100 ms each', value: waitsMs, unit: 'ms', goal: 500 },
    { what: 'start of a plugin', value: startMs, unit: 'ms', goal: 150 },
    ...(await measureMemory(options, plugins, file)),
  ]
}

function inProcess(plugins: string, quick: boolean): GoFigures {
  const args = [join(import.meta.dirname, 'go-in-process.ts'), plugins, String(quick ? QUICK_REQUESTS : REQUESTS)]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`plugins in Go, in process: ${stderr}`)
  return JSON.parse(stdout) as GoFigures
}

/** What each further plugin adds to a process that serves; of the built program, for a checkout also strips types. */
async function measureMemory({ built }: BenchOptions, plugins: string, file: string): Promise<readonly GoResult[]> {
  if (!existsSync(built)) {
    console.log(`memory of plugins in Go is left out: ${built} is not there, "npm run build" makes it`)
    return []
  }
  const bytes = readFileSync(file)
  const same = () => bytes
  const own = (i: number) => Buffer.concat([bytes, Buffer.from([0, 2, 1, i])]) // another section, without a meaning
  const one = await residentWith(1, same)
  const instance = ((await residentWith(1 + INSTANCES, same)) - one) / INSTANCES
  const plugin = ((await residentWith(1 + INSTANCES, own)) - one) / INSTANCES
  return [
    { what: 'memory of an instance', value: instance / 1e6, unit: 'MB', goal: 25 },
    {
      what: `memory of a plugin with its code of ${(bytes.length / 1e6).toFixed(1)} MB`,
      value: plugin / 1e6,
      unit: 'MB',
      goal: null,
    },
  ]

  async function residentWith(count: number, codeOf: (i: number) => Uint8Array): Promise<number> {
    for (let i = 0; i < count; i++) writeFileSync(join(plugins, `copy-${i}.wasm`), codeOf(i))
    return await measureResident(built, plugins)
  }
}

async function measureResident(built: string, plugins: string): Promise<number> {
  const port = await freePort()
  const config = join(plugins, 'memory.json')
  writeFileSync(config, JSON.stringify(memoryConfig(port, plugins)))
  const command = fillIn([process.execPath, join(ROOT, built), 'run', '-c', '{config}', '--threads', '2'], { config })
  const started = await start('loligo', command)
  await waitForAnswer(started, port, START_MS)
  await new Promise((resolve) => setTimeout(resolve, REST_MS))
  const resident = residentBytes(started.pid)
  await stop(started)
  return resident
}

function memoryConfig(port: number, folder: string): object {
  return {
    ...{ version: 3, port, plugin: { folder, pattern: 'copy-' } },
    endpoints: [{ endpoint: '/json', backend: [{ url_pattern: '/', host: ['http://127.0.0.1:9100'] }] }],
  }
}

/** One line for each figure. */
export function formatGoResults(results: readonly GoResult[]): string {
  const lines = results.map(({ what, value, unit, goal }) => {
    const verdict = goal === null ? '' : `${value <= goal ? 'ok' : 'MISSED'} (${goal})`
    return `| ${what.padEnd(48)} | ${value.toFixed(1).padStart(8)} ${unit} | ${verdict}`
  })
  return ['\nPlugins of Go sources, in memory, 64 requests at a time:', ...lines].join('\n')
}
