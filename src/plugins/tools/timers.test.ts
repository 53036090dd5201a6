import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingLog } from '../../../test/support/recording-log.ts'
import { SYSTEM_CLOCK } from '../../pipes/clock.ts'
import { Context } from '../../pipes/context.ts'
import { ClientGone, RequestOver } from '../../pipes/failure.ts'
import { createClock } from '../../testing/clock.ts'
import { Timers } from './timers.ts'

function start() {
  const clock = createClock()
  const log = recordingLog()
  const begun = clock.now()
  /** When the runs were, in milliseconds since the start. */
  const runs: number[] = []
  const note = () => void runs.push(clock.now() - begun)
  return { clock, log, runs, note, timers: new Timers({ clock, log, place: '[ENDPOINT: /a]' }) }
}

test('every runs again and again, until it is stopped', async () => {
  const { clock, runs, note, timers } = start()
  const stop = timers.every(10, note)
  await clock.advance(35)
  assert.deepEqual(runs, [10, 20, 30])
  stop()
  await clock.advance(100)
  assert.equal(runs.length, 3)
})

test('every lets runs fall out while one goes on', async () => {
  const { clock, runs, note, timers } = start()
  const slow = Promise.withResolvers<void>()
  timers.every(10, () => {
    note()
    return runs.length === 1 ? slow.promise : undefined
  })
  await clock.advance(35)
  assert.deepEqual(runs, [10])
  slow.resolve()
  await clock.advance(20)
  assert.deepEqual(runs, [10, 40, 50])
})

test('every goes on after an error, which is logged with the place', async () => {
  const { clock, log, runs, note, timers } = start()
  timers.every(10, () => {
    note()
    if (runs.length === 1) throw new RangeError('at once\nand more')
    return runs.length === 2 ? Promise.reject(new Error('later')) : undefined
  })
  await clock.advance(30)
  assert.deepEqual(runs, [10, 20, 30])
  assert.match(
    log.lines[0] ?? '',
    /^ERROR every 10 ms at \[ENDPOINT: \/a\]: at once and more \[RangeError at .*:\d+:\d+\)?\]$/,
  )
  assert.match(log.lines[1] ?? '', /^ERROR every 10 ms at \[ENDPOINT: \/a\]: later \[Error at /)
  assert.equal(log.lines.length, 2)
})

test('every can be stopped while it runs', async () => {
  const { clock, runs, note, timers } = start()
  const stop = timers.every(10, async () => {
    note()
    stop()
  })
  await clock.advance(50)
  assert.deepEqual(runs, [10])
})

test('after runs once, or not at all', async () => {
  const { clock, log, runs, note, timers } = start()
  timers.after(20, note)
  timers.after(5, note)()
  timers.after(0, async () => {
    note()
    throw new Error('no')
  })
  await clock.advance(100)
  assert.deepEqual(runs, [1, 20])
  assert.match(log.lines.join(), /^ERROR after 0 ms at \[ENDPOINT: \/a\]: no \[/)
})

test('closing stops all timers, and no other begins', async () => {
  const { clock, runs, note, timers } = start()
  timers.every(10, note)
  timers.after(10, note)
  timers.close()
  timers.every(10, note)()
  timers.after(10, note)
  await clock.advance(100)
  assert.deepEqual(runs, [])
})

test('a wait ends after its time', async () => {
  const { clock, runs, note, timers } = start()
  const context = new Context(clock.now())
  void timers.wait(20).then(note)
  void timers.wait(30, context).then(note)
  await clock.advance(100)
  assert.deepEqual(runs, [20, 30])
  assert.equal(context.busy, false)
})

test('a wait rejects when its request is over, or the instance closes', async () => {
  const { clock, timers } = start()
  const [cancelled, finished] = [new Context(0), new Context(0)]
  const waits = [timers.wait(20, cancelled), timers.wait(20, finished), timers.wait(20, new Context(0))]
  cancelled.cancel(new ClientGone())
  finished.finish()
  timers.close()
  waits.push(timers.wait(0))
  const [first, second, third, late] = await Promise.allSettled(waits)
  assert.ok(first?.status === 'rejected' && first.reason instanceof ClientGone)
  assert.ok(second?.status === 'rejected' && second.reason instanceof RequestOver)
  for (const left of [third, late]) {
    assert.ok(left?.status === 'rejected')
    assert.match(String(left.reason), /this instance of the plugin has been closed/)
  }
  await clock.advance(100)
})

test('a run that waits when the instance closes is no error', async () => {
  const { clock, log, runs, note, timers } = start()
  timers.every(10, async () => {
    note()
    await timers.wait(10)
    note()
  })
  await clock.advance(15)
  timers.close()
  await clock.advance(100)
  assert.deepEqual([runs, log.lines], [[10], []])
})

test('a time longer than timers of the system is waited for', async () => {
  const clock = createClock()
  const longest = 1000
  const timers = new Timers({
    clock: { ...clock, now: () => clock.now(), schedule: (run, ms) => clock.schedule(run, Math.min(ms, longest)) },
    log: recordingLog(),
    place: '',
  })
  let ran = false
  timers.after(2500, () => {
    ran = true
  })
  await clock.advance(2499)
  assert.equal(ran, false)
  await clock.advance(1)
  assert.equal(ran, true)
})

test('times, functions and contexts that are none are refused', async () => {
  const timers = new Timers({ clock: SYSTEM_CLOCK, log: recordingLog(), place: '' })
  for (const ms of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5' as never]) {
    assert.throws(() => timers.every(ms, () => {}), RangeError)
  }
  assert.throws(() => timers.after(-1, () => {}), RangeError)
  await assert.rejects(timers.wait(-1), RangeError)
  await assert.rejects(
    timers.wait(1, new AbortController().signal as never),
    /takes as its second argument the context/,
  )
  assert.throws(() => timers.every(5, undefined as never), /every takes milliseconds and a function/)
})
