import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withoutGo } from '../support/go-plugin.ts'
import { startZoo, type Zoo } from './zoo/start-zoo.ts'

// What a Go plugin does wrong while it answers: it costs the call, or the instance, and nobody else anything. The zoo's
// plugin is in `zoo/faults`; a copy of it stands by.

/** How a fault is asked for, at each of the hooks. */
const HOOKS = {
  server: { path: '/handler', field: 'X-Handler' },
  client: { path: '/client', field: 'X-Client' },
  request: { path: '/modifier', field: 'X-Request' },
  response: { path: '/modifier', field: 'X-Response' },
  middleware: { path: '/middleware', field: 'X-Middleware' },
} as const
type Hook = keyof typeof HOOKS

function ask(zoo: Zoo, hook: Hook, fault: string) {
  const { path, field } = HOOKS[hook]
  return zoo.request(path, { headers: { [field]: fault } })
}

/** Whatever happened, others are served, and so are the next ones of the plugin itself. */
async function assertGoesOn(zoo: Zoo, hook: Hook, message: string): Promise<void> {
  assert.equal((await zoo.request('/plain')).status, 200, message)
  assert.equal((await zoo.request('/good')).status, 200, message)
  assert.equal((await zoo.request(HOOKS[hook].path)).status, 200, message)
}

describe('what costs a call', { skip: withoutGo }, () => {
  test('a panic, in each hook', async (t) => {
    const zoo = await startZoo(t)
    for (const hook of Object.keys(HOOKS) as Hook[]) {
      for (const [fault, line] of [
        ['panic', /panic: as it was asked to \[GoPanic at main\.misbehave \(.*misbehave\.go:\d+\)\]/],
        ['panic-nil-map', /panic: assignment to entry in nil map/],
      ] as const) {
        const before = zoo.log.all.length
        assert.equal((await ask(zoo, hook, fault)).status, 500, hook)
        assert.match(zoo.log.all.slice(before).join('\n'), line)
        await assertGoesOn(zoo, hook, `${hook}, ${fault}`)
      }
    }
    assert.equal(zoo.restarts(), 0)
  })

  test('a hook that waits for ever', async (t) => {
    const zoo = await startZoo(t, { timeout: '200ms' })
    const waiting = ['block', 'block-nil'].flatMap((fault) => [ask(zoo, 'request', fault), ask(zoo, 'response', fault)])
    for (const { status } of await Promise.all(waiting)) assert.equal(status, 500)
    assert.match(zoo.log.all.join('\n'), /did not settle before the deadline of the request/)
    await assertGoesOn(zoo, 'request', 'afterwards')
    assert.equal(zoo.restarts(), 0)
  })

  test('a slow handler, beyond the time of its settings', async (t) => {
    const zoo = await startZoo(t, { settings: { faults: { timeout: '100ms' } } })
    assert.equal((await ask(zoo, 'server', 'sleep 2s')).status, 500)
    assert.match(zoo.log.all.join('\n'), /plugin "faults", server .*did not settle within 100 ms/)
    await assertGoesOn(zoo, 'server', 'afterwards')
  })

  test('what cannot be sent', async (t) => {
    const zoo = await startZoo(t)
    const wrong = ['bad-method', 'bad-host', 'bad-query', 'bad-opaque']
    const statuses = ['status 99', 'status 101', 'status 999', 'status 1000', 'status -1']
    for (const fault of [...wrong, ...statuses]) {
      assert.equal((await ask(zoo, 'server', fault)).status, 500, fault)
      assert.match(zoo.log.all.at(-1) ?? '', /ERROR.*plugin "faults", server at/, fault)
    }
    assert.equal(zoo.upstream.received.length, 0)
    await assertGoesOn(zoo, 'server', 'afterwards')
    assert.equal(zoo.restarts(), 0)
  })

  test('data that contain themselves', async (t) => {
    const zoo = await startZoo(t)
    assert.equal((await ask(zoo, 'response', 'cycle')).status, 500)
    assert.match(zoo.log.all.join('\n'), /encountered a cycle via map/)
    assert.equal((await ask(zoo, 'response', 'bad-data')).status, 500)
    assert.equal(zoo.restarts(), 0)
  })
})

describe('what costs nothing', { skip: withoutGo }, () => {
  const answer = async (zoo: Zoo, fault: string, body?: string) => {
    const method = body === undefined ? 'GET' : 'POST'
    const options = { method, headers: { 'X-Handler': fault }, ...(body !== undefined && { body }) }
    const answered = await zoo.request('/handler', options)
    await assertGoesOn(zoo, 'server', fault)
    assert.equal(zoo.restarts(), 0)
    return answered
  }

  test('a body that is not read, or not to its end, or closed twice', async (t) => {
    const zoo = await startZoo(t)
    const body = 'x'.repeat(2_000_000)
    assert.equal((await answer(zoo, 'unread', body)).status, 202)
    assert.equal((await answer(zoo, 'read-some', body)).body, 'xxxxxxxxxx')
    assert.equal((await answer(zoo, 'close-twice', body)).body, 'http: invalid Read on closed Body')
  })

  test('a status that is written twice, and fields after it', async (t) => {
    const zoo = await startZoo(t)
    const { status, body } = await answer(zoo, 'double-header')
    assert.deepEqual([status, body], [201, 'created'])
    await zoo.guestLog.find(/WARNING: http: superfluous response\.WriteHeader call/)
    assert.equal((await answer(zoo, 'late-header')).header('x-late'), null)
  })

  test('what is done after the handler has returned', async (t) => {
    const zoo = await startZoo(t)
    const write = await answer(zoo, 'write-after-return')
    assert.deepEqual([write.body, write.header('x-after')], ['in time', null])
    await zoo.guestLog.find(/a late write was refused/)
    assert.equal((await answer(zoo, 'next-after-return')).body, 'in time')
    await zoo.guestLog.find(/a late next ended/)
    assert.equal((await answer(zoo, 'read-after-return', 'x'.repeat(2_000_000))).body, 'in time')
    await zoo.guestLog.find(/a late read ended: .*(context canceled|closed Body)/)
  })

  test('next called twice, goroutines that never end, a hijack', async (t) => {
    const zoo = await startZoo(t)
    assert.equal((await answer(zoo, 'next-twice')).body, '{"a":1}{"a":1}')
    assert.equal((await answer(zoo, 'goroutines')).body, 'done')
    const { status } = await answer(zoo, 'hijack')
    assert.ok(status === 200 || status === 501, String(status))
  })

  test('calls that go as deep as Go lets them', async (t) => {
    assert.equal((await answer(await startZoo(t), 'deep 100000')).status, 200)
  })

  test('fields that no HTTP has room for', async (t) => {
    const zoo = await startZoo(t)
    const fields = await answer(zoo, 'bad-header')
    assert.equal(fields.header('x-injected'), null)
    assert.equal(fields.header('x-value'), 'a  X-Injected: 1')
    assert.equal(fields.header('x-control'), 'a   b')
    assert.equal((await answer(zoo, 'bad-type')).header('x-injected'), null)
    await answer(zoo, 'bad-request-header')
    for (const { rawHeaders } of zoo.upstream.received) assert.ok(!rawHeaders.includes('X-Injected'))
  })

  test('the same in modifiers and middlewares, and in their errors', async (t) => {
    const zoo = await startZoo(t)
    for (const hook of ['request', 'response', 'middleware'] as const) {
      const changed = await ask(zoo, hook, 'bad-header')
      assert.deepEqual([changed.status, changed.header('x-injected')], [200, null], hook)
      const refusal = await ask(zoo, hook, 'bad-refusal')
      assert.deepEqual([refusal.status, refusal.header('x-injected')], [500, null], hook)
      assert.equal(refusal.header('x-value'), 'a  X-Injected: 1')
    }
    await zoo.request('/of/7', { headers: { 'X-Request': 'bad-params' } })
    assert.equal(zoo.upstream.received.at(-1)?.target, '/a%20b%0D%0AX-Injected:%201%2F..%2F..%2Fx%3Fy')
    assert.equal(zoo.restarts(), 0)
  })

  test('what is not granted', async (t) => {
    const zoo = await startZoo(t)
    assert.match((await ask(zoo, 'server', 'try dial 127.0.0.1:1')).body, /permission denied/)
    assert.match((await ask(zoo, 'server', 'try file /etc/hostname')).body, /permission denied/)
    assert.equal((await ask(zoo, 'server', 'try env PATH')).body, 'not set')
    await zoo.guestLog.find(/was denied 127\.0\.0\.1:1: plugin\.settings grants it no such "hosts"/)
    await zoo.guestLog.find(/was denied \/etc\/hostname: plugin\.settings grants it no such "files\.read"/)
  })

  test('5,000 things that it is denied: the log is not filled with them', async (t) => {
    const zoo = await startZoo(t)
    assert.equal((await ask(zoo, 'server', 'denials')).status, 200)
    await zoo.guestLog.find(/was denied more than 100 things/)
    assert.equal(zoo.guestLog.all.filter((line) => line.includes('was denied')).length, 101)
  })

  test('50 MB that it prints, and 20 MB that it logs', async (t) => {
    const zoo = await startZoo(t)
    assert.equal((await ask(zoo, 'server', 'print')).status, 200)
    const bytes = zoo.printed.all.reduce((sum, text) => sum + text.length, 0)
    assert.ok(bytes <= 50 * 1024 * 1024 && bytes > 48 * 1024 * 1024, `${bytes} bytes were printed when it answered`)
    assert.equal((await ask(zoo, 'server', 'log')).status, 200)
    assert.equal(zoo.restarts(), 0)
  })
})
