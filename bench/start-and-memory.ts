import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CASES } from './cases.ts'
import { type Cores, chooseCores } from './cores.ts'
import { residentBytes } from './cpu-time.ts'
import { growingConfig } from './growing-config.ts'
import type { BenchOptions } from './options.ts'
import { freePort, getStatus, hasEnded, type Started, start, stop } from './processes.ts'
import { Rig } from './rig.ts'
import { median } from './rounds.ts'
import { fillIn, type Side } from './sides.ts'

/** One figure with what it should at most be. */
export interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: 'ms' | 'MB' | '%'
  readonly goal: number
}

const ROOT = join(import.meta.dirname, '..')
const FEW_ENDPOINTS = 10
const MANY_ENDPOINTS = 1000
const START_TIMES = 5
const START_LIMIT_MS = 30_000
const GOAL_FEW_MS = 300
const GOAL_MANY_MS = 1000
const GOAL_CHECKOUT_MS = 600
const GOAL_REST_MB = 170
const GOAL_LOADED_MB = 260
const GOAL_GROWTH_PERCENT = 10
const LOADED_REQUESTS = 200_000
const STEP_REQUESTS = 20_000
const QUICK_DIVISOR = 100
/** Small beside the goals; every try costs the starting process a little. */
const POLL_MS = 2
const MEGABYTE = 1e6
const THREADS = ['run', '-c', '{config}', '--threads', '2']

/** Measures start and memory, prints the figures beside their goals. Resolves to the exit code. */
export async function measureStart(options: BenchOptions, folder: string): Promise<number> {
  const cores = chooseCores()
  const rig = await Rig.start(cores)
  const few = writeConfig(folder, FEW_ENDPOINTS, rig.upstreamPort)
  const many = writeConfig(folder, MANY_ENDPOINTS, rig.upstreamPort)
  const checkout = [process.execPath, join(ROOT, 'bin/loligo.js'), ...THREADS]
  const built = [process.execPath, options.built, ...THREADS]
  const figures: Figure[] = []
  const add = (...more: Figure[]) => {
    figures.push(...more)
    for (const figure of more) console.log(formatFigure(figure))
  }
  const times = options.quick ? 1 : START_TIMES
  if (existsSync(options.built)) {
    add(await startFigure('built, ten endpoints', GOAL_FEW_MS, built, few, times))
    add(await startFigure('built, a thousand endpoints', GOAL_MANY_MS, built, many, times))
  } else console.log(`${options.built} is not there: run "npm run build", or say where it is with --built`)
  add(await startFigure('checkout, ten endpoints, not the first start', GOAL_CHECKOUT_MS, checkout, few, times, 1))
  add(...(await measureMemory(existsSync(options.built) ? built : checkout, few, rig, options)))
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify({ figures }, null, 2)}\n`)
  return 0
}

/** The median of several starts, from the start of the process to the first whole answer of an endpoint. */
async function startFigure(
  what: string,
  goal: number,
  command: readonly string[],
  config: (port: number) => string,
  times: number,
  skip = 0,
): Promise<Figure> {
  const all: number[] = []
  for (let i = 0; i < times + skip; i++) {
    const { started, ms } = await startUntilAnswer(command, config)
    await stop(started)
    all.push(ms)
  }
  return { what: `start, ${what}`, value: median(all.slice(skip)), unit: 'ms', goal }
}

async function startUntilAnswer(
  command: readonly string[],
  config: (port: number) => string,
  cores: Cores | null = null,
): Promise<{ started: Started; port: number; ms: number }> {
  const port = await freePort()
  const file = config(port)
  const startedAt = performance.now()
  const started = await start('loligo', fillIn(command, { config: file, port }), { cores: cores?.measured })
  while ((await getStatus(port, '/json')) !== 200) {
    const ended = hasEnded(started)
    if (!ended && performance.now() - startedAt < START_LIMIT_MS)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    else
      throw new Error(
        `loligo ${ended ? 'ended' : 'gave no answer'}: "${command.join(' ')}" wrote:\n${started.output()}`,
      )
  }
  return { started, port, ms: performance.now() - startedAt }
}

/** Resident memory at rest, under load in steps, and after it. */
async function measureMemory(
  command: readonly string[],
  config: (port: number) => string,
  rig: Rig,
  options: BenchOptions,
): Promise<Figure[]> {
  const { started, port } = await startUntilAnswer(command, config, chooseCores())
  const side: Side = { name: 'loligo', port, process: started, strict: true, measures: () => true }
  const rest = megabytes(started)
  const [noop, json] = CASES
  if (noop === undefined || json === undefined) throw new Error('there are no cases')
  const divisor = options.quick ? QUICK_DIVISOR : 1
  const steps: number[] = []
  for (let done = 0; done < LOADED_REQUESTS; done += STEP_REQUESTS) {
    await rig.measure(side, steps.length % 2 === 0 ? json : noop, options.connections, 60, STEP_REQUESTS / divisor)
    steps.push(megabytes(started))
  }
  await stop(started)
  console.log(
    `memory after every ${STEP_REQUESTS / divisor} requests: ${steps.map((step) => step.toFixed(0)).join(', ')} MB`,
  )
  const half = steps.length / 2
  const growth = (Math.max(...steps.slice(half)) / Math.max(...steps.slice(0, half)) - 1) * 100
  return [
    { what: 'memory, two threads, at rest', value: rest, unit: 'MB', goal: GOAL_REST_MB },
    { what: 'memory, two threads, after load', value: steps.at(-1) ?? Number.NaN, unit: 'MB', goal: GOAL_LOADED_MB },
    { what: 'memory, second half of the load over the first', value: growth, unit: '%', goal: GOAL_GROWTH_PERCENT },
  ]
}

function megabytes(started: Started): number {
  return residentBytes(started.pid) / MEGABYTE
}

/** A function that writes the configuration for a port and gives the file's name. */
function writeConfig(folder: string, endpoints: number, upstreamPort: number): (port: number) => string {
  return (port) => {
    const file = join(folder, `start-${endpoints}.json`)
    writeFileSync(file, JSON.stringify(growingConfig(endpoints, port, `http://127.0.0.1:${upstreamPort}`), null, 2))
    return file
  }
}

function formatFigure({ what, value, unit, goal }: Figure): string {
  const verdict = `${value <= goal ? 'ok' : 'MISSED'} (${goal} ${unit})`
  return `${what.padEnd(54)} ${value.toFixed(0).padStart(6)} ${unit}  ${verdict}`
}
