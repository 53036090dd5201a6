/**
 * Waits for `work`, but no longer than the limit: rejects with what `late` makes then. What goes on is not stopped by it.
 * The timer keeps the thread alive, for what is awaited may be nothing that Node knows of.
 * @param limitMs milliseconds
 */
export async function settleWithin<T>(limitMs: number, work: PromiseLike<T>, late: () => Error): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(late()), limitMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
