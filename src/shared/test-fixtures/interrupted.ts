type Step = (...values: never[]) => unknown

/** The operations on shared memory between which another thread could act. */
const STEPS = ['load', 'compareExchange', 'add'] as const

/**
 * Runs something, and something else in the middle of it: before its step of that number on shared memory.
 * @returns false when it has fewer steps.
 */
export function interrupted(step: number, run: () => void, interruption: () => void): boolean {
  let left = step
  let done = false
  const originals = STEPS.map((name) => [name, Atomics[name] as Step] as const)
  const restore = (): void => {
    for (const [name, original] of originals) Reflect.set(Atomics, name, original)
  }
  const replace = (): void => {
    for (const [name, original] of originals) {
      Reflect.set(Atomics, name, (...values: never[]) => {
        if (!done && left-- === 0) {
          done = true
          restore()
          interruption()
        }
        return original(...values)
      })
    }
  }
  replace()
  try {
    run()
  } finally {
    restore()
  }
  return done
}
