import { totalmem } from 'node:os'

const SMALLEST_MB = 128
const LARGEST_MB = 2048

/** The part of the memory that all heaps together may fill; the rest is for buffers, stacks and the main thread. */
const SHARE = 0.75

/**
 * How large the heap of each gateway thread may become, in MiB: a thread that leaks reaches its own limit and is
 * replaced before the system ends the process. Limits of a container count.
 */
export function heapLimitMb(threads: number, memoryBytes: number = availableMemory()): number {
  const each = Math.floor((memoryBytes * SHARE) / threads / (1024 * 1024))
  return Math.min(Math.max(each, SMALLEST_MB), LARGEST_MB)
}

function availableMemory(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
}
