import type { TestContext } from 'node:test'
import { DeadlineQueue } from '../../src/pipes/context.ts'

/** Counts the contexts that wait for a deadline, in all queues of this process, from now to the end of the test. */
export function countWaitingContexts(t: TestContext): { readonly waiting: number; readonly entered: number } {
  const count = { waiting: 0, entered: 0 }
  const { add, remove } = DeadlineQueue.prototype
  t.mock.method(DeadlineQueue.prototype, 'add', function (this: DeadlineQueue, ...args: Parameters<typeof add>) {
    const [context] = args
    const before = context.queue
    add.apply(this, args)
    if (before !== null || context.queue === null) return
    count.entered++
    count.waiting++
  })
  t.mock.method(DeadlineQueue.prototype, 'remove', function (this: DeadlineQueue, ...args: Parameters<typeof remove>) {
    const [context] = args
    if (context.queue === this) count.waiting--
    remove.apply(this, args)
  })
  return count
}
