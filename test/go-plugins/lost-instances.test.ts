import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withoutGo } from '../support/go-plugin.ts'
import { CONFINED, startZoo } from './zoo/start-zoo.ts'

// What costs a Go plugin its instance: the requests in it are answered, others never notice, and another takes over.

const LETHAL = [
  ['goroutine', /it ended with exit code 2 \(panic: in the background\)/],
  ['exit', /it ended with exit code 3;/],
  ['fatal', /it ended with exit code 1;/],
  ['spin', /it computed for more than 300 ms without a pause/],
  ['memory', /it ended with exit code 2 \(runtime: out of memory/],
  ['overflow', /it ended with exit code 2 \((runtime: out of memory|fatal error: stack overflow)/],
  ['unsafe', /it (trapped: memory access out of bounds|ended with exit code|failed)/],
  ['close-63', /it ended with exit code/],
  ['close-all', /it ended with exit code/],
] as const

const HOOKS = [
  ['/handler', 'X-Handler'],
  ['/client', 'X-Client'],
  ['/modifier', 'X-Request'],
  ['/modifier', 'X-Response'],
  ['/middleware', 'X-Middleware'],
] as const

/** What takes long on a machine with much to do must not end by its time. */
const PATIENT = { settings: { faults: { permissions: { ...CONFINED.permissions, time: '20s' } } } }

describe('what costs the instance', { skip: withoutGo }, () => {
  for (const [fault, line] of LETHAL) {
    test(`${fault}: the request is answered with 500, and the next ones by another instance`, async (t) => {
      const zoo = await startZoo(t, fault === 'spin' ? {} : PATIENT)
      const born = (await zoo.request('/handler')).header('x-born')
      const before = (await zoo.request('/good')).header('x-born')
      assert.equal((await zoo.request('/handler', { headers: { 'X-Handler': fault } })).status, 500)
      const next = await zoo.request('/handler')
      assert.equal(next.status, 200)
      assert.notEqual(next.header('x-born'), born)
      assert.equal((await zoo.request('/good')).header('x-born'), before)
      await zoo.guestLog.find(line)
      assert.match(zoo.log.all.join('\n'), /ERROR.*plugin "faults", server .*the plugin's guest is gone/)
      const use = zoo.gateway.plugins().find(({ name }) => name === 'faults')
      assert.deepEqual([use?.guest?.state, use?.guest?.restarts], ['serves', 1])
      assert.match(`${use?.guest?.reason};`, line)
      assert.equal(zoo.gateway.plugins().find(({ name }) => name === 'bystander')?.guest?.restarts, 0)
    })
  }

  test('in each hook, and all instances are made anew', async (t) => {
    const zoo = await startZoo(t)
    for (const [index, [path, field]] of HOOKS.entries()) {
      assert.equal((await zoo.request(path, { headers: { [field]: 'exit' } })).status, 500, field)
      for (const [each] of HOOKS) assert.equal((await zoo.request(each)).status, 200, `${each} after ${field}`)
      assert.equal(zoo.restarts(), index + 1)
    }
  })

  test('requests of all hooks that are in it fail at once', async (t) => {
    const zoo = await startZoo(t)
    const waiting = HOOKS.map(([path, field]) => zoo.request(path, { headers: { [field]: 'block' } }))
    // Whatever has been sent before is in the instance when a later one is answered.
    while (zoo.upstream.received.length < 1) await zoo.request('/handler')
    await zoo.request('/handler', { headers: { 'X-Handler': 'exit' } })
    for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 500)
  })

  test('on_error says what becomes of them', async (t) => {
    const zoo = await startZoo(t, {
      settings: {
        faults: { on_error: 'skip' },
        'faults-request': { on_error: { status: 418, body: 'sorry' } },
        'faults-response': { on_error: 'skip' },
      },
    })
    const lose = (path: string, field: string) => zoo.request(path, { headers: { [field]: 'exit' } })
    assert.equal((await lose('/handler', 'X-Handler')).body, '{"a":1}')
    assert.equal((await lose('/middleware', 'X-Middleware')).body, '{"a":1}')
    const { status, body } = await lose('/modifier', 'X-Request')
    assert.deepEqual([status, body], [418, 'sorry'])
    assert.equal((await lose('/modifier', 'X-Response')).body, '{"a":1}')
    const counted = zoo.gateway.plugins().map(({ name, hooks }) => [name, Object.values(hooks)[0]?.errors])
    assert.deepEqual(Object.fromEntries(counted)['faults-request'], 1)
  })

  test('a streamed answer breaks off, and does not pass for whole', async (t) => {
    const zoo = await startZoo(t)
    for (const path of ['/handler', '/no-op']) {
      const client = zoo.connect()
      client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nX-Handler: stream exit\r\n\r\n`)
      await client.until(/first/)
      await zoo.request('/handler', { headers: { 'X-Handler': 'open' } })
      const received = await client.closed
      assert.match(received, /^HTTP\/1\.1 200 OK/)
      assert.doesNotMatch(received, /\r\n0\r\n\r\n$/, 'the last chunk was sent')
    }
  })

  test('an upload into it is answered, and its connection is of no more use than that', async (t) => {
    const zoo = await startZoo(t)
    const body = 'x'.repeat(5_000_000)
    const headers = { 'X-Handler': 'read-then exit' }
    const answer = zoo.request('/handler', { method: 'POST', headers, body })
    // A client that still sends when the answer comes may see the connection end first.
    const outcome = await answer.then(
      ({ status }) => String(status),
      ({ code }: { code: string }) => code,
    )
    assert.match(outcome, /500|EPIPE|ECONNRESET/)
    assert.equal((await zoo.request('/handler')).status, 200)
  })

  test('what another has sent on is not held up by it', async (t) => {
    const zoo = await startZoo(t)
    const { status } = await zoo.request('/handler', { headers: { 'X-Handler': 'next-then exit' } })
    assert.equal(status, 500)
    assert.equal((await zoo.request('/handler')).status, 200)
  })
})
