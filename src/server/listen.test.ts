import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, type TestContext, test } from 'node:test'
import { connectRaw, request } from '../../test/support/client.ts'
import { recordingLog } from '../../test/support/recording-log.ts'
import type { GatewayConfig } from '../config/model.ts'
import { HttpResponse } from '../pipes/http.ts'
import { emptyConfig } from '../supervisor/test-fixtures/config.ts'
import { countUnaccepted } from './accept-queue.ts'
import { listen, type Served } from './listen.ts'

async function start(t: TestContext, gateway: Served) {
  const listener = await listen(gateway, { port: 0, host: '127.0.0.1', reusePort: false }, recordingLog())
  t.after(() => listener.destroy())
  return listener
}

/** Answers everything with its name, once `rest` is settled. */
function named(name: string, server: Partial<GatewayConfig['server']> = {}, rest?: Promise<void>): Served {
  const config = emptyConfig()
  return {
    config: { ...config, server: { ...config.server, ...server } },
    handle: async () => {
      await rest
      return HttpResponse.json(name)
    },
  }
}

describe('close', () => {
  test('connections stay open for a request that may be on its way, until there is no time for that', async (t) => {
    const { promise: hurry, resolve } = Promise.withResolvers<void>()
    const listener = await start(t, named('first'))
    const [used, unused, idle] = [0, 1, 2].map(() => connectRaw(t, listener.port))
    assert.ok(used !== undefined && unused !== undefined && idle !== undefined)
    const GET = 'GET / HTTP/1.1\r\nHost: g\r\n\r\n'
    for (const connection of [used, idle]) {
      connection.write(GET)
      await connection.until(/"first"/)
    }
    // The one in between was accepted too.
    const closed = listener.close(hurry)
    for (const connection of [used, unused]) {
      connection.write(GET)
      assert.match(await connection.closed, /Connection: close\r\n(?:.*\r\n)*\r\n"first"$/)
    }
    resolve()
    assert.doesNotMatch(await idle.closed, /Connection: close/)
    await closed
  })
})

describe('swap', () => {
  test('a gateway without requests is drained at once', async (t) => {
    const first = named('first')
    const listener = await start(t, first)
    assert.equal((await request(listener.port, '/')).json(), 'first')
    const { gateway, drained } = listener.swap(named('second'))
    await drained
    assert.equal(gateway, first)
    assert.equal((await request(listener.port, '/')).json(), 'second')
  })

  test('the old gateway answers its requests, and is drained with the last of them', async (t) => {
    const { promise: rest, resolve: finish } = Promise.withResolvers<void>()
    const listener = await start(t, named('first', {}, rest))
    const client = connectRaw(t, listener.port)
    const answers = [request(listener.port, '/'), request(listener.port, '/')]
    while (listener.active < 2) await new Promise(setImmediate)
    const { drained } = listener.swap(named('second'))
    client.write('GET / HTTP/1.1\r\nHost: g\r\n\r\n')
    await client.until(/"second"/)
    let isDrained = false
    void drained.then(() => {
      isDrained = true
    })
    await new Promise(setImmediate)
    assert.equal(isDrained, false)
    finish()
    await drained
    assert.deepEqual(await Promise.all(answers.map(async (answer) => (await answer).json())), ['first', 'first'])
  })

  test('the time for writing an answer is that of the gateway that answers', async (t) => {
    const listener = await start(t, named('first'))
    const never = new Promise<void>(() => {})
    listener.swap(named('second', { writeTimeoutMs: 30 }, never))
    await assert.rejects(request(listener.port, '/'))
  })

  test('a kept connection waits as long as the gateway says that answers', async (t) => {
    const listener = await start(t, named('first', { idleTimeoutMs: 60_000 }))
    listener.swap(named('second', { idleTimeoutMs: 20 }))
    const client = connectRaw(t, listener.port)
    client.write('GET / HTTP/1.1\r\nHost: g\r\n\r\n')
    assert.match(await client.closed, /"second"/)
  })

  test('errors are logged where the gateway that answers logs', async (t) => {
    const [before, after] = [recordingLog(), recordingLog()]
    const listener = await listen(named('first'), { port: 0, host: '127.0.0.1', reusePort: false }, before)
    t.after(() => listener.destroy())
    const broken: Served = { ...named('second'), handle: async () => new HttpResponse(100) }
    listener.swap(broken, after)
    assert.equal((await request(listener.port, '/')).status, 500)
    assert.deepEqual(before.lines, [])
    assert.match(after.lines.join('\n'), /^ERROR .*100 is not the status of a final answer/)
  })
})

describe('countUnaccepted', { skip: process.platform !== 'linux' }, () => {
  test('finds connections that wait in the queue of a listener', async (t) => {
    for (const host of ['127.0.0.1', '::']) {
      const listener = await listen(named('first'), { port: 0, host, reusePort: false }, recordingLog())
      t.after(() => listener.destroy())
      assert.equal(countUnaccepted(listener), 0)
      // This process accepts nothing while it waits for that one.
      const connect = `const { connect } = require('node:net'); let open = 3
        for (let i = 0; i < 3; i++) connect(${listener.port}, '127.0.0.1', () => --open || process.exit())`
      assert.equal(spawnSync(process.execPath, ['-e', connect]).status, 0)
      assert.equal(countUnaccepted(listener), 3)
    }
  })

  test('does not know where there is no such table, or no socket', async (t) => {
    const listener = await start(t, named('first'))
    assert.equal(countUnaccepted(listener, ['/proc/net/none']), null)
    assert.equal(countUnaccepted({ fd: null }), null)
  })
})
