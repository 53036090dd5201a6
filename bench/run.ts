/** The bench: `npm run bench`. How to use and read it is in README.md beside this file. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chooseCores } from './cores.ts'
import { type FeatureResult, formatFeatures, measureFeatures } from './features.ts'
import { formatGoResults, type GoResult, measureGoPlugins } from './go-plugins.ts'
import { type BenchOptions, readOptions, USAGE } from './options.ts'
import { stopAll, stopAllNow } from './processes.ts'
import { describeConditions, formatCase, formatConditions, formatDifference, formatTableHead } from './report.ts'
import { Rig } from './rig.ts'
import { type CaseResult, measureCase, planCases, warmUp } from './rounds.ts'
import { type Place, startSides } from './sides.ts'
import { formatStacks, measureStacks, type StackResult } from './stacks.ts'
import { measureStart } from './start-and-memory.ts'

const SIGNAL_EXIT = 128
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

await main()

async function main(): Promise<void> {
  const options = parseOrExit()
  const folder = mkdtempSync(join(tmpdir(), 'loligo-bench-'))
  process.once('exit', () => {
    stopAllNow()
    rmSync(folder, { recursive: true, force: true })
  })
  for (const [signal, number] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(SIGNAL_EXIT + number))
  try {
    process.exitCode = options.start ? await measureStart(options, folder) : await measureRequests(options, folder)
    await stopAll()
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
  process.exit()
}

/** Measures all cases and prints the table. Resolves to the exit code: 1 when a side that must be equal is not. */
async function measureRequests(options: BenchOptions, folder: string): Promise<number> {
  const cores = chooseCores()
  const conditions = describeConditions(options, cores)
  console.log(formatConditions(conditions))
  const rig = await Rig.start(cores)
  const place: Place = { upstreamPort: rig.upstreamPort, cores, folder }
  const { plan, differences } = await planCases(options, await startSides(options, place), rig)
  for (const difference of differences) console.log(formatDifference(difference))
  await warmUp(options, plan, rig)
  if (plan.size > 0) console.log(formatTableHead())
  const results: CaseResult[] = []
  for (const [one, sides] of plan) {
    const result = await measureCase(options, one, sides, rig)
    if (result.sides.length > 0) console.log(formatCase(result))
    results.push(result)
  }
  let stacks: readonly StackResult[] = []
  if (options.stacks) {
    stacks = await measureStacks(options, place, rig)
    console.log(formatStacks(stacks))
  }
  let features: readonly FeatureResult[] = []
  if (options.features) {
    features = await measureFeatures(options, place, rig)
    console.log(formatFeatures(features))
  }
  let go: readonly GoResult[] = []
  if (options.go) {
    go = await measureGoPlugins(options, folder)
    console.log(formatGoResults(go))
  }
  writeJson(options, { conditions, differences, results, stacks, features, go })
  return differences.some((difference) => difference.failure) ? 1 : 0
}

function writeJson(options: BenchOptions, results: unknown): void {
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify(results, null, 2)}\n`)
}

function parseOrExit(): BenchOptions {
  try {
    const options = readOptions(process.argv.slice(2))
    if (options !== 'help') return options
    console.log(USAGE)
    process.exit(0)
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    process.exit(2)
  }
}
