import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { StartFailed } from './supervisor.ts'
import { shares, start } from './test-fixtures/start.ts'

const UNBUILT =
  'error: the plugin "auth" is not there\n    Correct the part of the configuration that the message names. (GATEWAY_NOT_BUILT)'

describe('startSupervisor', () => {
  test('all threads serve one port and build once in the log', { skip: !shares }, async (t) => {
    const { log, get } = await start(t, 3)
    const answered = new Set<unknown>()
    for (let round = 0; round < 200 && answered.size < 3; round++) answered.add(await (await get('/')).json())
    assert.equal(answered.size, 3)
    assert.equal(log.count(/INFO: built for/), 1)
  })

  test('counts the requests of all threads', async (t) => {
    const { supervisor, get } = await start(t, 2)
    for (let request = 0; request < 20; request++) await (await get('/')).text()
    assert.equal(supervisor.counters().requests, 20)
  })

  test('a port in use is refused with one clear message', async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    t.after(() => other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const message = new RegExp(`listen tcp 127\\.0\\.0\\.1:${port}: bind: address already in use: .* --port$`)
    await assert.rejects(start(t, 2, { port }), { name: 'AddressUnusable', message })
  })

  test('a port that another process holds on one address only is refused by the system, with the same message', async (t) => {
    const other = createServer().listen(0, '127.0.0.2')
    t.after(() => other.close())
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const message = new RegExp(`listen tcp :${port}: bind: address already in use`)
    await assert.rejects(start(t, 2, { port, listenIp: '' }), { name: 'AddressUnusable', message })
  })

  test('a gateway that cannot be built: its reason is told once', async (t) => {
    await assert.rejects(start(t, 3, { extra: { 'test/build': 'throw' } }), new StartFailed(UNBUILT))
  })

  test('a thread that ends while it builds is told as that', async (t) => {
    const reason = 'a gateway thread ended before it served: it called process.exit(7)'
    await assert.rejects(start(t, 2, { extra: { 'test/build': 'exit' } }), new StartFailed(reason))
  })
})

describe('a thread that dies is replaced', () => {
  test('after process.exit; what it logged before is not lost', async (t) => {
    const { log, get } = await start(t, 2)
    await assert.rejects(get('/exit'))
    await log.shows(/serves again/)
    assert.match(
      log.text,
      /INFO: about to exit\n(.*\n)*.*ERROR: .*gateway thread \d ended: it called process\.exit\(3\); it is replaced now/,
    )
    assert.equal((await get('/')).status, 200)
  })

  test('after an exception that nobody caught', async (t) => {
    const { log, get } = await start(t, 1)
    await assert.rejects(get('/throw'))
    await log.shows(/serves again/)
    assert.match(log.text, /ended: nobody caught Error: a plugin threw this\n\t {4}at /)
  })

  test('after its heap is full', async (t) => {
    const { log, get } = await start(t, 1)
    await assert.rejects(get('/heap'))
    await log.shows(/ended: its heap reached the limit of 40 MB; it is replaced now(.*\n)*.*serves again/)
    assert.equal((await get('/')).status, 200)
  })

  test('again and again, with a pause from the second time on', async (t) => {
    const { log, get } = await start(t, 1)
    await assert.rejects(get('/exit'))
    await log.shows(/serves again/)
    await assert.rejects(get('/exit'))
    await log.shows(/it is replaced in 100 ms/)
    await log.shows(/serves again(.*\n)*.*serves again/)
    assert.equal((await get('/')).status, 200)
  })
})

test('what a plugin prints goes the way of the log', async (t) => {
  const { log, get } = await start(t, 1)
  await get('/print')
  await log.shows(/^printed by a plugin$/m)
})

test('stop lets a request under way finish and closes the gateway', async (t) => {
  const { log, supervisor } = await start(t, 1)
  const upload = slowUpload(supervisor.port)
  await log.shows(/upload began/)
  const stopped = supervisor.stop()
  await upload.refused()
  upload.finish()
  assert.deepEqual(await upload.answer, { status: 200, body: '7' })
  await stopped
  assert.match(log.text, /INFO: closed 1 in/)
})

test('stop cuts requests that outlast max_shutdown_wait_time', async (t) => {
  const { log, supervisor } = await start(t, 1, { maxShutdownWaitMs: 50 })
  const upload = slowUpload(supervisor.port)
  await log.shows(/upload began/)
  await Promise.all([assert.rejects(upload.answer), supervisor.stop()])
  assert.match(log.text, /ERROR: \[SERVICE: Gin\] context deadline exceeded/)
})

/** A request whose body is half sent until `finish`. */
function slowUpload(port: number) {
  const { promise: rest, resolve } = Promise.withResolvers<void>()
  async function* body() {
    yield Buffer.from('half')
    await rest
    yield Buffer.from('end')
  }
  const url = `http://127.0.0.1:${port}/upload`
  const send = async () => {
    const response = await fetch(url, { method: 'POST', body: ReadableStream.from(body()), duplex: 'half' })
    return { status: response.status, body: await response.text() }
  }
  const answer = send()
  answer.catch(() => {})
  return {
    answer,
    finish: resolve,
    /** Resolves when the port takes no more connections. */
    async refused() {
      for (;;) {
        const answered = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then(
          (response) => response.text(),
          () => null,
        )
        if (answered === null) return
      }
    },
  }
}
