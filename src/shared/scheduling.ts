import { readFileSync, readlinkSync } from 'node:fs'

/** What the system has done with a thread since it began, in milliseconds. */
export interface Scheduling {
  /** It was on a processor. */
  readonly ranMs: number
  /** It could have run, but others had the processors. */
  readonly waitedMs: number
}

/** Asks the system about a thread of this process; null where it does not tell (anything but Linux). */
export function schedulingOf(systemThread: number): Scheduling | null {
  if (systemThread === 0) return null
  try {
    const [ran = Number.NaN, waited = Number.NaN] = readFileSync(`/proc/self/task/${systemThread}/schedstat`, 'utf8')
      .split(' ')
      .map((nanoseconds) => Number(nanoseconds) / 1e6)
    return Number.isNaN(ran + waited) ? null : { ranMs: ran, waitedMs: waited }
  } catch {
    return null
  }
}

/** The processes that a thread has started and that live, the last one last; none where the system does not tell. */
export function childrenOf(systemThread: number): readonly number[] {
  if (systemThread === 0) return []
  try {
    const text = readFileSync(`/proc/self/task/${systemThread}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** The number by which the system knows this thread; 0 where it does not tell. Linux has a link to the thread that looks at it. */
export function systemThread(): number {
  try {
    return Number(/\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1] ?? 0)
  } catch {
    return 0
  }
}
