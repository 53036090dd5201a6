import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RestartPause } from './restart-pause.ts'

test('the pause grows while threads die young, up to 30 s', () => {
  const pause = new RestartPause()
  const pauses = Array.from({ length: 12 }, () => pause.after(10))
  assert.deepEqual(pauses, [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
})

test('a thread that lived for a minute is replaced at once', () => {
  const pause = new RestartPause()
  for (let death = 0; death < 5; death++) pause.after(10)
  assert.equal(pause.after(60_000), 0)
  assert.equal(pause.after(10), 100)
})
