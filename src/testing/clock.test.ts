import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClock } from './clock.ts'

test('time stands still until it is moved, and both readings agree', async () => {
  const clock = createClock({ now: '2026-03-01T12:00:00Z' })
  assert.equal(clock.wallTime(), Date.parse('2026-03-01T12:00:00Z'))
  assert.equal(clock.now(), clock.wallTime())
  await clock.advance(1500)
  assert.equal(clock.now(), Date.parse('2026-03-01T12:00:01.500Z'))
})

test('timers run in the order in which they are due, each at its own time', async () => {
  const clock = createClock({ now: 0 })
  const ran: string[] = []
  const note = (name: string) => () => void ran.push(`${name} at ${clock.now()}`)
  clock.schedule(note('late'), 30)
  clock.schedule(note('first'), 10)
  clock.schedule(note('second'), 10)
  clock.schedule(note('never'), 31)
  clock.schedule(note('taken back'), 5)()
  await clock.advance(30)
  assert.deepEqual(ran, ['first at 10', 'second at 10', 'late at 30'])
})

test('what a timer wakes goes on before the next timer, and may set one that is due too', async () => {
  const clock = createClock({ now: 0 })
  const ran: string[] = []
  const sleep = (ms: number) => new Promise<void>((resolve) => void clock.schedule(resolve, ms))
  const work = async () => {
    await sleep(10)
    ran.push(`awake at ${clock.now()}`)
    await Promise.resolve()
    await sleep(10)
    ran.push(`awake again at ${clock.now()}`)
  }
  void work()
  clock.schedule(() => void ran.push('other at 15'), 15)
  await clock.advance(20)
  assert.deepEqual(ran, ['awake at 10', 'other at 15', 'awake again at 20'])
})

test('a fraction of a millisecond does not let a timer fire too early', async () => {
  const clock = createClock({ now: 0.1 })
  const due = clock.now() + 0.2
  let fired = 0
  const look = () => {
    fired++
    if (clock.now() < due) clock.schedule(look, due - clock.now())
  }
  clock.schedule(look, 0.2)
  await clock.advance(1)
  assert.equal(fired, 1)
})

test('what moves no clock is refused', async () => {
  const clock = createClock()
  await assert.rejects(
    clock.advance(-1),
    /RangeError: a clock goes on by a number of milliseconds from 0 on, not by -1/,
  )
  await assert.rejects(clock.advance(Number.NaN), RangeError)
  const first = clock.advance(1)
  await assert.rejects(clock.advance(1), /await the former advance first/)
  await first
  assert.throws(() => createClock({ now: 'soon' }), /"now" of a clock must be a date, not soon/)
})
