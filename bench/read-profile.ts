/** Prints where the time of a `.cpuprofile` went: `node bench/read-profile.ts FILE [LINES]`. See README.md. */
import { readFileSync } from 'node:fs'

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

interface Profile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const [file, lines = '30'] = process.argv.slice(2)
if (file === undefined) {
  console.error('usage: node bench/read-profile.ts FILE [LINES]')
  process.exit(2)
}

const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile
const selfTimes = sumSelfTimes(profile)
const byFunction = new Map<string, number>()
const byPlace = new Map<string, number>()
let busy = 0
for (const { id, callFrame } of profile.nodes) {
  const time = selfTimes.get(id) ?? 0
  if (time === 0 || callFrame.functionName === '(idle)') continue
  busy += time
  const where = shortPlace(callFrame.url)
  add(byPlace, where === '' ? callFrame.functionName : where.replace(/\/[^/]*$/, ''), time)
  add(byFunction, `${callFrame.functionName || '(anonymous)'} ${where}:${callFrame.lineNumber + 1}`, time)
}
printShares('by folder', byPlace)
printShares('by function', byFunction)

function sumSelfTimes({ samples, timeDeltas }: Profile): Map<number, number> {
  const times = new Map<number, number>()
  for (const [index, id] of samples.entries()) add(times, id, timeDeltas[index] ?? 0)
  return times
}

function add<Key>(sums: Map<Key, number>, key: Key, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value)
}

/** The part of a script's address that tells modules apart. */
function shortPlace(url: string): string {
  const packaged = url.lastIndexOf('node_modules/')
  if (packaged !== -1) return url.slice(packaged + 'node_modules/'.length)
  return url.replace(/^file:\/\//, '').replace(`${process.cwd()}/`, '')
}

function printShares(title: string, sums: ReadonlyMap<string, number>): void {
  console.log(`${title} (self time, % of ${(busy / 1000).toFixed(0)} ms busy)`)
  const sorted = [...sums].toSorted((a, b) => b[1] - a[1]).slice(0, Number(lines))
  for (const [name, time] of sorted) console.log(`${((time / busy) * 100).toFixed(1).padStart(6)}  ${name}`)
}
