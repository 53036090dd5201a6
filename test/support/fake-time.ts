import type { TestContext } from 'node:test'

/** Makes timers and `performance.now` stand still; the function that it gives moves them on, a millisecond at a time. */
export function fakeTime(t: TestContext): (ms: number) => void {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let now = 0
  t.mock.method(performance, 'now', () => now)
  return (ms) => {
    for (let i = 0; i < ms; i++) {
      now++
      t.mock.timers.tick(1)
    }
  }
}
