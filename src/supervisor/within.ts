import { settleWithin } from '../shared/settle-within.ts'

/** Something took longer than it may. */
export class TookTooLong extends Error {
  constructor(limitMs: number) {
    super(`not done after ${limitMs} ms`)
    this.name = 'TookTooLong'
  }
}

/** Waits for a promise, but no longer than the limit. Rejects with TookTooLong then; what goes on is not stopped by it. */
export async function within<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  return await settleWithin(limitMs, promise, () => new TookTooLong(limitMs))
}
