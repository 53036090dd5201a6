import { parentPort, workerData } from 'node:worker_threads'
import { connectCells } from '../cells.ts'
import { openCounterTable } from '../counter-table.ts'

// Counts keys in turn, then tells what it got: for each key, how often each value.
const { port, capacity, keys, times, ttlMs } = workerData
const cells = connectCells(port)
const table = await openCounterTable(cells, 'table', { capacity })
// Nobody begins before all have begun.
const started = new Int32Array(await cells.open('started', 4))
Atomics.add(started, 0, 1)
Atomics.notify(started, 0)
for (let now = Atomics.load(started, 0); now < workerData.threads; now = Atomics.load(started, 0)) {
  Atomics.wait(started, 0, now)
}
const got = Array.from({ length: keys }, () => new Map<number, number>())
for (let time = 0; time < times; time++) {
  const key = time % keys
  const value = table.increment(`key ${key}`, 1, ttlMs === undefined ? undefined : { ttlMs })
  got[key]?.set(value, (got[key]?.get(value) ?? 0) + 1)
}
parentPort?.postMessage(got)
