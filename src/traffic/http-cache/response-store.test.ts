import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { MessageChannel, Worker } from 'node:worker_threads'
import { CellRegistry } from '../../shared/cells.ts'
import { openResponseStore, type ResponseStore, type StoreLimits } from './response-store.ts'
import type { StoredResponse } from './stored-response.ts'

const LIMITS: StoreLimits = { maxItems: 3, maxBytes: 10_000, maxEntryBytes: 10_000 }

function answer(bytes = 4, from = 'test'): StoredResponse {
  return {
    ...{ status: 200, fields: ['X-From', from], datedAt: 0, freshUntil: 1, alwaysValidate: false, neverStale: false },
    ...{ staleIfErrorMs: 0, etag: null, lastModified: null, vary: [], credentials: 0 },
    body: new SharedArrayBuffer(bytes),
  }
}

async function open(t: TestContext, cells = new CellRegistry(), limits = LIMITS): Promise<ResponseStore> {
  const store = await openResponseStore(cells, 'cache', limits)
  t.after(() => store.release())
  return store
}

const present = (store: ResponseStore, keys: string): string =>
  keys
    .split('')
    .filter((key) => store.find(key) !== undefined)
    .join('')

/** A thread with the same store; `ask` sends it a message and gives what it says. */
async function thread(t: TestContext, cells: CellRegistry) {
  const { port1, port2 } = new MessageChannel()
  cells.serve(port1)
  const worker = new Worker(new URL('./test-fixtures/store-thread.ts', import.meta.url), {
    workerData: { cells: port2, name: 'cache', limits: LIMITS },
    transferList: [port2],
  })
  t.after(async () => {
    await worker.terminate()
    port1.close()
  })
  await once(worker, 'message')
  const ask = async (message: object): Promise<{ from: string; body: SharedArrayBuffer } | null> => {
    worker.postMessage(message)
    const [found] = (await once(worker, 'message')) as [{ from: string; body: SharedArrayBuffer } | null]
    return found
  }
  return ask
}

describe('the store of a cache', () => {
  test('gives up the least recently used answer when there are too many', async (t) => {
    const store = await open(t)
    for (const key of 'abc') store.put(key, answer())
    store.find('a')
    store.put('d', answer())
    assert.equal(present(store, 'abcd'), 'acd')
    store.put('e', answer())
    assert.equal(present(store, 'abcde'), 'cde')
  })

  test('gives up as many as it takes when they are too large', async (t) => {
    const store = await open(t)
    for (const key of 'abc') store.put(key, answer(3000))
    store.put('d', answer(6000))
    assert.equal(present(store, 'abcd'), 'cd')
    store.put('d', answer(10))
    store.put('e', answer(3000))
    assert.equal(present(store, 'cde'), 'cde', 'what was replaced takes no room')
  })

  test('finds the longest unused among very many, about', async (t) => {
    const store = await open(t, new CellRegistry(), { ...LIMITS, maxItems: 1000, maxBytes: 1e9 })
    for (let i = 0; i < 1000; i++) store.put(`old ${i}`, answer())
    for (let i = 0; i < 10; i++) store.find(`old ${i}`)
    for (let i = 0; i < 500; i++) store.put(`new ${i}`, answer())
    for (let i = 0; i < 10; i++) assert.ok(store.find(`old ${i}`) !== undefined, `used ${i}`)
    for (let i = 0; i < 500; i++) assert.ok(store.find(`new ${i}`) !== undefined, `new ${i}`)
    assert.equal(store.find('old 100'), undefined)
  })

  test('is the same for two generations of a thread, until the last one gives it back', async (t) => {
    const cells = new CellRegistry()
    const first = await open(t, cells)
    first.put('a', answer())
    const second = await openResponseStore(cells, 'cache', LIMITS)
    second.release()
    assert.equal(present(first, 'a'), 'a')
    const elsewhere = await open(t)
    assert.equal(present(elsewhere, 'a'), '', 'another process, so to speak')
  })

  test('is one for all threads, without a wait', async (t) => {
    const cells = new CellRegistry()
    const store = await open(t, cells)
    const ask = await thread(t, cells)
    const mine = answer(4, 'main')
    store.put('a', mine)
    const found = await ask({ find: 'a' })
    assert.equal(found?.from, 'main')
    new Uint8Array(found?.body ?? new SharedArrayBuffer(1))[0] = 42
    assert.equal(new Uint8Array(mine.body ?? new SharedArrayBuffer(1))[0], 42, 'the body is not copied')
    await ask({ put: 'b' })
    assert.equal(store.find('b')?.get('x-from'), 'thread')
    store.remove('a')
    assert.equal(await ask({ find: 'a' }), null)
  })

  test('counts uses in all threads', async (t) => {
    const cells = new CellRegistry()
    const store = await open(t, cells)
    const ask = await thread(t, cells)
    for (const key of 'abc') store.put(key, answer())
    await ask({ find: 'a' })
    store.put('d', answer())
    assert.equal(present(store, 'abcd'), 'acd')
    assert.equal(await ask({ find: 'b' }), null)
    assert.notEqual(await ask({ find: 'd' }), null)
  })

  test('tells a new thread what there is', async (t) => {
    const cells = new CellRegistry()
    const store = await open(t, cells)
    for (const key of 'ab') store.put(key, answer(4, key))
    const ask = await thread(t, cells)
    let found: { from: string } | null = null
    while (found === null) found = await ask({ find: 'b' })
    assert.equal(found.from, 'b')
  })
})
