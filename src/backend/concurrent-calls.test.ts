import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BodyStream } from '../pipes/body.ts'
import { Context, DeadlineQueue } from '../pipes/context.ts'
import { ProxyRequest, ProxyResponse } from '../pipes/proxy.ts'
import { concurrentCalls } from './concurrent-calls.ts'

test('a call that answers after the winner is given up, and the winner goes on streaming', async () => {
  const cancelled: string[] = []
  const bodies = ['winner', 'loser'].map((name) => {
    const source = { pause() {}, resume() {}, cancel: () => void cancelled.push(name) }
    return new BodyStream(source)
  })
  const late = Promise.withResolvers<void>()
  const ended = new Set<number>()
  let calls = 0
  const stage = concurrentCalls(2, new DeadlineQueue(60_000))
  const proxy = stage?.(async (_request, context) => {
    const index = calls++
    context.attach({ cancel: () => void ended.add(index) })
    if (index === 1) await late.promise
    return new ProxyResponse({}, true, 200, null, bodies[index])
  })
  const context = new Context(0)
  const response = await proxy?.(new ProxyRequest('GET', '/', {}), context)
  assert.equal(response?.body, bodies[0])
  late.resolve()
  await new Promise(setImmediate) // the loser's answer has gone all its way
  assert.deepEqual(cancelled, ['loser'])
  assert.deepEqual([...ended], [1], 'the call that streams must not be cancelled')
})
