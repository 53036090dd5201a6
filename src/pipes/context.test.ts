import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { fakeTime } from '../../test/support/fake-time.ts'
import { createClock } from '../testing/clock.ts'
import { type Cancellable, Context, DeadlineQueue } from './context.ts'
import { DeadlineExceeded, RequestOver } from './failure.ts'

/** Something attached that notes why it was stopped. */
class Work implements Cancellable {
  readonly reasons: Error[] = []

  cancel(reason: Error): void {
    this.reasons.push(reason)
  }
}

describe('Context', () => {
  test('stops all that is attached, once, with the first reason', () => {
    const context = new Context(0)
    const work = [new Work(), new Work(), new Work()]
    for (const item of work) context.attach(item)
    const reason = new Error('first')
    context.cancel(reason)
    context.cancel(new Error('second'))
    for (const item of work) assert.deepEqual(item.reasons, [reason])
    assert.equal(context.cancelled, reason)
  })

  test('does not stop what was detached', () => {
    const context = new Context(0)
    const [first, second, third] = [new Work(), new Work(), new Work()]
    for (const work of [first, second, third]) context.attach(work)
    context.detach(first)
    context.detach(second)
    context.cancel(new Error('over'))
    assert.deepEqual(
      [first, second, third].map(({ reasons }) => reasons.length),
      [0, 0, 1],
    )
  })

  test('stops at once what is attached too late', () => {
    const context = new Context(0)
    context.cancel(new Error('over'))
    const work = new Work()
    context.attach(work)
    assert.deepEqual(work.reasons, [context.cancelled])
  })

  test('stops everything even if work is detached meanwhile', () => {
    const context = new Context(0)
    const last = new Work()
    context.attach({ cancel: () => {} })
    const shy: Cancellable = { cancel: () => context.detach(last) }
    context.attach(shy)
    context.attach(last)
    context.cancel(new Error('over'))
    assert.equal(last.reasons.length, 1)
  })

  test('aborts the signal, whether it was asked for before or after', () => {
    const context = new Context(0)
    const before = context.signal
    assert.equal(before.aborted, false)
    const reason = new Error('over')
    context.cancel(reason)
    assert.deepEqual([before.reason, context.signal.aborted], [reason, true])
    const late = new Context(0)
    late.cancel(reason)
    assert.equal(late.signal.reason, reason)
  })

  test('has a child that ends with it but not it with the child', () => {
    const parent = new Context(0, '::1')
    const [first, second] = [parent.child(null), parent.child(null)]
    first.cancel(new Error('enough'))
    assert.equal(parent.cancelled, null)
    const reason = new Error('over')
    parent.cancel(reason)
    assert.deepEqual([first.cancelled?.message, second.cancelled], ['enough', reason])
    assert.equal(parent.child(null).cancelled, reason)
  })

  test('forgets a child that is released', () => {
    const parent = new Context(0)
    const queue = new DeadlineQueue(60_000)
    const child = parent.child(queue)
    parent.release(child)
    parent.cancel(new Error('over'))
    assert.deepEqual([child.cancelled, child.queue], [null, null])
  })

  test('shares its store with children and detached ones', () => {
    const parent = new Context(0, '::1')
    parent.route = '/a'
    const queue = new DeadlineQueue(60_000)
    const [child, detached] = [parent.child(null), parent.detached(queue)]
    detached.store.set('key', 1)
    assert.deepEqual([parent.store.get('key'), child.store.get('key')], [1, 1])
    assert.deepEqual([child.route, detached.route, detached.clientAddress], ['/a', '/a', '::1'])
    parent.cancel(new Error('over'))
    assert.equal(detached.cancelled, null)
    detached.finish()
  })

  test('stops what is left when the request has been answered, and what comes later', () => {
    const context = new Context(0)
    const [early, late, gone] = [new Work(), new Work(), new Work()]
    context.attach(gone)
    context.attach(early)
    context.detach(gone)
    context.finish()
    context.attach(late)
    for (const { reasons } of [early, late]) assert.ok(reasons.length === 1 && reasons[0] instanceof RequestOver)
    assert.deepEqual([gone.reasons, context.cancelled], [[], null])
  })

  test('keeps a released child as long as something is attached to it', () => {
    const context = new Context(0)
    const [idle, busy] = [context.child(null), context.child(null)]
    const work = new Work()
    busy.attach(work)
    for (const child of [idle, busy]) context.release(child)
    assert.equal(work.reasons.length, 0)
    context.finish()
    assert.ok(work.reasons[0] instanceof RequestOver)
    assert.deepEqual([idle.cancelled, busy.cancelled], [null, work.reasons[0]])
  })

  test('a detached context of some milliseconds ends by itself, or when it is finished', (t) => {
    const pass = fakeTime(t)
    const context = new Context(0)
    const [slow, quick] = [context.detached(10), context.detached(10)]
    context.finish()
    const ended = () => [slow, quick].map(({ cancelled }) => cancelled instanceof DeadlineExceeded)
    pass(9)
    quick.finish()
    assert.deepEqual([ended(), slow.remainingMs], [[false, false], 1])
    pass(1)
    assert.deepEqual(ended(), [true, false])
  })
})

describe('withTimeout', () => {
  /** A context with a clock that counts the timers that wait. */
  function withTimers() {
    const clock = createClock()
    const waiting = new Set<object>()
    const context = new Context(clock.now())
    context.clock = {
      ...{ now: () => clock.now(), wallTime: () => clock.wallTime() },
      schedule: (run, ms) => {
        const timer = {}
        waiting.add(timer)
        const takeBack = clock.schedule(() => {
          waiting.delete(timer)
          run()
        }, ms)
        return () => {
          waiting.delete(timer)
          takeBack()
        }
      },
    }
    return { clock, context, waiting }
  }

  test('ends a part of the request, and leaves no timer behind', async () => {
    const { clock, context, waiting } = withTimers()
    const attempt = context.withTimeout(10)
    attempt.params = { id: '7' }
    await clock.advance(9)
    assert.deepEqual([attempt.cancelled, attempt.remainingMs, waiting.size], [null, 1, 1])
    await clock.advance(1)
    assert.ok(attempt.cancelled instanceof DeadlineExceeded)
    assert.deepEqual([context.cancelled, waiting.size], [null, 0])
  })

  test('has no timer when the request is over, or the attempt is released', () => {
    for (const end of [
      (context: Context) => context.finish(),
      (context: Context) => context.cancel(new Error('gone')),
      (context: Context, attempts: readonly Context[]) => {
        for (const attempt of attempts) context.release(attempt)
      },
    ]) {
      const { context, waiting } = withTimers()
      const attempts = [10, 20, 30].map((ms) => context.withTimeout(ms))
      const inner = attempts[2]?.withTimeout(5)
      assert.deepEqual([waiting.size, inner?.remainingMs], [4, 5])
      if (inner !== undefined) attempts[2]?.release(inner)
      end(context, attempts)
      assert.equal(waiting.size, 0)
    }
  })

  test('sets no timer for a request that is over', () => {
    const { context, waiting } = withTimers()
    context.finish()
    assert.ok(context.withTimeout(10).cancelled instanceof RequestOver)
    assert.equal(waiting.size, 0)
  })

  test('leaves what is still on its way through a released attempt tied to the request', () => {
    const { context } = withTimers()
    const attempt = context.withTimeout(10)
    const body = new Work()
    attempt.attach(body)
    context.release(attempt)
    assert.equal(body.reasons.length, 0)
    context.finish()
    assert.equal(body.reasons.length, 1)
  })

  test('a context that is detached for some time has no timer after its end', () => {
    const { context, waiting } = withTimers()
    const detached = context.detached(10)
    context.finish()
    assert.equal(waiting.size, 1)
    detached.finish()
    assert.equal(waiting.size, 0)
  })
})

describe('DeadlineQueue', () => {
  test('ends contexts in order when their time is up, and not those that finished', async () => {
    const queue = new DeadlineQueue(5)
    const contexts = [new Context(0), new Context(0), new Context(0), new Context(0)] as const
    const [first, finished, second, last] = contexts
    const order: Context[] = []
    for (const context of contexts) {
      context.attach({ cancel: (reason) => reason instanceof DeadlineExceeded && order.push(context) })
      queue.add(context)
    }
    finished.finish()
    const keepAlive = setTimeout(() => {}, 1000) // the queue's own timer does not keep the process alive
    await once(last.signal, 'abort')
    clearTimeout(keepAlive)
    assert.deepEqual(order, [first, second, last])
    assert.ok(first.cancelled instanceof DeadlineExceeded)
    assert.equal(finished.cancelled, null)
    assert.ok(performance.now() >= last.deadline)
    assert.equal(last.remainingMs, 0)
  })

  test('gives a context that comes later its whole time', (t) => {
    const pass = fakeTime(t)
    const queue = new DeadlineQueue(10)
    const [early, late] = [new Context(0), new Context(0)]
    queue.add(early)
    pass(5)
    queue.add(late)
    const ended = () => [early, late].map(({ cancelled }) => cancelled instanceof DeadlineExceeded)
    pass(4)
    assert.deepEqual(ended(), [false, false])
    pass(1)
    assert.deepEqual(ended(), [true, false])
    pass(4)
    assert.deepEqual(ended(), [true, false])
    pass(1)
    assert.deepEqual(ended(), [true, true])
  })

  test('has one timer, also when a context is added while another ends', (t) => {
    const pass = fakeTime(t)
    const timers = t.mock.method(globalThis, 'setTimeout')
    const queue = new DeadlineQueue(10)
    const [first, second, added] = [new Context(0), new Context(0), new Context(0)]
    first.attach({ cancel: () => queue.add(added) })
    queue.add(first)
    pass(4)
    queue.add(second)
    pass(6)
    assert.deepEqual(
      [first, second, added].map(({ cancelled }) => cancelled !== null),
      [true, false, false],
    )
    assert.equal(timers.mock.callCount(), 2)
    pass(4)
    assert.deepEqual(
      [second, added].map(({ cancelled }) => cancelled !== null),
      [true, false],
    )
    pass(6)
    assert.deepEqual(
      [second, added].map(({ cancelled }) => cancelled !== null),
      [true, true],
    )
  })

  test('keeps no link of a context that left, wherever it stood', () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
      [1, 2, 0],
    ]) {
      const queue = new DeadlineQueue(60_000)
      const contexts = [new Context(0), new Context(0), new Context(0)]
      for (const context of contexts) queue.add(context)
      for (const index of order) contexts[index]?.finish()
      for (const { queue: left, before, after } of contexts) assert.deepEqual([left, before, after], [null, null, null])
    }
  })

  test('takes over a context from another queue, and leaves a foreign one alone', () => {
    const [one, other] = [new DeadlineQueue(60_000), new DeadlineQueue(120_000)]
    const context = new Context(0)
    one.add(context)
    other.add(context)
    one.remove(context)
    assert.equal(context.queue, other)
    assert.ok(context.remainingMs > 60_000)
    context.cancel(new Error('over'))
    assert.equal(context.queue, null)
  })

  test('does not hold a context that is over already', () => {
    const queue = new DeadlineQueue(60_000)
    const context = new Context(0)
    context.cancel(new Error('gone'))
    queue.add(context)
    assert.equal(context.queue, null)
  })

  test('waits for times that are longer than a timer can be', async () => {
    const queue = new DeadlineQueue(2 ** 31)
    const context = new Context(0)
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    queue.add(context)
    await turn()
    process.off('warning', note)
    assert.deepEqual([warnings, context.cancelled], [[], null])
    context.finish()
  })
})
