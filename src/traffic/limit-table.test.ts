import assert from 'node:assert/strict'
import { test } from 'node:test'
import { paceOf } from './gcra.ts'
import { CLAIMED, FIRST_SLOT, keyOf, LimitSlots } from './limit-slots.ts'
import { LimitTable, limitTableBytes } from './limit-table.ts'
import { endedThreads, inThreads } from './test-fixtures/limit-threads.ts'

const HOUR_MS = 3_600_000

interface Given {
  readonly rate?: number
  readonly everyMs?: number
  readonly capacity?: number
  readonly clients?: number
}

/** A table with a clock that is set by hand. */
function tableOf({ rate = 1, everyMs = HOUR_MS, capacity = 1, clients = 1000 }: Given) {
  const clock = { now: 9e8 }
  const told: number[] = []
  const pace = paceOf(rate, everyMs, capacity)
  const memory = new SharedArrayBuffer(limitTableBytes(clients))
  const open = () =>
    new LimitTable(
      memory,
      pace,
      () => clock.now,
      () => told.push(clock.now),
    )
  const table = open()
  const burst = (client: string, requests: number) =>
    Array.from({ length: requests }, () => table.take(client)).filter((left) => left >= 0).length
  return { clock, table, burst, told, open, memory }
}

test('each client has a bucket of its own', () => {
  const { table, burst } = tableOf({ capacity: 3 })
  assert.equal(burst('a', 5), 3)
  assert.equal(burst('b', 2), 2)
  assert.equal(table.take('b'), 0)
  assert.equal(table.take('b'), -1)
  assert.equal(table.take(''), 2, 'any text is a client')
  assert.equal(table.take('x'.repeat(100_000)), 2)
})

test('another view of the same memory goes on with the same buckets', () => {
  const { open, burst } = tableOf({ capacity: 3 })
  burst('a', 2)
  const other = open()
  assert.deepEqual([other.take('a'), other.take('a')], [0, -1])
})

test('tokens come back while the client is away, up to the capacity', () => {
  const { burst, clock } = tableOf({ rate: 10, everyMs: 1000, capacity: 10 })
  burst('a', 10)
  clock.now += 300
  assert.equal(burst('a', 10), 3)
  for (const pauseMs of [1000, HOUR_MS, 30 * 24 * HOUR_MS, 365 * 24 * HOUR_MS]) {
    clock.now += pauseMs
    assert.equal(burst('a', 20), 10, `after ${pauseMs} ms`)
  }
})

test('clients whose buckets are full again make room for others', () => {
  const { burst, clock, told } = tableOf({ everyMs: 1000, clients: 64 })
  for (let round = 0; round < 50; round++) {
    for (let client = 0; client < 64; client++) assert.equal(burst(`${round} ${client}`, 2), 1)
    clock.now += 1000
  }
  assert.deepEqual(told, [])
})

test('there is room for as many clients as asked for', () => {
  for (const clients of [8, 100, 65_536]) {
    const { table, told } = tableOf({ clients })
    for (let client = 0; client < clients; client++) assert.ok(table.take(`client ${client}`) >= 0)
    if (clients > 8) assert.deepEqual(told, [], String(clients))
    for (let client = 0; client < clients; client++) assert.ok(table.take(`client ${client}`) < 0)
  }
})

test('further clients share one bucket, which is told once a minute, and nobody evades a limit', () => {
  const { table, burst, clock, told } = tableOf({ capacity: 2, clients: 64 })
  assert.equal(burst('patient', 2), 2)
  let passed = 0
  for (let client = 0; client < 5000; client++) if (table.take(`flood ${client}`) >= 0) passed++
  assert.ok(passed >= 64 && passed <= 128 + 2, `${passed} clients passed`)
  assert.equal(told.length, 1)
  assert.equal(table.take('patient'), -1, 'who has a bucket keeps it')
  clock.now += 59_000
  table.take('one more')
  assert.equal(told.length, 1)
  clock.now += 2000
  table.take('another')
  assert.equal(told.length, 2)
  clock.now += 3 * HOUR_MS
  assert.equal(burst('another', 3), 2, 'there is room again')
})

test('eight threads that meet the same new clients let each pass as often as it may', async (t) => {
  const memory = new SharedArrayBuffer(limitTableBytes(4096))
  const limit = { rate: 1, everyMs: HOUR_MS, capacity: 3 }
  const { passed, overflows } = await inThreads(t, {
    ...{ threads: 8, memory, clients: 1000, times: 2000, clock: new SharedArrayBuffer(4) },
    ...limit,
  })
  // The clock has moved by 16 seconds: no token has come back.
  assert.deepEqual(new Set(passed), new Set([3]))
  assert.equal(overflows, 0)
})

test('threads that take slots of a crowded table from each other give no client more than its rate', async (t) => {
  const memory = new SharedArrayBuffer(limitTableBytes(32))
  const limit = { rate: 1, everyMs: 400, capacity: 2 }
  const [threads, times] = [4, 10_000]
  const { passed } = await inThreads(t, {
    ...{ threads, memory, clients: 40, times, clock: new SharedArrayBuffer(4) },
    ...limit,
  })
  const most = 2 + (threads * times) / 400
  for (const [client, count] of passed.entries()) {
    assert.ok(count <= most + 1, `client ${client} passed ${count} times of ${most}`)
  }
  const sum = passed.reduce((total, count) => total + count, 0)
  assert.ok(sum > 40 * most * 0.9, `${sum} of ${40 * most} passed`)
})

test('threads that are ended in the middle leave a table that counts', async (t) => {
  const memory = new SharedArrayBuffer(limitTableBytes(32))
  const clock = new SharedArrayBuffer(4)
  const limit = { rate: 1, everyMs: 100, capacity: 2 }
  for (let round = 0; round < 3; round++) {
    await endedThreads(t, { threads: 2, memory, clients: 40, times: 0, clock, ...limit })
  }
  const time = new Int32Array(clock)
  time[0] = (time[0] ?? 0) + 1_000_000
  const now = () => time[0] ?? 0
  const table = new LimitTable(memory, paceOf(1, 100, 2), now, () => assert.fail('there is room'))
  for (let client = 0; client < 20; client++) {
    const name = `client ${client}`
    assert.deepEqual([table.take(name), table.take(name), table.take(name)], [1, 0, -1])
  }
})

test('claims of threads that have ended are taken over after a while', () => {
  const { table, clock, memory, told, burst } = tableOf({ everyMs: 1000, clients: 8 })
  assert.equal(burst('a', 2), 1)
  const slots = new LimitSlots(memory)
  for (let slot = 0; slot < slots.count; slot++) {
    const read = slots.load(FIRST_SLOT + slot)
    const now = Math.floor(clock.now * paceOf(1, 1000, 1).unitsPerMs) % 2 ** 37
    if (read === 0n) slots.exchange(FIRST_SLOT + slot, read, keyOf(0x40 * (slot + 1)) | CLAIMED, now)
  }
  assert.equal(burst('a', 1), 0)
  table.take('b')
  assert.equal(told.length, 1, 'nothing is free')
  clock.now += 1500
  for (const client of ['a', 'b', 'c', 'd', 'e']) assert.equal(burst(client, 2), 1)
  assert.equal(told.length, 1)
})
