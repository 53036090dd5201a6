/** What the threads of a schedule and the one that schedules them share. */
export interface StepControl {
  /** [0]: whose turn it is, 0 the scheduler's, n that of thread n; [n]: 1 while thread n has work; [4]: steps left. */
  readonly turns: SharedArrayBuffer
  /** The table's cell. */
  readonly table: SharedArrayBuffer
  /** [0]: the clock in ms, [1]: the number of the round. */
  readonly round: SharedArrayBuffer
  /** For each thread a row of results; the first number says how many follow. */
  readonly results: SharedArrayBuffer
}

export const THREADS = 3
/** All places but one. */
export const OTHERS = 31
export const RESULTS_PER_THREAD = 16
export const TTL_MS = 100

const STEPS_LEFT = THREADS + 1

type Step = (...values: never[]) => unknown
const STEPS = ['load', 'compareExchange', 'add'] as const
const { load, store, notify, wait } = Atomics

/** Waits until it is that one's turn. */
export function waitFor(turns: Int32Array, whose: number): void {
  for (let now = load(turns, 0); now !== whose; now = load(turns, 0)) {
    // The threads may wait as long as they like; the scheduler waits for steps that take microseconds.
    if (wait(turns, 0, now, whose === 0 ? 20_000 : Number.POSITIVE_INFINITY) === 'timed-out')
      throw new Error(`thread ${now} does not come back`)
  }
}

/** Gives the turn back to the scheduler. */
export function giveBack(turns: Int32Array): void {
  store(turns, 0, 0)
  notify(turns, 0)
}

/** Lets a thread make that many steps, or fewer if it is done before. */
export function letRun(turns: Int32Array, thread: number, steps: number): void {
  turns[STEPS_LEFT] = steps
  store(turns, 0, thread)
  notify(turns, 0)
  waitFor(turns, 0)
}

/** From now on this thread runs up to its next step on shared memory and there, if it has none left, waits. */
export function stepByStep(turns: Int32Array, thread: number): void {
  for (const name of STEPS) {
    const original = Atomics[name] as Step
    Reflect.set(Atomics, name, (...values: never[]) => {
      const left = turns[STEPS_LEFT] ?? 0
      if (left === 0) {
        giveBack(turns)
        waitFor(turns, thread)
      }
      turns[STEPS_LEFT] = (turns[STEPS_LEFT] ?? 0) - 1
      return original(...values)
    })
  }
}

/** Numbers below `limit`, the same for the same seed (mulberry32). */
export function createRandom(seed: number): (limit: number) => number {
  let state = seed | 0
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}
