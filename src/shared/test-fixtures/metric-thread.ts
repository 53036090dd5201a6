import { workerData } from 'node:worker_threads'
import { connectCells } from '../cells.ts'
import { openCounter, openHistogram } from '../metric-cells.ts'

// Counts and records before the memory has come and after, then ends by itself.
const { port, row, rows, times } = workerData
const cells = connectCells(port)
const counter = openCounter(cells, 'requests', row, rows)
const histogram = openHistogram(cells, 'latency', row, rows)
for (let time = 0; time < times; time++) {
  counter.add()
  histogram.record(row + 1)
  if (time === times / 2) await Promise.all([counter.shared, histogram.shared])
}
