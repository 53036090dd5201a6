import { availableParallelism, platform } from 'node:os'

const MOST_BY_DEFAULT = 8
const MOST = 128

/** Threads can share a port by `reusePort` on Linux only. */
export function canSharePort(): boolean {
  return platform() === 'linux'
}

/** Two at least, so that one that dies does not take the service with it; one for each core up to eight. */
export function defaultThreads(): number {
  return Math.min(Math.max(2, availableParallelism()), MOST_BY_DEFAULT)
}

/** Reads a number of threads as a user wrote it; null when it is none. */
export function parseThreads(text: string): number | null {
  if (!/^\d{1,3}$/.test(text)) return null
  const threads = Number(text)
  return threads >= 1 && threads <= MOST ? threads : null
}
