import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BREAKER_BYTES, Breaker, type BreakerSettings, REFUSED_OPEN, REFUSED_TRIAL } from './breaker-cell.ts'

/** Two threads' views of one breaker, with a clock that is moved by hand. */
function pair(settings: Partial<BreakerSettings> = {}) {
  const time = { ms: 5_000_000_000 } // beyond 32 bits: a machine that runs for two months
  const changes: string[] = []
  const cell = new SharedArrayBuffer(BREAKER_BYTES)
  const all: BreakerSettings = {
    ...{ maxErrors: 1, intervalMs: 0, openMs: 1000, trialMs: 300 },
    now: () => time.ms,
    changed: (from, to) => changes.push(`${from} → ${to}`),
    ...settings,
  }
  return { one: new Breaker(cell, all), other: new Breaker(cell, all), time, changes }
}

function fail(breaker: Breaker, times: number): void {
  for (let i = 0; i < times; i++) breaker.failed(breaker.enter())
}

describe('a breaker', () => {
  test('opens when the failures in a row exceed what is borne, counted over both threads', () => {
    const { one, other, changes } = pair({ maxErrors: 2 })
    fail(one, 2)
    one.succeeded(other.enter())
    fail(one, 1)
    fail(other, 1)
    assert.equal(other.phase, 'closed')
    fail(one, 1)
    assert.equal(other.phase, 'open')
    assert.equal(other.enter(), REFUSED_OPEN)
    assert.deepEqual(changes, ['closed → open'])
  })

  test('lets one trial pass in all threads, and closes with its success', () => {
    const { one, other, time, changes } = pair()
    fail(one, 2)
    time.ms += 999
    assert.equal(one.enter(), REFUSED_OPEN)
    time.ms += 1
    const trial = other.enter()
    assert.ok(trial >= 0)
    assert.equal(one.enter(), REFUSED_TRIAL)
    other.succeeded(trial)
    assert.equal(one.phase, 'closed')
    fail(one, 1)
    assert.equal(one.phase, 'closed', 'the count began anew')
    assert.deepEqual(changes, ['closed → open', 'open → half-open', 'half-open → closed'])
  })

  test('is open for a whole time again when the trial fails', () => {
    const { one, other, time } = pair()
    fail(one, 2)
    time.ms += 1000
    fail(other, 1)
    time.ms += 999
    assert.equal(one.enter(), REFUSED_OPEN)
    time.ms += 1
    assert.ok(one.enter() >= 0)
  })

  test('repeats a trial that was abandoned, and one whose thread never came back', () => {
    const { one, other, time } = pair()
    fail(one, 2)
    time.ms += 1000
    one.abandoned(one.enter())
    const lost = one.enter()
    assert.ok(lost >= 0)
    time.ms += 299
    assert.equal(other.enter(), REFUSED_TRIAL)
    time.ms += 1
    const second = other.enter()
    assert.ok(second >= 0)
    one.failed(lost) // it came back after all, and says nothing any more
    assert.equal(one.phase, 'half-open')
    other.succeeded(second)
    assert.equal(one.phase, 'closed')
  })

  test('forgets the failures of an interval that has ended, and those of calls begun in it', () => {
    const { one, other, time } = pair({ intervalMs: 100 })
    fail(one, 1)
    const early = other.enter()
    time.ms += 100
    other.failed(early)
    const next = one.enter()
    other.failed(early)
    one.failed(next)
    assert.equal(one.phase, 'closed')
    fail(one, 1)
    assert.equal(one.phase, 'open')
  })

  test('does not count what was begun before it opened', () => {
    const { one, other, time } = pair()
    const late = other.enter()
    fail(one, 2)
    time.ms += 1000
    const trial = one.enter()
    other.succeeded(late)
    assert.equal(one.phase, 'half-open')
    one.succeeded(trial)
    assert.equal(one.phase, 'closed')
  })

  test('stays usable over many generations', () => {
    const { one, other, time } = pair({ maxErrors: 0 })
    for (let i = 0; i < 40_000; i++) {
      fail(one, 1)
      assert.equal(other.enter(), REFUSED_OPEN)
      time.ms += 1000
      other.succeeded(other.enter())
    }
    assert.equal(one.phase, 'closed')
  })
})
