import { cpus } from 'node:os'
import type { Cores } from './cores.ts'
import type { BenchOptions } from './options.ts'
import type { CaseResult, Difference, SideResult } from './rounds.ts'

/** The side that the goals are for. */
const JUDGED = 'loligo'
/** Below that the side waited for the load, and its figures say little about its speed. */
const SATURATED = 0.9

/** What was measured with: belongs beside every figure. */
export interface Conditions {
  readonly node: string
  readonly cpu: string
  readonly cores: Cores | null
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}

export function describeConditions(options: BenchOptions, cores: Cores | null): Conditions {
  const { rounds, seconds, connections } = options
  return { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cores, rounds, seconds, connections }
}

export function formatConditions({ node, cpu, cores, rounds, seconds, connections }: Conditions): string {
  const place = cores === null ? 'NOT pinned (needs Linux, taskset and two cores)' : `pinned to core ${cores.measured}`
  const load = `${rounds} rounds of ${seconds} s, ${connections} connections`
  return `Node ${node} on ${cpu}; the measured side ${place}; ${load}; medians; access logs off.`
}

export function formatDifference({ side, case: name, what, excluded, failure }: Difference): string {
  const effect = excluded ? 'not measured' : 'measured all the same'
  return `${failure ? 'FAILED' : 'note'}: ${side}, ${name}: ${what} (${effect})`
}

/** The head of the Markdown table. */
export function formatTableHead(): string {
  return [
    formatRow(['case', 'side', 'req/s', 'p50 ms', 'p99 ms', 'CPU µs/req', 'busy', 'of bare', 'goal']),
    formatRow([
      '-'.repeat(34),
      '-'.repeat(8),
      '------:',
      '------:',
      '------:',
      '---------:',
      '---:',
      '------:',
      '----',
    ]),
  ].join('\n')
}

/** The rows of one case. */
export function formatCase(result: CaseResult): string {
  return result.sides.map((side, index) => formatSide(result, side, index === 0)).join('\n')
}

/** Whether the judged side keeps the goal of a case; undefined when it, or bare, was not measured. */
export function keepsGoal(result: CaseResult): boolean | undefined {
  const toBare = result.sides.find((side) => side.side === JUDGED)?.toBare
  return toBare === undefined || toBare === null ? undefined : toBare <= result.goal
}

function formatSide(result: CaseResult, side: SideResult, first: boolean): string {
  const kept = side.side === JUDGED ? keepsGoal(result) : undefined
  return formatRow([
    first ? result.title : '',
    side.side,
    side.requestsPerSecond.toFixed(0),
    (side.p50Us / 1000).toFixed(2),
    (side.p99Us / 1000).toFixed(2),
    side.cpuUs.toFixed(1),
    `${(side.busy * 100).toFixed(0)}%${side.busy < SATURATED ? '!' : ''}`,
    side.toBare === null ? '' : side.toBare.toFixed(2),
    kept === undefined ? '' : `${kept ? 'ok' : 'MISSED'} (${result.goal})`,
  ])
}

const WIDTHS = [34, 8, 7, 7, 7, 10, 5, 7, 13]
const LEFT_ALIGNED = new Set([0, 1, 8])

function formatRow(cells: readonly string[]): string {
  const padded = cells.map((cell, index) => {
    const width = WIDTHS[index] ?? 0
    return LEFT_ALIGNED.has(index) ? cell.padEnd(width) : cell.padStart(width)
  })
  return `| ${padded.join(' | ')} |`
}
