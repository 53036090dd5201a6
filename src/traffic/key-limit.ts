import type { ServiceTools } from '../config/feature.ts'
import { cellName } from '../shared/cells.ts'
import { paceOf } from './gcra.ts'
import { LimitTable, limitTableBytes } from './limit-table.ts'
import type { LimitPlace } from './rate-limit.ts'
import { sharedTime } from './shared-time.ts'

const SECOND_MS = 1000

/**
 * A bucket for each of a known number of keys, for all threads together; it holds what comes in a second, at least 1.
 * @param rate tokens per second, above 0
 * @returns takes a token of a key's bucket: false when there is none
 */
export async function openKeyLimit(
  rate: number,
  keys: number,
  { namespace, name }: LimitPlace,
  { cells, clock, shared }: ServiceTools,
): Promise<(key: string) => boolean> {
  // Room for twice as many, so that no key has to share a bucket, and a few more do not need another table.
  const bytes = limitTableBytes(2 * keys)
  const cell = await cells.open(cellName(namespace, name, { rate, bytes }), bytes)
  const pace = paceOf(rate, SECOND_MS, Math.max(1, Math.floor(rate)))
  const time = shared('traffic|time', () => sharedTime(clock))
  const table = new LimitTable(cell, pace, time, () => {})
  return (key) => table.take(key) >= 0
}
