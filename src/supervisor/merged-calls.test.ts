import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeCalls } from './merged-calls.ts'

test('what is asked for while one runs becomes one that follows, with every reason once', async () => {
  const runs: (readonly string[])[] = []
  const ends: (() => void)[] = []
  const ask = mergeCalls(async (reasons) => {
    runs.push(reasons)
    await new Promise<void>((resolve) => ends.push(resolve))
  })
  const end = async (): Promise<void> => {
    ends.shift()?.()
    await new Promise(setImmediate)
  }
  ask('first')
  ask('second')
  ask('third')
  ask('second')
  assert.deepEqual(runs, [['first']])
  await end()
  assert.deepEqual(runs, [['first'], ['second', 'third']])
  await end()
  assert.equal(runs.length, 2)
  ask('later')
  assert.deepEqual(runs.at(-1), ['later'])
})
