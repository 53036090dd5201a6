import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { CounterTable, counterTableBytes } from './counter-table.ts'
import {
  createRandom,
  letRun,
  OTHERS,
  RESULTS_PER_THREAD,
  type StepControl,
  THREADS,
  TTL_MS,
} from './test-fixtures/stepping.ts'

/** How many are tried, and from which seed on: SCHEDULES=5000,17 looks further. */
const [SCHEDULES = 150, FIRST_SEED = 1] = (process.env.SCHEDULES ?? '').split(',').filter(Boolean).map(Number)

const HASH_SEED = [0x03020101, 0x07060505]

/** Orders in which two claims of one key cross: each step of confirming a claim is needed in one of them. */
const HARD_SEEDS: readonly number[] = [36355, 40322, 37677, 86773, 228055]

test('three threads count exactly in whatever order their steps on shared memory come', async (t) => {
  const control: StepControl = {
    turns: new SharedArrayBuffer(4 * (THREADS + 2)),
    table: new SharedArrayBuffer(counterTableBytes(32)),
    round: new SharedArrayBuffer(16),
    results: new SharedArrayBuffer(8 * RESULTS_PER_THREAD * (THREADS + 1)),
  }
  const filled = fill(control.table)
  for (let thread = 1; thread <= THREADS; thread++) {
    const worker = new Worker(new URL('./test-fixtures/stepped-thread.ts', import.meta.url), {
      workerData: { thread, control },
    })
    t.after(() => worker.terminate())
    await new Promise((resolve) => worker.once('online', resolve))
  }
  const seeds = Array.from({ length: SCHEDULES }, (_, index) => FIRST_SEED + index)
  for (const seed of [...HARD_SEEDS, ...seeds]) {
    new Uint8Array(control.table).set(filled)
    const round = new Float64Array(control.round)
    round.set([0, seed])
    runRound(new Int32Array(control.turns), createRandom(seed))
    checkCounts(new Float64Array(control.results), `seed ${seed}`, round[0] ?? 0)
  }
})

/** A table in which all places but one are taken, with the same hash in every run; its content. */
function fill(cell: SharedArrayBuffer): Uint8Array {
  new Int32Array(cell).set(HASH_SEED)
  const table = new CounterTable(cell, { now: () => 0 })
  for (let other = 0; other < OTHERS; other++) table.increment(`other ${other}`, 1, { ttlMs: TTL_MS })
  return new Uint8Array(cell).slice()
}

type Random = (limit: number) => number

/** More steps than a thread has. */
const TO_THE_END = 10_000

/** Lets one thread after the other make some steps until all have done their work. */
function runRound(turns: Int32Array, random: Random): void {
  for (let thread = 1; thread <= THREADS; thread++) turns[thread] = 1
  const run = (thread: number, steps: number): void => {
    if (turns[thread] === 1) letRun(turns, thread, steps)
  }
  if (random(2) === 0) crossTwoClaims(run, random)
  for (;;) {
    const busy = [1, 2, 3].filter((thread) => turns[thread] === 1)
    const thread = busy[random(busy.length)]
    if (thread === undefined) return
    run(thread, 1 + random([4, 80, TO_THE_END][random(3)] ?? 1))
  }
}

/**
 * The hardest case: a thread has chosen a place for the key, then earlier places become free, another thread takes one,
 * and both claims are made and confirmed across each other.
 */
function crossTwoClaims(run: (thread: number, steps: number) => void, random: Random): void {
  run(1, 28 + random(25))
  run(3, TO_THE_END)
  run(2, 30 + random(80))
  run(1, 1 + random(random(2) === 0 ? 8 : 60))
  run(2, 1 + random(random(2) === 0 ? 5 : 40))
  run(1, TO_THE_END)
}

/** Of every window each count was given out once, and no more windows began than time has passed for. */
function checkCounts(results: Float64Array, seed: string, elapsedMs: number): void {
  const times = new Map<number, number>()
  for (let thread = 1; thread <= THREADS; thread++) {
    const row = results.subarray(thread * RESULTS_PER_THREAD)
    for (const value of row.subarray(1, 1 + (row[0] ?? 0))) times.set(value, (times.get(value) ?? 0) + 1)
  }
  const windows = times.get(1) ?? 0
  const text = `${seed}: ${JSON.stringify([...times])} in ${elapsedMs} ms`
  assert.ok(windows <= 1 + Math.floor(elapsedMs / TTL_MS), text)
  for (const [value, count] of times) assert.ok(value === 1 || count <= (times.get(value - 1) ?? 0), text)
}
