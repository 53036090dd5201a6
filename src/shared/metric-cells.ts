import { type Cells, cellName } from './cells.ts'

/**
 * Upper bounds of a histogram's buckets for latencies, in milliseconds: what is equal to a bound is in its bucket. What
 * is above the last is in one more.
 */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000, 30_000, 60_000,
]

/** What a metric is asked for, whatever it counts. */
interface Metric {
  /**
   * Fulfilled when other threads see the values too. Until then they are kept in this thread, as they are for good if
   * the memory cannot be had: then it is rejected, which nobody needs to handle.
   */
  readonly shared: Promise<void>
}

/** A number that all threads add to. */
export interface CounterMetric extends Metric {
  add(value?: number): void
  /** The sum over all threads. */
  read(): number
}

/** How often values fell into each bucket. */
export interface HistogramValues {
  /** Upper bounds of the buckets, ascending. */
  readonly bounds: readonly number[]
  /** How many values were in each bucket alone; one more than there are bounds, for what is above the last. */
  readonly buckets: readonly number[]
  readonly count: number
  readonly sum: number
}

/** The distribution of values that all threads record. */
export interface HistogramMetric extends Metric {
  /** Counts a value; NaN is left out. */
  record(value: number): void
  /** The sums over all threads. */
  read(): HistogramValues
}

/** Rows of numbers, one a thread; begin in the thread's own memory and go over to the shared cell. */
interface Rows {
  /** All rows, and where the own one begins; both change once. */
  values: Float64Array
  start: number
  readonly shared: Promise<void>
}

/** A row fills whole cache lines (64 bytes), so that threads do not slow each other down. */
const LINE = 8

/**
 * A counter of which each thread writes one row: an addition costs what it costs in plain memory. At most one thread at
 * a time may have a row; its successor goes on where it stopped. It counts at once, wherever the memory is.
 */
export function openCounter(cells: Cells, name: string, row: number, rows: number): CounterMetric {
  const own = openRows(cells, name, 1, row, rows)
  return {
    shared: own.shared,
    add(value = 1) {
      own.values[own.start] = (own.values[own.start] ?? 0) + value
    },
    read: () => sumColumn(own.values, LINE, 0),
  }
}

/**
 * A histogram, as `openCounter`. Histograms of other bounds are other histograms, even with the same name.
 * @throws RangeError for bounds that do not ascend.
 */
export function openHistogram(
  cells: Cells,
  name: string,
  row: number,
  rows: number,
  bounds: readonly number[] = LATENCY_BOUNDS_MS,
): HistogramMetric {
  if (
    bounds.length === 0 ||
    bounds.some((bound, index) => !(bound > (bounds[index - 1] ?? Number.NEGATIVE_INFINITY)))
  ) {
    throw new RangeError(`the bounds of a histogram ascend: not ${bounds.join(', ')}`)
  }
  const upper = Float64Array.from(bounds)
  const sumAt = upper.length + 1
  const own = openRows(cells, cellName('histogram', name, bounds), sumAt + 1, row, rows)
  const width = rowWidth(sumAt + 1)
  return {
    shared: own.shared,
    record(value) {
      if (Number.isNaN(value)) return
      const { values, start } = own
      const at = start + bucketOf(upper, value)
      values[at] = (values[at] ?? 0) + 1
      values[start + sumAt] = (values[start + sumAt] ?? 0) + value
    },
    read() {
      const buckets = Array.from({ length: sumAt }, (_, column) => sumColumn(own.values, width, column))
      const count = buckets.reduce((sum, times) => sum + times, 0)
      return { bounds: Array.from(upper), buckets, count, sum: sumColumn(own.values, width, sumAt) }
    },
  }
}

/**
 * The value below which that share (0 to 1) of the values is, as if they lay evenly in their bucket. The first bucket is
 * taken to begin at 0 (or at its bound, if that is lower), and what is above the last bound as equal to it. NaN without
 * values.
 */
export function quantile({ bounds, buckets, count }: HistogramValues, share: number): number {
  if (count === 0) return Number.NaN
  const rank = Math.min(1, Math.max(0, share)) * count
  let below = 0
  for (const [index, upper] of bounds.entries()) {
    const inside = buckets[index] ?? 0
    if (inside > 0 && below + inside >= rank) {
      const lower = bounds[index - 1] ?? Math.min(0, upper)
      return lower + (upper - lower) * ((rank - below) / inside)
    }
    below += inside
  }
  return bounds.at(-1) ?? Number.NaN
}

/** The first bucket whose bound is not below the value. */
function bucketOf(upper: Float64Array, value: number): number {
  let low = 0
  let high = upper.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (value <= (upper[middle] ?? 0)) high = middle
    else low = middle + 1
  }
  return low
}

function rowWidth(columns: number): number {
  return Math.ceil(columns / LINE) * LINE
}

function openRows(cells: Cells, name: string, columns: number, row: number, rows: number): Rows {
  if (!Number.isInteger(row) || row < 0 || row >= rows) throw new RangeError(`of ${rows} rows there is none ${row}`)
  const width = rowWidth(columns)
  const { promise: shared, resolve, reject } = Promise.withResolvers<void>()
  shared.catch(() => {})
  const own: Rows = { values: new Float64Array(width), start: 0, shared }
  cells.open(name, rows * width * Float64Array.BYTES_PER_ELEMENT).then((cell) => {
    const values = new Float64Array(cell)
    const start = row * width
    own.values.forEach((value, column) => {
      values[start + column] = (values[start + column] ?? 0) + value
    })
    own.values = values
    own.start = start
    resolve()
  }, reject)
  return own
}

function sumColumn(values: Float64Array, width: number, column: number): number {
  let sum = 0
  for (let at = column; at < values.length; at += width) sum += values[at] ?? 0
  return sum
}
