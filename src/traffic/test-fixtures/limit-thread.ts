import { parentPort, workerData } from 'node:worker_threads'
import { createSharedClock } from '../../shared/shared-clock.ts'
import { createBucket, paceOf } from '../gcra.ts'
import { LimitTable } from '../limit-table.ts'

/** What a thread does; all of its threads begin at the same moment. */
export interface LimitWork {
  readonly threads: number
  readonly started: SharedArrayBuffer
  /** The memory of a table; a bucket's when `clients` is 0. */
  readonly memory: SharedArrayBuffer
  readonly clients: number
  readonly times: number
  readonly rate: number
  readonly everyMs: number
  readonly capacity: number
  /** With a clock of milliseconds that this memory holds, which each request moves on; without it the machine's. */
  readonly clock: SharedArrayBuffer | null
}

const work = workerData as LimitWork
const { threads, memory, clients, times } = work
const pace = paceOf(work.rate, work.everyMs, work.capacity)
const time = work.clock === null ? null : new Int32Array(work.clock)
const now = time === null ? createSharedClock() : () => Atomics.load(time, 0)
let overflows = 0
const bucket = clients === 0 ? createBucket(memory, 0, pace, now) : null
const table = clients === 0 ? null : new LimitTable(memory, pace, now, () => overflows++)

const started = new Int32Array(work.started)
Atomics.add(started, 0, 1)
Atomics.notify(started, 0)
for (let ready = Atomics.load(started, 0); ready < threads; ready = Atomics.load(started, 0)) {
  Atomics.wait(started, 0, ready)
}
const passed = new Array<number>(Math.max(1, clients)).fill(0)
for (let turn = 0; turn < times; turn++) {
  const client = clients === 0 ? 0 : turn % clients
  const left = bucket === null ? (table?.take(`client ${client}`) ?? -1) : bucket()
  if (left >= 0) passed[client] = (passed[client] ?? 0) + 1
  if (time !== null) Atomics.add(time, 0, 1)
}
parentPort?.postMessage({ passed, overflows })
