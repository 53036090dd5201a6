import { workerData } from 'node:worker_threads'
import { CounterTable } from '../counter-table.ts'
import {
  createRandom,
  giveBack,
  OTHERS,
  RESULTS_PER_THREAD,
  type StepControl,
  stepByStep,
  THREADS,
  TTL_MS,
  waitFor,
} from './stepping.ts'

// In each round a few operations on the table: all threads count one key, and the clock may go on; the last thread
// makes places free first.
const { thread, control }: { thread: number; control: StepControl } = workerData
const turns = new Int32Array(control.turns)
const round = new Float64Array(control.round)
const results = new Float64Array(control.results).subarray(thread * RESULTS_PER_THREAD)
const table = new CounterTable(control.table, { now: () => round[0] ?? 0 })
stepByStep(turns, thread)

for (;;) {
  waitFor(turns, thread)
  const seed = round[1] ?? 0
  const random = createRandom(seed * 10 + thread)
  const counted: number[] = []
  const frees = thread === THREADS
  if (frees) for (let other = random(3); other < OTHERS; other += 2) table.delete(`other ${other}`)
  for (let times = frees ? random(3) : 3; times > 0; times--) {
    counted.push(table.increment(`key ${seed}`, 1, { ttlMs: TTL_MS }))
    if (random(10) === 0) round[0] = (round[0] ?? 0) + random(TTL_MS)
  }
  results.set([counted.length, ...counted])
  turns[thread] = 0
  giveBack(turns)
}
