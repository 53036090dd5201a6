/** Something took longer than it may. */
export class TookTooLong extends Error {
  constructor(limitMs: number) {
    super(`not done after ${limitMs} ms`)
    this.name = 'TookTooLong'
  }
}

/** Waits for a promise, but no longer than the limit. Rejects with TookTooLong then; what goes on is not stopped by it. */
export async function within<T>(promise: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TookTooLong(limitMs)), limitMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
