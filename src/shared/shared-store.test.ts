import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { MessageChannel, Worker } from 'node:worker_threads'
import { connectStore } from './shared-store.ts'
import { createStoreOwner } from './store-owner.ts'
import { type OpenStore, testSharedStore } from './test-fixtures/store-contract.ts'

const openHere: OpenStore = async (t, { clock, ...options }) => {
  const owner = createStoreOwner({ ...options, now: () => clock[0] ?? 0 })
  t.after(() => owner.clear())
  return owner.store
}

const openInThread: OpenStore = async (t, options) => (await startOwner(t, options)).store

async function startOwner(t: Parameters<OpenStore>[0], options: Parameters<OpenStore>[1]) {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(new URL('./test-fixtures/store-owner-thread.ts', import.meta.url), {
    workerData: { port: port2, ...options },
    transferList: [port2],
  })
  t.after(() => worker.terminate())
  return { worker, store: connectStore(port1) }
}

testSharedStore('in one thread', openHere)
testSharedStore('in another thread', openInThread)

test('threads share the values of an owner, and end although they are connected', async () => {
  const owner = createStoreOwner()
  const rounds = 50
  await Promise.all(
    [0, 1, 2].map(async (index) => {
      const { port1, port2 } = new MessageChannel()
      owner.serve(port1)
      const worker = new Worker(new URL('./test-fixtures/store-thread.ts', import.meta.url), {
        workerData: { port: port2, index, rounds },
        transferList: [port2],
      })
      const [code] = await once(worker, 'exit')
      assert.equal(code, 0)
    }),
  )
  const winners = await Promise.all(Array.from({ length: rounds }, (_, round) => owner.store.get(`round ${round}`)))
  assert.ok(winners.every((index) => [0, 1, 2].includes(Number(index))))
  const winner = winners.at(-1)
  assert.equal(await owner.store.get(`won by ${Number(winner)}`), rounds - 1)
})

test('what is asked of an owner whose thread ends is refused, then and later', async (t) => {
  const { worker, store } = await startOwner(t, { clock: new Float64Array(new SharedArrayBuffer(8)) })
  await store.set('a', 1)
  // The thread is ended before it can answer.
  const ended = worker.terminate()
  const asked = store.get('a').then(
    (value) => assert.equal(value, 1),
    (error: unknown) => assert.match(String(error), /shared store cannot be reached/),
  )
  await ended
  await asked
  await assert.rejects(store.get('a'), /shared store cannot be reached: the thread that owns it has ended/)
  await assert.rejects(store.scoped('x').set('a', 1), /shared store cannot be reached/)
})

test('what is under way when the owner closes its port is refused', async () => {
  const { port1, port2 } = new MessageChannel()
  const store = connectStore(port2)
  const asked = [store.get('a'), store.setIfAbsent('b', 1), store.delete('c')]
  port1.close()
  for (const result of await Promise.allSettled(asked)) {
    assert.equal(result.status, 'rejected')
    assert.match(String(result.reason), /shared store cannot be reached/)
  }
})

test('a sweep removes what is over, and the owner counts what it holds and gave up', async () => {
  let nowMs = 0
  const owner = createStoreOwner({ maxBytes: 2000, now: () => nowMs })
  await owner.store.set('short', 1, { ttlMs: 10 })
  await owner.store.set('long', 'x'.repeat(500), { ttlMs: 1000 })
  assert.equal(owner.statistics().entries, 2)
  assert.ok(owner.statistics().bytes > 900)
  nowMs = 10
  owner.sweep()
  assert.equal(owner.statistics().entries, 1)
  await owner.store.set('longer', 'x'.repeat(1200))
  assert.deepEqual({ ...owner.statistics(), bytes: 0 }, { entries: 1, bytes: 0, evictions: 1 })
  await owner.store.delete('longer')
  assert.deepEqual(owner.statistics(), { entries: 0, bytes: 0, evictions: 1 })
})

test('the sweep comes by itself', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let nowMs = 0
  const owner = createStoreOwner({ now: () => nowMs })
  await owner.store.set('a', 1, { ttlMs: 10 })
  nowMs = 20
  assert.equal(owner.statistics().entries, 1)
  t.mock.timers.tick(30_000)
  assert.equal(owner.statistics().entries, 0)
})
