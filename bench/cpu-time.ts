import { readdirSync, readFileSync } from 'node:fs'

const NS_PER_TICK = 10_000_000 // USER_HZ is 100 on every Linux that Node runs on
const STAT_UTIME = 11
const STAT_STIME = 12
const BYTES_PER_KB = 1024

/** Adds up, in nanoseconds, the CPU time of a process, its threads and all its descendants that are still alive. */
export function cpuTimeNs(pid: number): number {
  let sum = 0
  for (const one of processTree(pid)) sum += ownCpuTimeNs(one)
  return sum
}

/** Resident memory of a process and its descendants, in bytes. */
export function residentBytes(pid: number): number {
  let sum = 0
  for (const one of processTree(pid)) {
    const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readOrEmpty(`/proc/${one}/status`))?.[1]
    sum += Number(kilobytes ?? 0) * BYTES_PER_KB
  }
  return sum
}

/** A process and its descendants, parents first. */
export function processTree(pid: number): number[] {
  const tree = [pid]
  for (const one of tree) {
    for (const task of tasksOf(one)) {
      const children = readOrEmpty(`/proc/${one}/task/${task}/children`).trim()
      if (children !== '') tree.push(...children.split(' ').map(Number))
    }
  }
  return tree
}

/** The scheduler's figure is exact to the nanosecond; kernels without it count in ticks of 10 ms. */
function ownCpuTimeNs(pid: number): number {
  let sum = 0
  for (const task of tasksOf(pid)) sum += Number(readOrEmpty(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0] ?? 0)
  if (sum > 0) return sum
  const stat = readOrEmpty(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[STAT_UTIME] ?? 0) + Number(fields[STAT_STIME] ?? 0)) * NS_PER_TICK
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** A thread may end between listing and reading. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
