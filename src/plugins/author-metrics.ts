import type { Counter, Histogram, MetricInit } from '../sdk/tools.ts'
import { type HistogramMetric, openCounter, openHistogram, quantile } from '../shared/metric-cells.ts'
import type { Surroundings } from '../shared/surroundings.ts'

/** What an author says of a histogram. */
export interface HistogramInit extends MetricInit {
  /** Upper bounds of the buckets, ascending; by default those for milliseconds. */
  readonly buckets?: readonly number[]
}

/** How values are spread. */
export interface Distribution {
  readonly count: number
  readonly mean: number
  /** So many percent of the values are at most this, estimated within a bucket. */
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly buckets: readonly Bucket[]
}

/** One bucket of a histogram. */
export interface Bucket {
  /** The greatest value that it takes; null for the last one, which takes all greater ones. */
  readonly upTo: number | null
  readonly count: number
}

/**
 * A counter or a histogram of an author.
 *
 * @example
 * const values = gateway.metrics().map((metric) => (metric.type === 'counter' ? metric.value : metric.p99))
 */
export type MetricReading = CounterReading | HistogramReading

/** Whose metric it is. */
export interface MetricName {
  readonly plugin: string
  readonly name: string
  /** Empty when the author gave none. */
  readonly description: string
}

/** What a counter has come to. */
export interface CounterReading extends MetricName {
  readonly type: 'counter'
  readonly value: number
}

/** How the values of a histogram are spread. */
export interface HistogramReading extends MetricName, Distribution {
  readonly type: 'histogram'
}

/** What the authors of plugins count. */
export interface AuthorMetrics {
  /**
   * The same object for the same plugin and name.
   * @throws TypeError when the plugin has a histogram of that name
   */
  counter(plugin: string, name: string, init?: MetricInit): Counter
  /**
   * The same object for the same plugin and name.
   * @throws TypeError when the plugin has a counter of that name, or a histogram with other buckets
   */
  histogram(plugin: string, name: string, init?: HistogramInit): Histogram
  /** The counters and histograms of authors, in the order in which they were made. */
  read(): readonly MetricReading[]
}

/** Opens metrics in the memory that all threads share. */
export function createAuthorMetrics({ cells, thread }: Pick<Surroundings, 'cells' | 'thread'>): AuthorMetrics {
  const { row, rows } = thread
  const counters = new Map<string, Counter>()
  const histograms = new Map<string, { readonly metric: Histogram; readonly form: string }>()
  const readings: (() => MetricReading)[] = []
  return {
    counter(plugin, name, { description = '' } = {}) {
      const key = `${plugin}|${name}`
      if (histograms.has(key)) throw taken(name, 'a histogram')
      const known = counters.get(key)
      if (known !== undefined) return known
      const cell = openCounter(cells, `plugin-counter|${key}`, row, rows)
      const metric = { add: (n = 1) => cell.add(checked(n, 0)) }
      counters.set(key, metric)
      readings.push(() => ({ plugin, name, description, type: 'counter', value: cell.read() }))
      return metric
    },
    histogram(plugin, name, { description = '', buckets } = {}) {
      const key = `${plugin}|${name}`
      const form = buckets === undefined ? '' : checkBuckets(buckets).join()
      if (counters.has(key)) throw taken(name, 'a counter')
      const known = histograms.get(key)
      if (known !== undefined) {
        if (known.form === form) return known.metric
        throw taken(name, 'a histogram with other buckets')
      }
      const cell = openHistogram(cells, `plugin-histogram|${key}`, row, rows, buckets)
      const metric = { record: (value: number) => cell.record(checked(value, Number.NEGATIVE_INFINITY)) }
      histograms.set(key, { metric, form })
      readings.push(() => ({ plugin, name, description, type: 'histogram', ...readDistribution(cell) }))
      return metric
    },
    read: () => readings.map((read) => read()),
  }
}

/** What is told of a histogram; zeros where there are no values. */
export function readDistribution(histogram: HistogramMetric): Distribution {
  const values = histogram.read()
  const { count, sum, buckets, bounds } = values
  const estimate = (share: number) => (count === 0 ? 0 : quantile(values, share))
  return {
    count,
    mean: count === 0 ? 0 : sum / count,
    p50: estimate(0.5),
    p90: estimate(0.9),
    p99: estimate(0.99),
    buckets: buckets.map((inBucket, i) => ({ upTo: bounds[i] ?? null, count: inBucket })),
  }
}

function taken(name: string, what: string): TypeError {
  return new TypeError(`"${name}" is ${what} of this plugin already; choose another name`)
}

function checkBuckets(buckets: readonly number[]): readonly number[] {
  const ascending = buckets.every(
    (bound, i) => Number.isFinite(bound) && bound > (buckets[i - 1] ?? Number.NEGATIVE_INFINITY),
  )
  if (ascending && buckets.length > 0) return buckets
  throw new TypeError('"buckets" must be a list of upper bounds, each greater than the one before: [10, 100, 1000]')
}

function checked(value: number, least: number): number {
  if (Number.isFinite(value) && value >= least) return value
  throw new RangeError(`${value} cannot be counted: a finite number${least === 0 ? ', 0 or more,' : ''} is needed`)
}
