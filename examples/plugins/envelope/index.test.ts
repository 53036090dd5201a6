import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { definePlugin, HttpError } from 'loligo/plugin'
import { ConfigError, createClock, createTestGateway, type Script } from 'loligo/testing'
import { envelope } from './index.ts'

const HOST = 'http://users.test'
const OTHER = 'http://orders.test'
const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/
const ID = { 'X-Request-Id': 'request-4711' }

/** Refuses behind the envelope, and names the request before it. */
const guard = definePlugin({
  name: 'guard',
  server: () => (next) => (request, context) => {
    context.store.set('request-id', request.headers.get('X-Trace'))
    return next(request, context)
  },
  modifier: () => ({
    request: (request) => {
      const status = request.headers.get('X-Refuse')
      if (status !== null) throw new HttpError(Number(status), 'refused')
    },
  }),
})

interface Setting {
  readonly upstream: Script
  readonly options?: object
  readonly endpoint?: object
  readonly other?: Script
}

async function open(t: TestContext, { upstream, options = {}, endpoint = {}, other }: Setting) {
  const backends = [
    { host: [HOST], url_pattern: '/users/{id}' },
    { host: [OTHER], url_pattern: '/orders/{id}' },
  ]
  const headers = ['X-Request-Id', 'X-Refuse', 'X-Tenant', 'Authorization', 'Cookie']
  const config = {
    endpoints: ['GET', 'POST', 'PUT'].map((method) => ({
      ...{ endpoint: '/users/{id}', method, input_headers: headers, input_query_strings: ['full'], timeout: '3s' },
      backend: other === undefined ? backends.slice(0, 1) : backends,
      extra_config: {
        'plugin/middleware': { name: ['envelope'], envelope: options },
        'plugin/req-resp-modifier': { name: ['guard'] },
      },
      ...endpoint,
    })),
    extra_config: { 'telemetry/plugins': {}, 'plugin/http-server': { name: ['guard'] } },
  }
  const clock = createClock({ now: '2026-03-01T12:00:00Z' })
  const upstreams = { [HOST]: upstream, [OTHER]: other ?? { json: {} } }
  const gateway = await createTestGateway({ t, plugins: [envelope, guard], config, upstreams, clock })
  const get = async (headers: Record<string, string> = ID, target = '/users/7') => {
    const answer = await gateway.fetch(target, { headers })
    return [answer.status, answer.status === 200 ? await answer.json() : await answer.text()] as const
  }
  return { gateway, clock, get }
}

test('data is wrapped, with what is known about it', async (t) => {
  const { get } = await open(t, { upstream: { json: { name: 'Ada' } } })
  const meta = { request_id: 'request-4711', attempts: 1, source: 'live', complete: true }
  assert.deepEqual(await get(), [200, { data: { name: 'Ada' }, meta }])
})

test('the id is that of an earlier plugin, of the client, or a new one', async (t) => {
  const { get } = await open(t, { upstream: { json: {} } })
  const idFor = async (headers: Record<string, string>) => {
    const [, body] = await get(headers)
    return (body as { meta: { request_id: string } }).meta.request_id
  }
  assert.equal(await idFor({ ...ID, 'X-Trace': 'from-a-plugin' }), 'from-a-plugin')
  assert.match(await idFor({}), UUID)
  assert.match(await idFor({ 'X-Request-Id': '<script>alert(1)</script>' }), UUID)
})

test('what failed is asked again, after pauses that grow', async (t) => {
  t.mock.method(Math, 'random', () => 1)
  const upstream = [new Error('refused'), { status: 503 }, { json: { name: 'Ada' } }]
  const { gateway, get, clock } = await open(t, { upstream, options: { attempts: 3, backoff: '100ms' } })
  const answer = get()
  const callsAfter = async (ms: number) => {
    await clock.advance(ms)
    return gateway.calls().length
  }
  assert.equal(await callsAfter(99), 1)
  assert.equal(await callsAfter(1), 2)
  assert.equal(await callsAfter(199), 2)
  assert.equal(await callsAfter(1), 3)
  const meta = { request_id: 'request-4711', attempts: 3, source: 'live', complete: true }
  assert.deepEqual(await answer, [200, { data: { name: 'Ada' }, meta }])
})

test('an attempt that takes too long is given up', async (t) => {
  const { gateway, get, clock } = await open(t, {
    upstream: ['never', { json: { name: 'Ada' } }],
    options: { attempts: 2, attempt_timeout: '500ms', backoff: '0s' },
  })
  const answer = get()
  await clock.advance(499)
  assert.equal(gateway.calls().length, 1)
  await clock.advance(2)
  const [status] = await answer
  assert.deepEqual([status, gateway.calls().length], [200, 2])
})

test('it is asked no longer than the deadline allows', async (t) => {
  const { gateway, get, clock } = await open(t, {
    upstream: 'never',
    options: { attempts: 10, attempt_timeout: '1s', backoff: '700ms', fallback: { name: 'nobody' } },
  })
  t.mock.method(Math, 'random', () => 1)
  const answer = get()
  await clock.advance(3000)
  const [status, body] = await answer
  assert.equal(status, 200)
  const meta = { request_id: 'request-4711', attempts: 2, source: 'fallback' }
  assert.deepEqual(body, { data: { name: 'nobody' }, meta })
  assert.equal(gateway.calls().length, 2)
})

test('only methods that may be repeated are, with their body', async (t) => {
  const failing = {
    upstream: [{ status: 503 }, { json: {} }],
    options: { attempts: 2, backoff: '0s', methods: ['PUT'] },
  }
  const post = await open(t, failing)
  assert.equal((await post.gateway.fetch('/users/7', { method: 'POST', json: { a: 1 } })).status, 500)
  assert.equal(post.gateway.calls().length, 1)
  const put = await open(t, failing)
  const answer = put.gateway.fetch('/users/7', { method: 'PUT', json: { a: 1 } })
  await put.clock.advance(1)
  assert.equal((await answer).status, 200)
  assert.deepEqual(
    put.gateway.calls().map(({ body }) => body),
    ['{"a":1}', '{"a":1}'],
  )
})

test('a refusal is an answer, and no failure', async (t) => {
  const { gateway, get } = await open(t, {
    upstream: { json: {} },
    options: { attempts: 3, fallback: { name: 'nobody' } },
  })
  assert.deepEqual(await get({ ...ID, 'X-Refuse': '403' }), [403, 'refused'])
  assert.equal(gateway.calls().length, 0)
})

test('a failure that a plugin reports as such is one', async (t) => {
  const { get } = await open(t, { upstream: { json: {} }, options: { fallback: { name: 'nobody' } } })
  const meta = { request_id: 'request-4711', attempts: 1, source: 'fallback' }
  assert.deepEqual(await get({ ...ID, 'X-Refuse': '502' }), [200, { data: { name: 'nobody' }, meta }])
})

test('the last good data is better than the fallback, and tells its age', async (t) => {
  const big = '{"name":"Ada","credit":9007199254740993,"rate":0.10}'
  const good = { body: big, headers: { 'Content-Type': 'application/json' } }
  const { gateway, get, clock } = await open(t, {
    upstream: [good, { status: 503 }],
    options: { keep: '1m', fallback: { name: 'nobody' } },
  })
  await get()
  await clock.advance(12_000)
  const answer = await gateway.fetch('/users/7', { headers: ID })
  const meta = '"meta":{"request_id":"request-4711","attempts":1,"source":"last_good","age":12}'
  assert.equal(await answer.text(), `{"data":{"name":"Ada","credit":9007199254740993,"rate":0.1},${meta}}`)
  assert.equal(answer.headers.get('X-Krakend-Completed'), 'false')
  const source = async (target: string) => {
    const [, body] = await get(ID, target)
    return (body as { meta: { source: string } }).meta.source
  }
  assert.equal(await source('/users/8'), 'fallback')
  assert.equal(await source('/users/7?full=1'), 'fallback')
  await clock.advance(48_000)
  assert.equal(await source('/users/7'), 'fallback', 'kept for a minute')
})

test('personal data is kept for nobody, unless its header is named', async (t) => {
  for (const [options, headers, expected] of [
    [{}, { Authorization: 'a' }, 500],
    [{}, { Cookie: 'a' }, 500],
    [{ key_headers: ['authorization'] }, { Authorization: 'a' }, 200],
    [{ key_headers: ['authorization'] }, { Authorization: 'a', Cookie: 'b' }, 500],
  ] as const) {
    const { get } = await open(t, { upstream: [{ json: {} }, { status: 503 }], options: { keep: '1m', ...options } })
    await get(headers)
    assert.equal((await get(headers))[0], expected, JSON.stringify([options, headers]))
  }
  const tenants = await open(t, {
    ...{ upstream: [{ json: {} }, { status: 503 }], options: { keep: '1m', key_headers: ['X-Tenant'] } },
  })
  await tenants.get({ 'X-Tenant': 'a' })
  assert.equal((await tenants.get({ 'X-Tenant': 'b' }))[0], 500)
  assert.equal((await tenants.get({ 'X-Tenant': 'a' }))[0], 200)
})

test('a partial answer says so and is not kept', async (t) => {
  const { get } = await open(t, {
    ...{ upstream: [{ json: { name: 'Ada' } }, { status: 503 }], other: { status: 503 }, options: { keep: '1m' } },
  })
  const meta = { request_id: 'request-4711', attempts: 1, source: 'live', complete: false }
  assert.deepEqual(await get(), [200, { data: { name: 'Ada' }, meta }])
  assert.equal((await get())[0], 500)
})

test('a client that has gone needs no fallback', async (t) => {
  const { gateway } = await open(t, { upstream: 'never', options: { fallback: {} } })
  const leaving = new AbortController()
  const answer = gateway.fetch('/users/7', { signal: leaving.signal })
  while (gateway.calls().length === 0) await new Promise(setImmediate)
  leaving.abort()
  await assert.rejects(answer)
  assert.deepEqual(gateway.log.find('falls back'), [])
})

test('what is passed through cannot be wrapped', async (t) => {
  const { gateway, get } = await open(t, { upstream: { json: {} }, endpoint: { output_encoding: 'no-op' } })
  assert.equal((await get())[0], 500)
  assert.equal(gateway.log.find('there is no data to wrap with "no-op"').length > 0, true)
})

test('it counts', async (t) => {
  const { gateway, clock } = await open(t, { upstream: { status: 503 }, options: { attempts: 3, fallback: {} } })
  const answer = gateway.fetch('/users/7')
  await clock.advance(2000)
  await answer
  const report = await (await gateway.fetch('/__plugins')).json<{ metrics: { name: string; value: number }[] }>()
  const counted = Object.fromEntries(report.metrics.map(({ name, value }) => [name, value]))
  assert.deepEqual(counted, { retries: 2, fallbacks: 1 })
})

test('what cannot work stops the start', async (t) => {
  for (const [options, message] of [
    [{ attempts: 11 }, /\.attempts/],
    [{ methods: ['POST'] }, /\.methods/],
  ] as const) {
    await assert.rejects(
      open(t, { upstream: { json: {} }, options }),
      (error) => error instanceof ConfigError && message.test(error.message),
    )
  }
})

test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    upstreams: { 'http://localhost:8080': { json: { req_uri: '/' } }, 'http://localhost:8082': new Error('refused') },
  })
  const [hello, broken] = await Promise.all([gateway.fetch('/hello/ada'), gateway.fetch('/broken')])
  assert.deepEqual((await hello.json<{ data: unknown }>()).data, { req_uri: '/' })
  assert.deepEqual((await broken.json<{ data: unknown }>()).data, { items: [] })
})
