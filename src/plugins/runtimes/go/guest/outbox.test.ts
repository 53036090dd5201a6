import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { FromGuestThread } from './messages.ts'
import { outboxMemory, taken } from './outbox.ts'

const PRINTS = `
import { parentPort, workerData } from 'node:worker_threads'
const { Outbox } = await import(workerData.outboxFile)
const around = { waits: () => parentPort.postMessage('waits'), runs: () => parentPort.postMessage('runs') }
const { tell } = new Outbox(workerData.memory, (message) => parentPort.postMessage(message), around)
for (let i = 0; i < 1000; i++) tell({ type: 'printed', stream: 1, bytes: new Uint8Array(10_000) })
`

test('a thread that prints more than is taken waits, and says so', async (t) => {
  const memory = outboxMemory()
  const outboxFile = new URL('./outbox.ts', import.meta.url).href
  const source = new URL(`data:text/javascript,${encodeURIComponent(PRINTS)}`)
  const worker = new Worker(source, { workerData: { memory, outboxFile } })
  t.after(() => worker.terminate())
  const words = new Int32Array(memory)
  let [most, bytes, waits, runs] = [0, 0, 0, 0]
  const untaken: FromGuestThread[] = [] // nothing is taken before it waits, or it might never have to
  worker.on('message', (message: FromGuestThread | 'waits' | 'runs') => {
    if (message === 'waits') waits++
    else if (message === 'runs') runs++
    else {
      most = Math.max(most, Atomics.load(words, 0))
      if (message.type === 'printed') bytes += message.bytes.length
      untaken.push(message)
    }
    if (waits > 0) for (const each of untaken.splice(0)) taken(memory, each)
  })
  await once(worker, 'exit')
  assert.equal(bytes, 10_000_000)
  assert.ok(most < 1.1 * 1024 * 1024, `${most} bytes were under way`)
  assert.ok(waits > 0)
  assert.equal(runs, waits)
  assert.equal(Atomics.load(words, 0), 0)
})
