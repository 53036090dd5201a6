import { workerData } from 'node:worker_threads'
import { connectStore } from '../shared-store.ts'

// Uses a store whose owner is another thread, then ends by itself.
const { port, index, rounds } = workerData
const store = connectStore(port)
for (let round = 0; round < rounds; round++) {
  if (await store.setIfAbsent(`round ${round}`, index)) await store.set(`won by ${index}`, round)
}
