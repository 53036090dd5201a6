import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { MessageChannel, Worker } from 'node:worker_threads'
import { CellRegistry, CellSizeMismatch, cellName, connectCells } from './cells.ts'
import { CounterRow, counterBytes, sumCounters } from './thread-counters.ts'

test('threads that open the same name share its memory, and their counters add up', async () => {
  const registry = new CellRegistry()
  const rowBytes = counterBytes(3)
  await Promise.all(
    [0, 1, 2].map(async (index) => {
      const { port1, port2 } = new MessageChannel()
      registry.serve(port1)
      const worker = new Worker(new URL('./test-fixtures/cell-thread.ts', import.meta.url), {
        workerData: { port: port2, index, rounds: 1000, rowBytes },
        transferList: [port2],
      })
      const [code] = await once(worker, 'exit')
      assert.equal(code, 0)
    }),
  )
  assert.equal(new Int32Array(registry.get('sum', 4))[0], 3000)
  assert.deepEqual(sumCounters(registry.get('rows', rowBytes), 3), { requests: 3000, active: 6 })
  const second = new CounterRow(registry.get('rows', rowBytes), 1).read()
  assert.deepEqual(second, { requests: 1000, active: 2, beats: 1, generation: 1, generations: 0 })
})

test('a cell keeps its content as long as it is asked for by the same name', async () => {
  const registry = new CellRegistry()
  new Int32Array(await registry.open('a', 8))[1] = 7
  assert.equal(new Int32Array(await registry.open('a', 8))[1], 7)
  assert.equal(new Int32Array(await registry.open('b', 8))[1], 0)
})

test('another size under the same name is refused, here and through a port', async (t) => {
  const registry = new CellRegistry()
  registry.get('a', 8)
  assert.throws(() => registry.get('a', 16), CellSizeMismatch)
  const { port1, port2 } = new MessageChannel()
  t.after(() => port1.close())
  registry.serve(port1)
  const cells = connectCells(port2)
  await assert.rejects(cells.open('a', 16), /"a" has 8 bytes, but 16 were asked for/)
  assert.equal((await cells.open('a', 8)).byteLength, 8)
})

test('a cell that only generations opened which are gone is forgotten, others stay', async (t) => {
  const registry = new CellRegistry()
  const { port1, port2 } = new MessageChannel()
  t.after(() => port1.close())
  registry.serve(port1)
  const cells = connectCells(port2)
  await cells.open('for good', 4)
  await cells.ofGeneration(1).open('of the first', 4)
  new Int32Array(await cells.ofGeneration(1).open('of both', 4))[0] = 7
  await cells.ofGeneration(2).open('of both', 4)
  await cells.ofGeneration(2).open('for good', 4)
  assert.equal(registry.size, 3)
  registry.release(1)
  assert.equal(registry.size, 2)
  assert.equal(new Int32Array(await cells.ofGeneration(3).open('of both', 4))[0], 7)
  registry.release(2)
  registry.release(3)
  assert.equal(registry.size, 1)
})

test('the name depends on feature, place and options, not on the order of keys', () => {
  const name = cellName('qos/ratelimit/router', 'GET /a', { max_rate: 5, every: { b: 1, a: [2, 1] } })
  assert.equal(cellName('qos/ratelimit/router', 'GET /a', { every: { a: [2, 1], b: 1 }, max_rate: 5 }), name)
  assert.notEqual(cellName('qos/ratelimit/router', 'GET /a', { max_rate: 6, every: { b: 1, a: [2, 1] } }), name)
  assert.notEqual(cellName('qos/ratelimit/router', 'GET /b', { max_rate: 5, every: { b: 1, a: [2, 1] } }), name)
  assert.notEqual(cellName('qos/ratelimit/proxy', 'GET /a', { max_rate: 5, every: { b: 1, a: [2, 1] } }), name)
  assert.equal(typeof cellName('x', 'y', undefined), 'string')
})
