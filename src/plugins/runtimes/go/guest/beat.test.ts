import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Beat, BeatWatch, beatMemory } from './beat.ts'

function start(waitedMs = (): number => 0) {
  const memory = beatMemory()
  return { beat: new Beat(memory), watch: new BeatWatch(memory, waitedMs) }
}

describe('how long a guest has computed without a pause', () => {
  test('is told from the second look on', () => {
    const { beat, watch } = start()
    beat.runs()
    assert.deepEqual([watch.look(100), watch.look(100), watch.look(100)], [0, 100, 200])
  })

  test('begins anew with each turn, and with each wait', () => {
    const { beat, watch } = start()
    beat.runs()
    watch.look(100)
    watch.look(100)
    beat.runs()
    assert.equal(watch.look(100), 0)
    assert.equal(watch.look(100), 100)
    beat.waits()
    assert.equal(watch.look(100), 0)
    assert.equal(watch.look(100), 0)
  })

  test('leaves out the time in which others had the processors', () => {
    let waited = 5000
    const { beat, watch } = start(() => waited)
    beat.runs()
    watch.look(100)
    watch.look(100) // what it had waited before does not count
    waited += 90
    assert.equal(watch.look(100), 110)
    waited += 1000
    assert.equal(watch.look(100), 110)
  })
})
