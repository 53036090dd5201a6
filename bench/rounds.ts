import type { BenchCase } from './cases.ts'
import type { BenchOptions } from './options.ts'
import type { Rig, Sample } from './rig.ts'
import type { Side } from './sides.ts'

/** The medians of one side in one case. */
export interface SideResult extends Sample {
  readonly side: string
  /** CPU time as a multiple of bare's, the median over the rounds; null when bare was not measured. */
  readonly toBare: number | null
}

export interface CaseResult {
  readonly case: string
  readonly title: string
  readonly goal: number
  readonly sides: readonly SideResult[]
}

/** What was found before measuring: sides that do not do the visible work of a case. */
export interface Difference {
  readonly side: string
  readonly case: string
  readonly what: string
  /** The answer itself differs, so the side is not measured in that case. */
  readonly excluded: boolean
  /** The side should have been equal: the bench fails. */
  readonly failure: boolean
}

/** Which sides take part in which case. */
export type Plan = ReadonlyMap<BenchCase, readonly Side[]>

/** Checks one answer per side and case; what differs is left out or reported. */
export async function planCases(
  options: BenchOptions,
  sides: readonly Side[],
  rig: Rig,
): Promise<{ plan: Plan; differences: readonly Difference[] }> {
  const plan = new Map<BenchCase, readonly Side[]>()
  const differences: Difference[] = []
  for (const one of options.cases) {
    const taking: Side[] = []
    for (const side of sides.filter((candidate) => candidate.measures(one))) {
      const { data, headers } = await rig.check(side, one)
      const what = data ?? headers
      const excluded = data !== null
      if (what !== null) differences.push({ side: side.name, case: one.name, what, excluded, failure: side.strict })
      if (data === null) taking.push(side)
    }
    plan.set(one, taking)
  }
  return { plan, differences }
}

/** Runs every case of every side once, so that all code is compiled before anything is measured. */
export async function warmUp(options: BenchOptions, plan: Plan, rig: Rig): Promise<void> {
  for (const [one, sides] of plan) {
    for (const side of sides) await rig.measure(side, one, options.connections, options.warmUpSeconds)
  }
}

/** Measures one case: all sides within each round, beginning with another one each time. */
export async function measureCase(
  options: BenchOptions,
  one: BenchCase,
  sides: readonly Side[],
  rig: Rig,
): Promise<CaseResult> {
  const samples = new Map<string, Sample[]>(sides.map((side) => [side.name, []]))
  for (let round = 0; round < options.rounds; round++) {
    const first = round % Math.max(1, sides.length)
    for (const side of [...sides.slice(first), ...sides.slice(0, first)]) {
      samples.get(side.name)?.push(await rig.measure(side, one, options.connections, options.seconds))
    }
  }
  const bare = samples.get('bare')
  const results = [...samples].map(([side, list]) => ({ side, ...medians(list), toBare: ratio(list, bare) }))
  return { case: one.name, title: one.title, goal: one.goal, sides: results }
}

/** The middle value, or the mean of the two in the middle; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const upper = sorted[Math.floor(middle)] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

function medians(samples: readonly Sample[]): Sample {
  const of = (key: keyof Sample) => median(samples.map((sample) => sample[key]))
  return {
    requestsPerSecond: of('requestsPerSecond'),
    p50Us: of('p50Us'),
    p99Us: of('p99Us'),
    cpuUs: of('cpuUs'),
    busy: of('busy'),
  }
}

/** Compares within each round, where both sides met the same conditions. */
function ratio(samples: readonly Sample[], bare: readonly Sample[] | undefined): number | null {
  if (bare === undefined) return null
  return median(samples.map((sample, round) => sample.cpuUs / (bare[round]?.cpuUs ?? Number.NaN)))
}
