import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeTime } from '../../test/support/fake-time.ts'
import { type Limited, TimeLimit } from './time-limit.ts'

/** An item that is due at `at`, or a limit after it was added, and tells when it expired. */
function item(name: string, expired: string[], at?: number): Limited {
  const made: Limited = {
    before: null,
    after: null,
    since: 0,
    dueAt: (limitMs) => at ?? made.since + limitMs,
    expire: () => void expired.push(name),
  }
  return made
}

test('items expire in the order in which they began, one limit after', (t) => {
  const pass = fakeTime(t)
  const expired: string[] = []
  const limit = new TimeLimit(10)
  limit.add(item('a', expired), performance.now())
  pass(4)
  limit.add(item('b', expired), performance.now())
  pass(5)
  assert.deepEqual(expired, [])
  pass(1)
  assert.deepEqual(expired, ['a'])
  pass(4)
  assert.deepEqual(expired, ['a', 'b'])
})

test('what was removed, from wherever in the list, does not expire', (t) => {
  const pass = fakeTime(t)
  const expired: string[] = []
  const limit = new TimeLimit(10)
  const items = ['a', 'b', 'c', 'd', 'e'].map((name) => item(name, expired))
  for (const each of items) limit.add(each, performance.now())
  for (const index of [2, 0, 4]) limit.remove(items[index] as Limited)
  pass(10)
  assert.deepEqual(expired, ['b', 'd'])
})

test('what is due later is looked at again one limit on', (t) => {
  const pass = fakeTime(t)
  const expired: string[] = []
  const limit = new TimeLimit(10)
  limit.add(item('late', expired, 25), performance.now())
  limit.add(item('soon', expired), performance.now())
  pass(29)
  assert.deepEqual(expired, ['soon'])
  pass(1)
  assert.deepEqual(expired, ['soon', 'late'])
})

test('an item that is looked at again does not make the ones before it late', (t) => {
  const pass = fakeTime(t)
  const expired: string[] = []
  const limit = new TimeLimit(10)
  limit.add(item('late', expired, 25), performance.now())
  pass(4)
  limit.add(item('soon', expired), performance.now())
  pass(10)
  assert.deepEqual(expired, ['soon'])
})

test('an item added while another expires is not lost', (t) => {
  const pass = fakeTime(t)
  const expired: string[] = []
  const limit = new TimeLimit(10)
  const first = item('first', expired)
  first.expire = () => limit.add(item('second', expired), performance.now())
  limit.add(first, performance.now())
  pass(20)
  assert.deepEqual(expired, ['second'])
})
