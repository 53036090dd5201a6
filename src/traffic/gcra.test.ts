import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUCKET_BYTES, createBucket, millisecondsFor, paceOf } from './gcra.ts'
import { inThreads } from './test-fixtures/limit-threads.ts'

const HOUR_MS = 3_600_000

/** A bucket with a clock that is set by hand. */
function bucketOf(rate: number, everyMs: number, capacity: number, now = 5e7) {
  const clock = { now }
  const pace = paceOf(rate, everyMs, capacity)
  const take = createBucket(new SharedArrayBuffer(BUCKET_BYTES), 0, pace, () => clock.now)
  /** How many of some requests pass. */
  const burst = (requests: number) => Array.from({ length: requests }, take).filter((left) => left >= 0).length
  return { clock, pace, take, burst }
}

test('a bucket is full at first, and tells what is left', () => {
  const { take } = bucketOf(3, HOUR_MS, 3)
  assert.deepEqual([take(), take(), take()], [2, 1, 0])
  assert.equal(take(), -1)
  assert.equal(take(), -1, 'a refusal costs nothing')
})

test('tokens come back one by one, also in a bucket that is not empty', () => {
  const { take, burst, clock } = bucketOf(1, 3000, 5)
  assert.equal(burst(3), 3)
  clock.now += 3000
  assert.equal(burst(9), 3)
  clock.now += 2900
  const left = take()
  assert.ok(left < 0 && left > -0.04, `0.1 of 3 seconds are missing: ${left}`)
  clock.now += 100
  assert.equal(burst(9), 1)
})

test('after a pause the bucket holds its capacity and no more', () => {
  const { burst, clock } = bucketOf(5, 1000, 5)
  burst(10)
  clock.now += HOUR_MS
  assert.equal(burst(20), 5)
})

test('the rate is exact over a long time, whatever its size', () => {
  for (const [rate, everyMs, capacity] of [
    [7, 1000, 2],
    [1 / 3, 1000, 2],
    [999, 1000, 999],
    [100_000, 1000, 5],
    [1e6, 1000, 1e6],
    [30, HOUR_MS, 30],
  ] as const) {
    const { take, clock, pace } = bucketOf(rate, everyMs, capacity)
    let passed = 0
    const start = clock.now
    const step = millisecondsFor(0.3, pace)
    for (let request = 0; request < 10_000; request++) {
      if (take() >= 0) passed++
      clock.now += step
    }
    const expected = capacity + ((clock.now - start) * rate) / everyMs
    assert.ok(Math.abs(passed - Math.min(expected, 10_000)) <= 2, `${rate} per ${everyMs} ms: ${passed} of ${expected}`)
  }
})

test('a clock that is a little behind that of another thread gives nothing away', () => {
  const { take, clock } = bucketOf(1, 1000, 2)
  take()
  take()
  clock.now -= 5
  assert.ok(take() < -1)
})

test('what is missing is told as time', () => {
  const { pace, take } = bucketOf(2, 1000, 1)
  take()
  assert.equal(millisecondsFor(-take(), pace), 500)
})

test('eight threads at full speed let pass what one would', async (t) => {
  const memory = new SharedArrayBuffer(BUCKET_BYTES)
  const limit = { rate: 1, everyMs: HOUR_MS, capacity: 1000 }
  const { passed } = await inThreads(t, { threads: 8, memory, clients: 0, times: 2500, ...limit, clock: null })
  assert.ok(Math.abs((passed[0] ?? 0) - 1000) <= 1, String(passed))
})

test('threads that run against each other while tokens come back take each of them once', async (t) => {
  const memory = new SharedArrayBuffer(BUCKET_BYTES)
  const clock = new SharedArrayBuffer(4)
  const limit = { rate: 1, everyMs: 10, capacity: 5 }
  const {
    passed: [passed = 0],
  } = await inThreads(t, { threads: 4, memory, clients: 0, times: 20_000, ...limit, clock })
  const expected = 5 + 80_000 / 10
  assert.ok(Math.abs(passed - expected) <= 2, `${passed} of ${expected}`)
})
