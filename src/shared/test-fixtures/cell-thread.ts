import { workerData } from 'node:worker_threads'
import { connectCells } from '../cells.ts'
import { CounterRow } from '../thread-counters.ts'

// Adds to a shared cell and counts requests in its own row, then ends by itself.
const { port, index, rounds } = workerData
const cells = connectCells(port)
const sum = new Int32Array(await cells.open('sum', 4))
const row = new CounterRow(await cells.open('rows', workerData.rowBytes), index)
for (let round = 0; round < rounds; round++) {
  Atomics.add(sum, 0, 1)
  row.countRequest()
}
row.beat(index + 1)
row.setGeneration(1)
