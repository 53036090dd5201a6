import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { folderWith } from '../../test/support/command-line.ts'
import { startBackend } from '../../test/support/start-backend.ts'
import { definePlugin, HttpError, Type } from '../sdk/plugin.ts'
import { ConfigError, createClock, createTestGateway, type Upstreams } from './index.ts'

const stamp = definePlugin({
  name: 'stamp',
  options: Type.Object({ header: Type.String({ default: 'X-Stamp' }) }),
  server:
    (options, { log, onClose }) =>
    (next) => {
      log.info('ready')
      onClose(() => log.info('closed'))
      return async (request, context) => {
        if (request.path === '/forbidden') throw new HttpError(403, `not for ${context.clientAddress}`)
        const response = await next(request, context)
        response.headers.set(options.header, 'seen')
        return response
      }
    },
})

const USERS = {
  host: ['http://users.test'],
  endpoints: [
    { endpoint: '/users/{id}', input_query_strings: ['full'], backend: [{ url_pattern: '/v1/users/{id}' }] },
    {
      endpoint: '/raw',
      method: 'POST',
      output_encoding: 'no-op',
      input_headers: ['Content-Type'],
      backend: [{ url_pattern: '/raw', encoding: 'no-op' }],
    },
  ],
}

const open = (upstreams: Upstreams, more: object = {}) => createTestGateway({ config: USERS, upstreams, ...more })

test('a request goes through the whole gateway, and the double sees the call', async (t) => {
  const gateway = await createTestGateway({
    t,
    plugins: [stamp],
    config: { ...USERS, extra_config: { 'plugin/http-server': { name: ['stamp'], stamp: { header: 'X-A' } } } },
    upstreams: { 'http://users.test': { 'GET /v1/users/{id}': ({ params }) => ({ json: { id: params.id } }) } },
  })
  const answer = await gateway.fetch('/users/a%20b?full=1&other=2')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('x-a'), 'seen')
  assert.deepEqual(await answer.json(), { id: 'a b' })
  const [call] = gateway.calls('users.test')
  assert.equal(call?.url, 'http://users.test/v1/users/a%20b?full=1')
  assert.equal(call.query.get('full'), '1')
  assert.equal(call.headers.get('user-agent')?.startsWith('Loligo'), true)
  assert.deepEqual(
    gateway.plugins().map(({ name }) => name),
    ['stamp'],
  )
  assert.deepEqual(gateway.log.find('ready'), ['[PLUGIN: stamp] ready'])
  assert.match(gateway.accessLog[0] ?? '', /\| 200 \|.*127\.0\.0\.1 \| GET .*"\/users\/a b\?full=1&other=2"/)
})

test('method, headers, body and address of the client are as given', async (t) => {
  const gateway = await open({ 'http://users.test': ({ body }) => ({ status: 201, body }) }, { t, plugins: [stamp] })
  const json = await gateway.fetch('http://shop.test/raw', { json: { a: 1 } })
  assert.equal(json.status, 201)
  assert.equal(await json.text(), '{"a":1}')
  assert.equal(await json.text(), '{"a":1}', 'it can be read again')
  const text = await gateway.fetch('/raw', { method: 'POST', body: 'x', headers: { 'Content-Type': 'text/x' } })
  assert.equal(text.headers.get('content-type'), 'text/plain; charset=utf-8')
  const [first, second] = gateway.calls()
  assert.deepEqual(first?.json(), { a: 1 })
  assert.equal(first.headers.get('x-forwarded-host'), 'shop.test')
  assert.equal(second?.headers.get('content-type'), 'text/x')
})

test('the decision of a plugin is answered, with the address that was given', async (t) => {
  const config = { ...USERS, extra_config: { 'plugin/http-server': { name: ['stamp'] } } }
  const gateway = await createTestGateway({ t, config, plugins: [stamp] })
  const answer = await gateway.fetch('/forbidden', { clientAddress: '10.0.0.7' })
  assert.equal(answer.status, 403)
  assert.equal(await answer.text(), 'not for 10.0.0.7')
})

describe('doubles', () => {
  test('answer one after the other, the last one for good', async (t) => {
    const replies = [new Error('connection refused'), { status: 503 }, { json: { turn: 3 } }]
    const gateway = await open({ 'http://users.test': replies }, { t })
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) statuses.push((await gateway.fetch('/users/1')).status)
    assert.deepEqual(statuses, [500, 500, 200, 200])
    assert.match(gateway.accessLog[0] ?? '', /GET http:\/\/users\.test\/v1\/users\/1: connection refused/)
  })

  test('may be responses of either sort, given once and sent often', async (t) => {
    const fetched = Response.json({ from: 'fetch' })
    const gateway = await open({ 'http://users.test': { '/v1/users/{id}': fetched, '*': { status: 404 } } }, { t })
    for (const path of ['/users/1', '/users/2']) {
      assert.deepEqual(await (await gateway.fetch(path)).json(), { from: 'fetch' })
    }
    assert.equal((await gateway.fetch('/raw', { method: 'POST' })).status, 404)
  })

  test('redirects are followed as over the network', async (t) => {
    const moved = { status: 302, headers: { Location: 'http://new.test/7' } }
    const gateway = await open({ 'users.test': moved, 'http://new.test:80': { json: { moved: true } } }, { t })
    assert.deepEqual(await (await gateway.fetch('/users/7')).json(), { moved: true })
    assert.equal(gateway.calls('http://new.test')[0]?.path, '/7')
  })

  test('a host without a double, and a path without a route, fail with a text that names them', async (t) => {
    const config = { ...USERS, extra_config: { router: { return_error_msg: true } } }
    const upstreams = { 'http://other.test': { json: {} } }
    const gateway = await createTestGateway({ t, config, upstreams })
    const answer = await gateway.fetch('/users/7')
    assert.equal(answer.status, 500)
    assert.match(
      await answer.text(),
      /no double for the upstream http:\/\/users\.test; there are http:\/\/other\.test\./,
    )
    const routed = await createTestGateway({ t, config, upstreams: { 'http://users.test': { '/a': { json: {} } } } })
    assert.match(
      await (await routed.fetch('/users/7')).text(),
      /http:\/\/users\.test has no route for GET \/v1\/users\/7/,
    )
  })

  test('a body that is a stream reaches the client as one, and its failure too', async (t) => {
    const body = async function* () {
      yield 'first '
      yield 'second'
      throw new Error('broken off')
    }
    const gateway = await open({ 'http://users.test': () => ({ body: body() }) }, { t })
    const answer = await gateway.fetch('/raw', { method: 'POST' })
    assert.equal(answer.status, 200)
    assert.equal(gateway.accessLog.length, 0, 'the answer has not been read yet')
    await assert.rejects(answer.text(), /broken off/)
    assert.equal(gateway.accessLog.length, 1)
  })

  test('with "network" other hosts are asked over the network', async (t) => {
    const backend = await startBackend(t, { '/v1/users/7': { json: { real: true } } })
    const config = { ...USERS, host: [backend.url] }
    const gateway = await createTestGateway({ t, config, network: true, upstreams: { 'http://users.test': 'never' } })
    assert.deepEqual(await (await gateway.fetch('/users/7')).json(), { real: true })
    assert.deepEqual(gateway.calls(), [], 'doubles alone take calls down')
  })

  test('what is no answer is refused at once', async () => {
    for (const [upstreams, message] of [
      [
        { 'http://a.test': { stauts: 200 } },
        /TypeError: upstreams: http:\/\/a\.test answers with an unknown key "stauts"/,
      ],
      [{ 'http://a.test': { 'GET /b': 'text' } }, /http:\/\/a\.test, GET \/b must answer with .*, not 'text'/],
      [{ 'http://a.test': [] }, /an empty list of answers/],
      [{ 'http://a.test': null }, /http:\/\/a\.test has no answer/],
      [{ 'http://a.test': { json: 1, body: 'x' } }, /both "json" and "body"/],
    ] as const) {
      await assert.rejects(open(upstreams as unknown as Upstreams), message)
    }
  })

  test('a function that answers with nonsense fails the call', async (t) => {
    const wrong = (() => 7) as unknown as () => 'never'
    const gateway = await open({ 'http://users.test': wrong }, { t })
    assert.equal((await gateway.fetch('/users/7')).status, 500)
    assert.match(gateway.accessLog[0] ?? '', /the double for http:\/\/users\.test must answer with .*, not 7/)
  })
})

describe('time', () => {
  test('a deadline passes when the clock is moved', async (t) => {
    const clock = createClock()
    const gateway = await open({ 'http://users.test': 'never' }, { t, clock })
    let answered = false
    const answer = gateway.fetch('/users/7').finally(() => {
      answered = true
    })
    await clock.advance(1999)
    assert.equal(answered, false)
    await clock.advance(1)
    assert.equal((await answer).status, 500)
    assert.match(gateway.accessLog[0] ?? '', /\| +2s \|/)
  })

  test('an upstream is as late as it says', async (t) => {
    const clock = createClock({ now: '2026-03-01T12:00:00Z' })
    const gateway = await open({ 'http://users.test': { delayMs: 250, json: { ok: true } } }, { t, clock })
    const answer = gateway.fetch('/users/7')
    await clock.advance(250)
    assert.deepEqual(await (await answer).json(), { ok: true })
    assert.match(gateway.accessLog[0] ?? '', /2026\/03\/01 - 12:00:00 \| 200 \| +250ms \|/)
  })

  test('without a clock an upstream that never answers costs the real timeout, and the process waits for it', async (t) => {
    const config = { ...USERS, timeout: '20ms' }
    const gateway = await createTestGateway({ t, config, upstreams: { 'http://users.test': 'never' } })
    assert.equal((await gateway.fetch('/users/7')).status, 500)
  })

  test('the limits of plugins follow the clock', async (t) => {
    const clock = createClock()
    const stuck = definePlugin({ name: 'stuck', server: () => () => () => new Promise<never>(() => {}) })
    const config = { ...USERS, extra_config: { 'plugin/http-server': { name: ['stuck'] } } }
    const gateway = await createTestGateway({ t, clock, config, plugins: [stuck] })
    const answer = gateway.fetch('/users/7')
    await clock.advance(60_000)
    assert.equal((await answer).status, 500)
    assert.equal(gateway.log.find('did not settle within 60000 ms', 'ERROR').length, 1)
  })

  test('what plugins measure, repeat and count follows the clock', async (t) => {
    const clock = createClock({ now: '2026-03-01T12:00:00Z' })
    const ticks: string[] = []
    const timed = definePlugin({
      name: 'timed',
      server: (_, { counter, every, after, now, wallTime, store }) => {
        const start = now()
        const asked = counter('asked')
        every(100, () => void ticks.push(`every ${now() - start}`))
        after(250, () => void ticks.push(`after ${new Date(wallTime()).toISOString()}`))
        return () => async () => {
          asked.add()
          return { body: String(store.increment('asked', 1, { ttlMs: 1000 })) }
        }
      },
    })
    const config = { extra_config: { 'plugin/http-server': { name: ['timed'] } } }
    const gateway = await createTestGateway({ t, clock, config, plugins: [timed] })
    const ask = async () => await (await gateway.fetch('/')).text()
    assert.deepEqual([await ask(), await ask()], ['1', '2'])
    await clock.advance(300)
    assert.deepEqual(ticks, ['every 100', 'every 200', 'after 2026-03-01T12:00:00.250Z', 'every 300'])
    await clock.advance(1000)
    assert.equal(await ask(), '1')
    assert.deepEqual(gateway.metrics(), [
      { plugin: 'timed', name: 'asked', description: '', type: 'counter', value: 3 },
    ])
  })
})

describe('the client', () => {
  test('that goes away ends its request', async (t) => {
    const gateway = await open({ 'http://users.test': 'never' }, { t })
    const client = new AbortController()
    const answer = gateway.fetch('/users/7', { signal: client.signal })
    client.abort(new Error('left'))
    await assert.rejects(answer, /left/)
  })

  test('gets no body after HEAD, and 500 for an answer that cannot be sent', async (t) => {
    const broken = definePlugin({
      name: 'broken',
      server: () => (next) => async (request, context) => {
        const response = await next(request, context)
        if (request.path === '/bad') response.headers.raw.push('X-Bad', 'two\nlines')
        return response
      },
    })
    const config = { extra_config: { 'plugin/http-server': { name: ['broken'] } } }
    const gateway = await createTestGateway({ t, config, plugins: [broken] })
    const head = await gateway.fetch('/__debug/', { method: 'HEAD' })
    assert.equal(head.status, 404)
    assert.equal(await head.text(), '')
    assert.equal((await gateway.fetch('/bad')).status, 500)
    assert.equal(gateway.log.find(/GET \/bad: the answer cannot be sent/).length, 1)
  })
})

describe('making', () => {
  test('closes with its scope, once', async () => {
    let log: readonly string[] = []
    {
      await using gateway = await createTestGateway({
        config: { extra_config: { 'plugin/http-server': { name: ['stamp'] } } },
        plugins: [stamp],
      })
      await gateway.fetch('/')
      await gateway.close()
      log = gateway.log.find('closed')
    }
    assert.deepEqual(log, ['[PLUGIN: stamp] closed'])
  })

  test('what is wrong with a configuration is told as on the command line, all at once', async () => {
    const config = { timeout: 'soon', endpoints: [{ endpoint: '/b', backend: [] }] }
    await assert.rejects(createTestGateway({ config }), (error) => {
      assert.ok(error instanceof ConfigError)
      assert.match(error.message, /error: timeout: .*\n {4}.* \(CONFIG_INVALID_DURATION\)/)
      assert.equal(error.diagnostics.length, error.message.split('\n').length / 2)
      return true
    })
  })

  test('a plugin that nobody provides, and what the log has of warnings', async (t) => {
    const named = { extra_config: { 'plugin/http-server': { name: ['stmp'] } } }
    const folder = folderWith(t, { 'stamp.mjs': "import { definePlugin } from 'loligo/plugin'\n" })
    await assert.rejects(
      createTestGateway({ config: named, plugins: [stamp] }),
      /no server plugin "stmp".*\(PLUGIN_NOT_FOUND\)/s,
    )
    await assert.rejects(createTestGateway({ config: {}, folder }), /stamp\.mjs.*exports no plugin/)
    const gateway = await createTestGateway({ t, config: { timeuot: '1s' } })
    assert.equal(gateway.log.find('timeuot', 'WARNING').length, 1)
  })

  test('of a folder those plugins are loaded whose names have the pattern of the configuration in them', async (t) => {
    const plugin = (name: string) => `import { definePlugin } from 'loligo/plugin'
      export const ${name} = definePlugin({ name: '${name}', server: () => null })\n`
    const folder = folderWith(t, { 'one.v1.mjs': plugin('one'), 'two.v2.mjs': plugin('two') })
    const namesWith = async (given: Readonly<Record<string, unknown>>) => {
      const gateway = await createTestGateway({ t, config: given, folder })
      return gateway.plugins().map(({ name }) => name)
    }
    assert.deepEqual(await namesWith({ plugin: { pattern: '.v2' } }), ['two'])
    assert.deepEqual(await namesWith({ plugin: { folder: '/not/looked/at', pattern: '.v1' } }), ['one'])
    assert.deepEqual(await namesWith({}), ['one', 'two'])
  })

  test('a file with its plugin folder', async (t) => {
    const source = `import { definePlugin } from 'loligo/plugin'
      export const hello = definePlugin({ name: 'hello', server: () => () => async () => ({ body: 'hello' }) })\n`
    const config = { version: 3, extra_config: { 'plugin/http-server': { name: ['hello'] } } }
    const folder = folderWith(t, { 'plugins/hello.mjs': source, 'krakend.json': config })
    const gateway = await createTestGateway({ t, config: `${folder}/krakend.json`, folder: `${folder}/plugins` })
    assert.equal(await (await gateway.fetch('/')).text(), 'hello')
  })
})
