import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { LimitWork } from './limit-thread.ts'

/** How often each client passed, and how often a table said that it was full, in all threads. */
export interface Passed {
  readonly passed: number[]
  readonly overflows: number
}

type Work = Omit<LimitWork, 'started'>

/** Lets threads do that work at the same time. */
export async function inThreads(t: TestContext, work: Work): Promise<Passed> {
  const workers = startThreads(t, { ...work, started: new SharedArrayBuffer(4) })
  const results = (await Promise.all(workers.map((worker) => once(worker, 'message')))) as [Passed][]
  const sum = { passed: new Array<number>(Math.max(1, work.clients)).fill(0), overflows: 0 }
  for (const [{ passed, overflows }] of results) {
    passed.forEach((count, client) => {
      sum.passed[client] = (sum.passed[client] ?? 0) + count
    })
    sum.overflows += overflows
  }
  return sum
}

/** Lets threads begin with that work, and ends them in the middle of it. */
export async function endedThreads(t: TestContext, work: Work): Promise<void> {
  const started = new Int32Array(new SharedArrayBuffer(4))
  const workers = startThreads(t, { ...work, times: 1e9, started: started.buffer })
  for (let ready = 0; ready < work.threads; ready = Atomics.load(started, 0)) {
    await Atomics.waitAsync(started, 0, ready).value
  }
  await Promise.all(workers.map((worker) => worker.terminate()))
}

function startThreads(t: TestContext, workerData: LimitWork): readonly Worker[] {
  return Array.from({ length: workerData.threads }, () => {
    const worker = new Worker(new URL('./limit-thread.ts', import.meta.url), { workerData })
    t.after(() => worker.terminate())
    return worker
  })
}
