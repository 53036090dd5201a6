import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { BenchCase } from './cases.ts'
import type { Cores } from './cores.ts'
import { hasNginx, nginxConfig } from './nginx.ts'
import type { BenchOptions } from './options.ts'
import { freePort, type Started, start, waitForAnswer } from './processes.ts'

/** One of the programs that are compared. */
export interface Side {
  readonly name: string
  readonly port: number
  readonly process: Started
  /** Whether it must do exactly the visible work of bare; a difference is then a failure of the bench. */
  readonly strict: boolean
  measures(one: BenchCase): boolean
}

/** What a side is started with. */
export interface Place {
  readonly upstreamPort: number
  readonly cores: Cores | null
  /** Where configurations are written; removed at the end. */
  readonly folder: string
}

const ROOT = resolve(import.meta.dirname, '..')
const START_MS = 15_000

/** Starts all sides that the options ask for and waits until they listen. */
export async function startSides(options: BenchOptions, place: Place): Promise<Side[]> {
  const wants = (name: string) => options.sides === null || options.sides.includes(name)
  const sides: Side[] = []
  if (wants('bare')) sides.push(await startBare(place))
  if (wants('loligo')) sides.push(...(await startGateway('loligo', loligoCommand(), true, options, place)))
  if (wants('nginx')) {
    if (hasNginx()) sides.push(await startNginx(place))
    else if (options.sides === null) console.log('nginx is not on the PATH: left out')
    else throw new Error('--sides: nginx is not on the PATH')
  }
  for (const { name, command } of options.against) {
    sides.push(...(await startGateway(name, command, false, options, place)))
  }
  return sides
}

/** The command that runs the gateway of this checkout with one thread. */
export function loligoCommand(): string[] {
  return [process.execPath, join(ROOT, 'bin/loligo.js'), 'run', '-c', '{config}', '--threads', '1']
}

/** Puts values where the command names them in braces. */
export function fillIn(command: readonly string[], values: Readonly<Record<string, string | number>>): string[] {
  return command.map((word) => word.replaceAll(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all)))
}

async function startBare(place: Place): Promise<Side> {
  const port = await freePort()
  const env = { PORT: String(port), UPSTREAM: `http://127.0.0.1:${place.upstreamPort}` }
  const command = [process.execPath, join(import.meta.dirname, 'bare.ts')]
  const started = await start('bare', command, { cores: place.cores?.measured, env })
  return listening(started, port, true, () => true)
}

/** Starts the gateway once for each configuration that the chosen cases need. */
async function startGateway(
  name: string,
  command: readonly string[],
  strict: boolean,
  options: BenchOptions,
  { upstreamPort, cores, folder }: Place,
): Promise<Side[]> {
  const sides: Side[] = []
  for (const config of new Set(options.cases.map((one) => one.config))) {
    const port = await freePort()
    const file = join(folder, `${name}-${config}`)
    const upstream = `http://127.0.0.1:${upstreamPort}`
    writeFileSync(file, configForRun(config, port, upstream))
    const filled = fillIn(command, { config: file, port, upstream })
    const started = await start(name, filled, { cores: cores?.measured })
    sides.push(await listening(started, port, strict, (one) => one.config === config))
  }
  return sides
}

/** The text of a configuration of this folder with the ports of this run in it. */
function configForRun(name: string, port: number, upstream: string): string {
  const config = JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8')) as Record<string, unknown>
  const plugin = 'plugin' in config && { plugin: { folder: join(import.meta.dirname, 'plugins'), pattern: '.ts' } }
  return JSON.stringify({ ...config, port, host: [upstream], ...plugin }, null, 2)
}

async function startNginx(place: Place): Promise<Side> {
  const port = await freePort()
  const file = join(place.folder, 'nginx.conf')
  writeFileSync(file, nginxConfig(port, place.upstreamPort, place.folder))
  const started = await start('nginx', ['nginx', '-c', file, '-p', place.folder], { cores: place.cores?.measured })
  return listening(started, port, false, (one) => one.plainProxy)
}

async function listening(started: Started, port: number, strict: boolean, measures: Side['measures']): Promise<Side> {
  await waitForAnswer(started, port, START_MS)
  return { name: started.name, port, process: started, strict, measures }
}
