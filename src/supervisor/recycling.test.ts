import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { shares, start } from './test-fixtures/start.ts'

const code = (text: string) => ({ extra: { 'test/code': text } })

describe('recycling', { skip: !shares }, () => {
  test('gives each thread a successor after plugin code has changed often, and no count is lost', async (t) => {
    const { log, supervisor, get, reload, generations } = await start(t, 2, code('a'), { recycleAfter: 2 })
    const before = new Set<unknown>()
    while (before.size < 2) before.add(await (await get('/')).json())
    await reload(code('b'))
    await reload(code('b'))
    assert.equal(log.count(/has a successor/), 0)
    await reload(code('c'))
    let sent = supervisor.counters().requests
    await log.shows(/gateway thread \d has a successor, .*; connections lost: 0\n/, 2)
    await log.shows(/closed 4 in/, 2)
    const after = new Set<unknown>()
    while (after.size < 2) {
      after.add(await (await get('/')).json())
      sent++
    }
    assert.deepEqual(
      [...after].filter((thread) => before.has(thread)),
      [],
    )
    assert.equal(supervisor.counters().requests, sent)
    assert.equal(supervisor.counters().lostConnections, 0)
    assert.deepEqual(await generations(), [4])
    await log.shows(/closed 4 in/, 2)
  })

  test('the one that leaves finishes its requests, and those who follow do not wait for it', async (t) => {
    const { log, supervisor, reload, generations } = await start(t, 1, code('a'), { recycleAfter: 1 })
    const { promise: rest, resolve: finish } = Promise.withResolvers<void>()
    async function* body() {
      yield Buffer.from('half')
      await rest
    }
    const url = `http://127.0.0.1:${supervisor.port}/upload`
    const upload = fetch(url, { method: 'POST', body: ReadableStream.from(body()), duplex: 'half' })
    await log.shows(/upload began/)
    await reload(code('b'))
    await log.shows(/has a successor/)
    assert.equal(supervisor.counters().threads.length, 2)
    await reload(code('c'))
    assert.deepEqual(await generations(), [3])
    finish()
    assert.equal((await upload).status, 200)
    await log.shows(/closed 1 in/)
  })

  test('a successor that cannot serve leaves the old one in place', async (t) => {
    const { log, supervisor, reload, generations } = await start(t, 1, code('a'), { recycleAfter: 1 })
    // The second build of that generation is the successor's: after the thread's own.
    await reload({ extra: { 'test/code': 'b', 'test/build': 'second exits' } })
    await log.shows(/gateway thread 0 goes on, for its successor cannot serve: it called process\.exit\(9\)/)
    assert.deepEqual(await generations(), [2])
    assert.equal(supervisor.counters().threads.length, 1)
  })

  test('says once where it is not possible', async (t) => {
    const { log, reload } = await start(t, 1, code('a'), { recycleAfter: 1, reusePort: false })
    await reload(code('b'))
    await reload(code('c'))
    assert.equal(log.count(/WARNING: .* cannot share a port/), 1)
    assert.equal(log.count(/has a successor/), 0)
  })
})
