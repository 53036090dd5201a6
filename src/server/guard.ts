import type { EventEmitter } from 'node:events'
import { Context, type DeadlineQueue } from '../pipes/context.ts'

/**
 * Ends what takes too long: the connection is closed without an answer, or amid one that the client is too slow to take.
 * Specification: core 1.3.
 * @param message tells with `close` that it is over
 */
export function guard(deadlines: DeadlineQueue, message: EventEmitter, end: () => void): void {
  const waiting = new Context(0)
  waiting.attach({ cancel: end })
  deadlines.add(waiting)
  message.once('close', () => deadlines.remove(waiting))
}
