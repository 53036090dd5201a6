import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordingLog } from '../../test/support/recording-log.ts'
import { Closers } from './closers.ts'

test('the last one added is closed first, one after the other, each once', async () => {
  const closers = new Closers()
  const log = recordingLog()
  const order: string[] = []
  for (const name of ['a', 'b']) {
    await closers.add(async () => {
      order.push(`${name} begins`)
      await Promise.resolve()
      order.push(`${name} ends`)
    }, log)
  }
  await closers.close()
  await closers.close()
  assert.deepEqual(order, ['b begins', 'b ends', 'a begins', 'a ends'])
})

test('one that fails is logged and keeps no other from being closed', async () => {
  const closers = new Closers()
  const log = recordingLog()
  let closed = false
  await closers.add(() => {
    closed = true
  }, log)
  await closers.add(() => Promise.reject(new Error('stuck')), log)
  await closers.close()
  assert.ok(closed)
  assert.deepEqual(log.lines, ['ERROR onClose failed: stuck'])
})

test('what is added after closing is closed at once', async () => {
  const closers = new Closers()
  await closers.close()
  let closed = false
  await closers.add(() => {
    closed = true
  }, recordingLog())
  assert.ok(closed)
})

test('one that never settles is given up after the limit, and keeps no other from being closed', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const closers = new Closers(100)
  const log = recordingLog()
  let closed = false
  await closers.add(() => {
    closed = true
  }, log)
  await closers.add(() => new Promise<void>(() => {}), log)
  const closing = closers.close()
  assert.ok(!closed)
  t.mock.timers.tick(100)
  await closing
  assert.ok(closed)
  assert.deepEqual(log.lines, ['ERROR onClose failed: it did not settle within 100 ms'])
})
