import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { MessageChannel, Worker } from 'node:worker_threads'
import { CellRegistry, type Cells } from './cells.ts'
import { type HistogramValues, LATENCY_BOUNDS_MS, openCounter, openHistogram, quantile } from './metric-cells.ts'

test('what is counted before the memory has come is not lost', async () => {
  const registry = new CellRegistry()
  const arrived = Promise.withResolvers<void>()
  const late: Cells = {
    async open(name, bytes) {
      await arrived.promise
      return registry.open(name, bytes)
    },
  }
  const other = openCounter(registry, 'requests', 1, 2)
  await other.shared
  other.add(10)
  const counter = openCounter(late, 'requests', 0, 2)
  const histogram = openHistogram(late, 'latency', 0, 2, [1, 10])
  counter.add()
  counter.add(2)
  histogram.record(5)
  assert.equal(counter.read(), 3)
  assert.equal(other.read(), 10)
  assert.deepEqual(histogram.read().buckets, [0, 1, 0])
  arrived.resolve()
  await Promise.all([counter.shared, histogram.shared])
  counter.add()
  histogram.record(6)
  assert.equal(counter.read(), 14)
  assert.equal(other.read(), 14)
  assert.deepEqual(histogram.read(), { bounds: [1, 10], buckets: [0, 2, 0], count: 2, sum: 11 })
})

test('a successor goes on in the row of the thread before it', async () => {
  const registry = new CellRegistry()
  const before = openCounter(registry, 'requests', 0, 1)
  await before.shared
  before.add(5)
  const after = openCounter(registry, 'requests', 0, 1)
  after.add(1)
  await after.shared
  assert.equal(after.read(), 6)
  assert.equal(before.read(), 6)
})

test('memory that cannot be had leaves a metric that counts here', async () => {
  const counter = openCounter({ open: () => Promise.reject(new Error('no memory')) }, 'requests', 0, 1)
  await assert.rejects(counter.shared, /no memory/)
  counter.add(2)
  assert.equal(counter.read(), 2)
})

test('a value is in the bucket whose bound it does not exceed', () => {
  const histogram = openHistogram(new CellRegistry(), 'latency', 0, 1)
  const values = [-1, 0, 0.05, 0.051, 60_000, 60_001, Number.POSITIVE_INFINITY, Number.NaN]
  for (const value of values) histogram.record(value)
  const { buckets, count, bounds } = histogram.read()
  assert.deepEqual(bounds, LATENCY_BOUNDS_MS)
  assert.equal(count, 7)
  assert.deepEqual([buckets[0], buckets[1], buckets.at(-2), buckets.at(-1)], [3, 1, 1, 2])
  for (const bound of LATENCY_BOUNDS_MS) {
    const one = openHistogram(new CellRegistry(), 'latency', 0, 1)
    one.record(bound)
    one.record(bound * 1.0001)
    const at = LATENCY_BOUNDS_MS.indexOf(bound)
    assert.deepEqual(one.read().buckets.slice(at, at + 2), [1, 1])
  }
})

test('a quantile is estimated between the bounds of its bucket', () => {
  const of = (buckets: number[], bounds = [10, 20, 40]): HistogramValues => {
    return { bounds, buckets, count: buckets.reduce((sum, times) => sum + times, 0), sum: 0 }
  }
  assert.equal(quantile(of([10, 10, 0, 0]), 0.5), 10)
  assert.equal(quantile(of([10, 10, 0, 0]), 0.25), 5)
  assert.equal(quantile(of([10, 10, 0, 0]), 0.75), 15)
  assert.equal(quantile(of([0, 0, 4, 0]), 1), 40)
  assert.equal(quantile(of([0, 0, 4, 0]), 0), 20)
  assert.equal(quantile(of([1, 0, 0, 9]), 0.9), 40)
  assert.equal(quantile(of([2, 0], [-5]), 0.5), -5)
  assert.ok(Number.isNaN(quantile(of([0, 0, 0, 0]), 0.5)))
})

test('bounds that do not ascend and rows that do not exist are refused', () => {
  const registry = new CellRegistry()
  for (const bounds of [[], [1, 1], [2, 1], [Number.NaN]]) {
    assert.throws(() => openHistogram(registry, 'latency', 0, 1, bounds), RangeError)
  }
  for (const row of [-1, 2, 0.5]) assert.throws(() => openCounter(registry, 'requests', row, 2), RangeError)
})

test('histograms of other bounds do not mix', async () => {
  const registry = new CellRegistry()
  const one = openHistogram(registry, 'size', 0, 1, [1, 2])
  const two = openHistogram(registry, 'size', 0, 1, [1, 3])
  await Promise.all([one.shared, two.shared])
  one.record(1)
  assert.equal(two.read().count, 0)
})

test('threads record in their rows, and whoever reads has the sums', async () => {
  const registry = new CellRegistry()
  await Promise.all(
    [0, 1, 2].map(async (row) => {
      const { port1, port2 } = new MessageChannel()
      registry.serve(port1)
      const worker = new Worker(new URL('./test-fixtures/metric-thread.ts', import.meta.url), {
        workerData: { port: port2, row, rows: 3, times: 10_000 },
        transferList: [port2],
      })
      assert.deepEqual(await once(worker, 'exit'), [0])
    }),
  )
  const counter = openCounter(registry, 'requests', 0, 3)
  const histogram = openHistogram(registry, 'latency', 0, 3)
  await Promise.all([counter.shared, histogram.shared])
  assert.equal(counter.read(), 30_000)
  const { count, sum } = histogram.read()
  assert.deepEqual([count, sum], [30_000, 10_000 * (1 + 2 + 3)])
})
