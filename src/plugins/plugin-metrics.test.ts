import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CellRegistry } from '../shared/cells.ts'
import { alone } from '../shared/surroundings.ts'
import { createPluginMetrics } from './plugin-metrics.ts'

/** The metrics of gateways in one process, each with a row of its own; resolves when they share their memory. */
function processOf(...rows: readonly number[]) {
  const cells = new CellRegistry()
  const metrics = rows.map((row) =>
    createPluginMetrics({ cells, thread: { index: row, threads: rows.length, row, rows: rows.length } }),
  )
  return { metrics, shared: () => new Promise(setImmediate) }
}

describe('the metrics of hooks', () => {
  test('are the sum over all threads, by plugin and hook', async () => {
    const { metrics, shared } = processOf(0, 1)
    for (const [row, ofThread] of metrics.entries()) {
      const hook = ofThread.hook('a', 'server')
      hook.record(4) // before the memory is there
      await shared()
      for (let call = 0; call <= row; call++) hook.record(40)
      hook.countError()
      ofThread.hook('a', 'client').record(1)
      ofThread.hook('b', 'server').record(1)
    }
    await shared()
    for (const ofThread of metrics) {
      const { server } = ofThread.usesOf('a', ['server', 'middleware'])
      assert.deepEqual([server?.calls, server?.errors, server?.meanMs], [5, 2, 25.6])
      assert.deepEqual(Object.keys(ofThread.usesOf('a', ['server', 'middleware'])), ['server'])
    }
  })

  test('go on in the next generation of a thread', async () => {
    const cells = new CellRegistry()
    const thread = { index: 0, threads: 1, row: 0, rows: 2 }
    const before = createPluginMetrics({ cells, thread }).hook('a', 'client')
    before.record(1)
    await new Promise(setImmediate)
    const after = createPluginMetrics({ cells, thread })
    after.hook('a', 'client').record(1)
    before.record(1) // a request that the former generation still answers
    await new Promise(setImmediate)
    assert.equal(after.usesOf('a', ['client']).client?.calls, 3)
  })

  test('tell how long calls take, as far as the buckets go', () => {
    const hook = createPluginMetrics(alone()).hook('a', 'server')
    assert.deepEqual(
      { ...hook.read(), buckets: [] },
      { calls: 0, errors: 0, meanMs: 0, p50: 0, p90: 0, p99: 0, buckets: [] },
    )
    for (let call = 0; call < 90; call++) hook.record(0.0009)
    for (let call = 0; call < 10; call++) hook.record(90_000)
    const { calls, p50, p99, buckets } = hook.read()
    assert.equal(calls, 100)
    assert.ok(p50 > 0 && p50 <= 0.001, String(p50))
    assert.equal(p99, 60_000)
    assert.deepEqual(buckets.at(0), { upTo: 0.001, count: 90 })
    assert.deepEqual(buckets.at(-1), { upTo: null, count: 10 })
    assert.equal(buckets.length, 25)
  })
})

describe('the metrics of authors', () => {
  test('are listed in the order in which they were made, one for each plugin and name', () => {
    const metrics = createPluginMetrics(alone())
    const hits = metrics.counter('a', 'hits', { description: 'Found' })
    metrics.histogram('a', 'sizes', { buckets: [1, 2] }).record(2)
    metrics.counter('b', 'hits').add(5)
    hits.add()
    hits.add(0.5)
    assert.equal(metrics.counter('a', 'hits'), hits)
    assert.equal(
      metrics.histogram('a', 'sizes', { buckets: [1, 2] }),
      metrics.histogram('a', 'sizes', { buckets: [1, 2] }),
    )
    assert.deepEqual(metrics.read(), [
      { plugin: 'a', name: 'hits', description: 'Found', type: 'counter', value: 1.5 },
      {
        ...{
          plugin: 'a',
          name: 'sizes',
          description: '',
          type: 'histogram',
          count: 1,
          mean: 2,
          p50: 1.5,
          p90: 1.9,
          p99: 1.99,
        },
        buckets: [
          { upTo: 1, count: 0 },
          { upTo: 2, count: 1 },
          { upTo: null, count: 0 },
        ],
      },
      { plugin: 'b', name: 'hits', description: '', type: 'counter', value: 5 },
    ])
  })

  test('refuse what would spoil them', () => {
    const metrics = createPluginMetrics(alone())
    const counter = metrics.counter('a', 'hits')
    const histogram = metrics.histogram('a', 'sizes')
    for (const n of [Number.NaN, -1, Number.POSITIVE_INFINITY]) assert.throws(() => counter.add(n), RangeError)
    for (const n of [Number.NaN, Number.NEGATIVE_INFINITY]) assert.throws(() => histogram.record(n), RangeError)
    assert.throws(() => metrics.counter('a', 'sizes'), /"sizes" is a histogram of this plugin already/)
    assert.throws(() => metrics.histogram('a', 'hits'), /"hits" is a counter of this plugin already/)
    assert.throws(() => metrics.histogram('a', 'sizes', { buckets: [1] }), /is a histogram with other buckets/)
    for (const buckets of [[], [2, 1], [1, 1], [Number.NaN], [1, Number.POSITIVE_INFINITY]]) {
      assert.throws(() => metrics.histogram('a', 'other', { buckets }), /"buckets" must be a list of upper bounds/)
    }
    assert.equal(metrics.read().length, 2)
  })
})
