import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { MessageChannel, Worker } from 'node:worker_threads'
import { CellRegistry } from './cells.ts'
import { CounterTable, counterTableBytes, DEFAULT_COUNTERS, openCounterTable } from './counter-table.ts'
import { createSharedClock } from './shared-clock.ts'

/** A table with a clock that is set by hand. */
function createTable(capacity = 32) {
  const clock = { now: 1_000 }
  const table = new CounterTable(new SharedArrayBuffer(counterTableBytes(capacity)), { now: () => clock.now })
  return { table, clock }
}

test('a counter begins at 0, moves by what is asked for, and is deleted', () => {
  const { table } = createTable()
  assert.equal(table.read('a'), 0)
  assert.equal(table.increment('a'), 1)
  assert.equal(table.increment('a', 5), 6)
  assert.equal(table.increment('a', -10), -4)
  assert.equal(table.increment('b', 0), 0)
  assert.equal(table.read('a'), -4)
  assert.equal(table.delete('a'), true)
  assert.equal(table.delete('a'), false)
  assert.equal(table.delete('never seen'), false)
  assert.equal(table.read('a'), 0)
  assert.equal(table.increment('a'), 1)
})

test('with a ttl the count starts anew when the time since its first increment has passed', () => {
  const { table, clock } = createTable()
  assert.equal(table.increment('a', 1, { ttlMs: 100 }), 1)
  clock.now += 60
  assert.equal(table.increment('a', 1, { ttlMs: 100 }), 2)
  clock.now += 39.9
  assert.equal(table.increment('a', 1, { ttlMs: 5 }), 3)
  assert.equal(table.read('a'), 3)
  clock.now += 0.1
  assert.equal(table.read('a'), 0)
  assert.equal(table.delete('a'), false)
  assert.equal(table.increment('a', 1, { ttlMs: 100 }), 1)
  clock.now += 99
  assert.equal(table.increment('a'), 2)
  clock.now += 1
  assert.equal(table.increment('a'), 1)
  clock.now += 1e9
  assert.equal(table.increment('a', 1, { ttlMs: 1 }), 2, 'a count without a ttl does not end')
})

test('a hit tells when the count ends', () => {
  const { table, clock } = createTable()
  clock.now = 1000.003
  assert.deepEqual(table.hit('a', 1, { ttlMs: 60_000 }), { value: 1, endsInMs: 60_000 })
  clock.now += 59_999.5
  assert.deepEqual(table.hit('a', 2, { ttlMs: 60_000 }), { value: 3, endsInMs: 1 })
  clock.now += 0.6
  assert.deepEqual(table.hit('a', 1, { ttlMs: 100 }), { value: 1, endsInMs: 100 })
  assert.deepEqual(table.hit('b'), { value: 1, endsInMs: Number.POSITIVE_INFINITY })
})

test('a counter that is set stands at that value until its new time is over', () => {
  const { table, clock } = createTable()
  table.set('a', 5)
  assert.equal(table.increment('a'), 6)
  table.set('a', -1, { ttlMs: 100 })
  assert.deepEqual([table.read('a'), table.evictions], [-1, 0])
  clock.now += 60
  table.set('a', 2, { ttlMs: 100 })
  clock.now += 99
  assert.deepEqual(table.hit('a', 1, { ttlMs: 5 }), { value: 3, endsInMs: 1 })
  clock.now += 1
  assert.equal(table.read('a'), 0)
  table.set('a', 7)
  clock.now += 1e9
  assert.equal(table.read('a'), 7)
  for (const value of [0.5, Number.NaN, 2 ** 53]) assert.throws(() => table.set('a', value), RangeError)
  assert.throws(() => table.set('a', 1, { ttlMs: 0 }), RangeError)
  assert.equal(table.read('a'), 7)
})

test('a count holds every safe integer, and what goes beyond is refused and changes nothing', () => {
  const { table } = createTable()
  const max = Number.MAX_SAFE_INTEGER
  assert.equal(table.increment('a', max), max)
  assert.throws(() => table.increment('a'), /stands at 9007199254740991 and cannot move by 1/)
  assert.equal(table.read('a'), max)
  assert.equal(table.increment('a', -max), 0)
  assert.equal(table.increment('a', -max, { ttlMs: 1 }), -max)
  assert.throws(() => table.increment('a', -1), RangeError)
  assert.equal(table.read('a'), -max)
  for (let exponent = 0; exponent < 53; exponent++) {
    assert.equal(table.increment(`2 to the ${exponent}`, 2 ** exponent, { ttlMs: 1 }), 2 ** exponent)
    assert.equal(table.increment(`2 to the ${exponent}`, -1), 2 ** exponent - 1)
  }
})

test('steps and times outside of their ranges are refused', () => {
  const { table } = createTable()
  for (const by of [0.5, Number.NaN, 2 ** 53]) assert.throws(() => table.increment('a', by), RangeError)
  for (const ttlMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e12]) {
    assert.throws(() => table.increment('a', 1, { ttlMs }), RangeError)
  }
  assert.equal(table.read('a'), 0)
  assert.equal(table.increment('a', 1, { ttlMs: 0.001 }), 1)
  for (const capacity of [0, 16, 33, 1000]) assert.throws(() => counterTableBytes(capacity), RangeError)
})

test('counters that have ended make room for new ones', () => {
  const { table, clock } = createTable(32)
  for (let round = 0; round < 5; round++) {
    for (let key = 0; key < 32; key++) {
      assert.equal(table.increment(`round ${round} key ${key}`, 1, { ttlMs: 10 }), 1)
    }
    clock.now += 10
  }
  assert.equal(table.evictions, 0)
})

test('in a full table the counter with the least time left makes room, and is counted', () => {
  const { table } = createTable(32)
  for (let key = 0; key < 32; key++) table.increment(`key ${key}`, 1, { ttlMs: 1000 - key })
  assert.equal(table.increment('new', 1, { ttlMs: 5000 }), 1)
  assert.equal(table.evictions, 1)
  assert.equal(table.read('key 31'), 0)
  assert.equal(table.increment('another', 1, { ttlMs: 5000 }), 1)
  assert.equal(table.read('key 30'), 0)
  for (let key = 0; key < 30; key++) assert.equal(table.read(`key ${key}`), 1)
  assert.equal(table.evictions, 2)
})

test('in a table full of counters that never end a new one is refused, with advice', () => {
  const { table } = createTable(32)
  for (let key = 0; key < 32; key++) table.increment(`key ${key}`)
  assert.throws(() => table.increment('new'), /no place for another counter among 32.*ttlMs, delete.*larger/)
  assert.equal(table.increment('key 7'), 2)
  table.delete('key 8')
  assert.equal(table.increment('new'), 1)
})

test('a table that is less than half full drops nothing', () => {
  const { table } = createTable(4096)
  const keys = Math.floor(4096 * 0.4)
  for (let key = 0; key < keys; key++) table.increment(`client ${key}`, key, { ttlMs: 1000 })
  assert.equal(table.evictions, 0)
  for (let key = 0; key < keys; key++) assert.equal(table.read(`client ${key}`), key)
})

test('the shared clock goes on and never back', () => {
  const now = createSharedClock()
  const other = createSharedClock()
  const first = now()
  assert.ok(now() >= first)
  assert.ok(Math.abs(other() - now()) < 5)
})

interface Threads {
  readonly keys: number
  readonly times: number
  readonly threads?: number
  readonly capacity?: number
  readonly ttlMs?: number
}

/** Threads that count in the table of these cells. */
function startThreads(t: TestContext, registry: CellRegistry, { threads = 4, ...work }: Threads): readonly Worker[] {
  return Array.from({ length: threads }, () => {
    const { port1, port2 } = new MessageChannel()
    registry.serve(port1)
    const worker = new Worker(new URL('./test-fixtures/counter-thread.ts', import.meta.url), {
      workerData: { port: port2, threads, capacity: DEFAULT_COUNTERS, ...work },
      transferList: [port2],
    })
    t.after(() => worker.terminate())
    return worker
  })
}

type Got = readonly ReadonlyMap<number, number>[]

/** What all threads got: for each key, how often each value. */
async function countedBy(workers: readonly Worker[]): Promise<Got> {
  const sums: Map<number, number>[] = []
  for (const [got] of (await Promise.all(workers.map((worker) => once(worker, 'message')))) as [Got][]) {
    got.forEach((values, key) => {
      const sum = sums[key] ?? new Map<number, number>()
      sums[key] = sum
      for (const [value, times] of values) sum.set(value, (sum.get(value) ?? 0) + times)
    })
  }
  return sums
}

test('four threads that count the same key get each value once', async (t) => {
  const registry = new CellRegistry()
  const [values] = await countedBy(startThreads(t, registry, { keys: 1, times: 20_000 }))
  assert.equal(values?.size, 80_000)
  assert.equal((await openCounterTable(registry, 'table')).read('key 0'), 80_000)
})

test('four threads that count many keys lose nothing', async (t) => {
  const registry = new CellRegistry()
  await countedBy(startThreads(t, registry, { keys: 1000, times: 20_000 }))
  const table = await openCounterTable(registry, 'table')
  for (let key = 0; key < 1000; key++) assert.equal(table.read(`key ${key}`), 80)
})

/** Of every window each value was given out once: none without the one before it. */
function assertWholeWindows(got: Got): number {
  let windows = 0
  for (const values of got) {
    windows += values.get(1) ?? 0
    for (const [value, times] of values) assert.ok(value === 1 || times <= (values.get(value - 1) ?? 0))
  }
  return windows
}

test('windows that end while four threads count are each counted exactly', async (t) => {
  const registry = new CellRegistry()
  const now = createSharedClock()
  const before = now()
  const got = await countedBy(startThreads(t, registry, { keys: 3, times: 20_000, ttlMs: 2 }))
  const windows = assertWholeWindows(got)
  assert.ok(windows > 3)
  assert.ok(windows <= 3 * (1 + (now() - before) / 2))
})

test('four threads that push each other out of a small table count exactly what is left', async (t) => {
  const registry = new CellRegistry()
  const got = await countedBy(startThreads(t, registry, { keys: 40, times: 4_000, capacity: 32, ttlMs: 3_600_000 }))
  const table = await openCounterTable(registry, 'table', { capacity: 32 })
  const begun = assertWholeWindows(got)
  const left = got.filter((_, key) => table.read(`key ${key}`) > 0).length
  assert.ok(table.evictions > 0)
  assert.equal(begun, table.evictions + left)
})

test('threads that are ended in the middle leave a table that counts', async (t) => {
  const registry = new CellRegistry()
  const table = await openCounterTable(registry, 'table', { capacity: 64 })
  for (let round = 0; round < 3; round++) {
    const workers = startThreads(t, registry, { keys: 70, times: 1e9, threads: 2, capacity: 64, ttlMs: 1 })
    const started = new Int32Array(registry.get('started', 4))
    while (Atomics.load(started, 0) < 2) await Atomics.waitAsync(started, 0, Atomics.load(started, 0)).value
    while (table.increment('here too', 1, { ttlMs: 3_600_000 }) % 1000 > 0);
    await Promise.all(workers.map((worker) => worker.terminate()))
    Atomics.store(started, 0, 0)
  }
  for (let key = 0; key < 20; key++) {
    assert.equal(table.increment(`after ${key}`, 1, { ttlMs: 3_600_000 }), 1)
    assert.equal(table.increment(`after ${key}`, 1, { ttlMs: 3_600_000 }), 2)
  }
})
