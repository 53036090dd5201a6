import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { definePlugin, HttpError, type ModifierResponse, type Plugin } from '../src/sdk/plugin.ts'
import { type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

interface Setup {
  readonly routes?: Readonly<Record<string, Reply | readonly Reply[]>>
  readonly service?: object
  readonly endpoint?: object
  readonly backend?: object
  readonly plugin?: object
}

/** A gateway with plugins of the program, one endpoint for GET and POST, and one backend. */
async function start(t: TestContext, plugins: readonly Plugin[], setup: Setup = {}) {
  const upstream = await startBackend(t, setup.routes ?? { '*': { json: { a: 1 } } })
  const gateway = await startGateway(
    t,
    {
      host: [upstream.url],
      plugin: setup.plugin ?? {},
      ...setup.service,
      endpoints: ['GET', 'POST'].map((method) => ({
        ...{ endpoint: '/x/{id}', method, timeout: '1s', ...setup.endpoint },
        backend: [{ url_pattern: '/up/{id}', ...setup.backend }],
      })),
    },
    { plugins },
  )
  return { gateway, upstream }
}

const named = (namespace: string, ...name: string[]) => ({ extra_config: { [namespace]: { name } } })
const NOOP = { endpoint: { output_encoding: 'no-op' }, backend: { encoding: 'no-op' } }

/** A server plugin, middleware and client that writes its name before and after the rest into a trail. */
function tracer(name: string, trail: string[]): Plugin {
  return definePlugin({
    name,
    server: () => (next) => async (request, context) => {
      trail.push(`>${name}`)
      const response = await next(request, context)
      trail.push(`<${name}`)
      return response
    },
    middleware: () => (next) => async (request, context) => {
      trail.push(`>${name}`)
      const response = await next(request, context)
      trail.push(`<${name}`)
      return response
    },
    client: () => (next) => async (request, context) => {
      trail.push(`>${name}`)
      const response = await next(request, context)
      trail.push(`<${name}`)
      return response
    },
    modifier: () => ({
      request: () => void trail.push(`>${name}`),
      response: () => void trail.push(`<${name}`),
    }),
  })
}

test('each kind stands where the design says, and lists have the order of their kind', async (t) => {
  const trail: string[] = []
  const names = ['s1', 's2', 'e1', 'e2', 'm1', 'm2', 'r1', 'bm', 'br', 'c1', 'c2']
  const { gateway } = await start(
    t,
    names.map((name) => tracer(name, trail)),
    {
      service: named('plugin/http-server', 's1', 's2'),
      endpoint: {
        extra_config: {
          'plugin/http-server': { name: ['e1', 'e2'] },
          'plugin/middleware': { name: ['m1', 'm2'] },
          'plugin/req-resp-modifier': { name: ['r1'] },
        },
      },
      backend: {
        extra_config: {
          'plugin/middleware': { name: ['bm'] },
          'plugin/req-resp-modifier': { name: ['br'] },
          'plugin/http-client': { name: ['c1', 'c2'] },
        },
      },
    },
  )
  assert.equal((await gateway.request('/x/1')).status, 200)
  const inwards = ['>s2', '>s1', '>e2', '>e1', '>m1', '>m2', '>r1', '>bm', '>br', '>c1', '>c2']
  const outwards = ['<c2', '<c1', '<br', '<bm', '<r1', '<m2', '<m1', '<e1', '<e2', '<s1', '<s2']
  assert.deepEqual(trail, [...inwards, ...outwards])
})

test('a server plugin at an endpoint sees that endpoint alone, before its allow-lists', async (t) => {
  const guard = definePlugin({
    name: 'guard',
    server: () => (next) => (request, context) => {
      if (request.headers.get('x-key') !== 'k') throw new HttpError(401, 'no key')
      request.headers.set('X-User', `u${context.params.id}`)
      return next(request, context)
    },
  })
  const { gateway, upstream } = await start(t, [guard], {
    endpoint: { ...named('plugin/http-server', 'guard'), input_headers: ['X-User'] },
  })
  const refused = await gateway.request('/x/7')
  assert.deepEqual([refused.status, refused.body], [401, 'no key'])
  assert.equal((await gateway.request('/x/7', { headers: { 'X-Key': 'k' } })).status, 200)
  assert.deepEqual(upstream.received.at(-1)?.values('x-user'), ['u7'])
  assert.equal((await gateway.request('/__health')).status, 200)
})

test('a middleware calls next again with the same request, body and all', async (t) => {
  const retry = definePlugin({
    name: 'retry',
    middleware: () => (next) => async (request, context) => {
      request.headers.set('X-Try', '1')
      await request.bytes()
      try {
        return await next(request, context)
      } catch {
        request.headers.set('X-Try', '2')
        return await next(request, context)
      }
    },
  })
  for (const level of ['endpoint', 'backend'] as const) {
    const { gateway, upstream } = await start(t, [retry], {
      routes: { '*': [{ status: 503 }, { json: { a: 2 } }] },
      [level]: { ...named('plugin/middleware', 'retry'), input_headers: ['*'] },
    })
    const answer = await gateway.request('/x/1', { method: 'POST', body: 'the body' })
    assert.deepEqual(answer.json(), { a: 2 })
    assert.deepEqual(
      upstream.received.map(({ target, body, values }) => [target, body, ...values('x-try')]),
      [
        ['/up/1', 'the body', '1'],
        ['/up/1', 'the body', '2'],
      ],
    )
  }
})

test('a middleware answers without a call, replaces the data, or refuses', async (t) => {
  const decide = definePlugin({
    name: 'decide',
    middleware: () => (next) => async (request, context) => {
      if (request.params.id === 'data') return { data: { own: true }, complete: false }
      if (request.params.id === 'answer') return { status: 202, body: 'taken' }
      if (request.params.id === 'refuse') throw new HttpError(409, { why: 'conflict' })
      const response = await next(request, context)
      return { data: { inner: response.data } }
    },
  })
  const { gateway, upstream } = await start(t, [decide], { endpoint: named('plugin/middleware', 'decide') })
  const data = await gateway.request('/x/data')
  assert.deepEqual([data.json(), data.header('X-Krakend-Completed')], [{ own: true }, 'false'])
  const answer = await gateway.request('/x/answer')
  assert.deepEqual([answer.status, answer.body], [202, 'taken'])
  const refused = await gateway.request('/x/refuse')
  assert.deepEqual([refused.status, refused.json()], [409, { why: 'conflict' }])
  assert.equal(upstream.received.length, 0)
  assert.deepEqual((await gateway.request('/x/1')).json(), { inner: { a: 1 } })
})

test('a middleware sees the failure of the deadline and may answer by a fallback', async (t) => {
  const fallback = definePlugin({
    name: 'fallback',
    middleware: () => (next) => async (request, context) => {
      try {
        return await next(request, context)
      } catch (error) {
        return { data: { stale: (error as Error).message } }
      }
    },
  })
  const { gateway } = await start(t, [fallback], {
    routes: { '*': () => {} },
    endpoint: { ...named('plugin/middleware', 'fallback'), timeout: '50ms' },
  })
  assert.deepEqual((await gateway.request('/x/1')).json(), { stale: 'context deadline exceeded' })
})

test('an attempt with a time of its own leaves time for another', async (t) => {
  const hurry = definePlugin({
    name: 'hurry',
    middleware: () => (next) => async (request, context) => {
      try {
        return await next(request, context.withTimeout(30))
      } catch {
        return await next(request, context)
      }
    },
  })
  const { gateway, upstream } = await start(t, [hurry], {
    routes: { '*': [() => {}, { json: { second: true } }] },
    endpoint: { ...named('plugin/middleware', 'hurry'), timeout: '10s' },
  })
  assert.deepEqual((await gateway.request('/x/1')).json(), { second: true })
  assert.equal(upstream.received.length, 2)
})

test('an answer that a middleware drops does not keep its connection', async (t) => {
  const big = 'x'.repeat(1_000_000)
  const again = definePlugin({
    name: 'again',
    middleware: () => (next) => async (request, context) => {
      const first = await next(request, context)
      return first.status === 500 ? await next(request, context) : first
    },
  })
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const { gateway } = await start(t, [again], {
    endpoint: { ...named('plugin/middleware', 'again'), ...NOOP.endpoint },
    backend: NOOP.backend,
    routes: {
      '*': [
        (_, response) => {
          response.on('close', () => resolve())
          response.writeHead(500).write(big)
        },
        { body: 'good' },
      ],
    },
  })
  assert.equal((await gateway.request('/x/1')).body, 'good')
  await closed
})

test('a client plugin changes the call and the answer of the real client, and the body streams through', async (t) => {
  const client = definePlugin({
    name: 'signs',
    client: () => (next) => async (request, context) => {
      assert.match(request.url, /^http:\/\/127\.0\.0\.1:\d+\/up\/1\?/)
      request.headers.set('X-Signature', `${request.method} ${request.path} ${(await request.bytes()).length}`)
      const response = await next(request, context)
      assert.equal(typeof response.body === 'string', false)
      response.headers.set('X-Seen', String(response.status))
      return response
    },
  })
  const { gateway, upstream } = await start(t, [client], {
    endpoint: NOOP.endpoint,
    backend: {
      url_pattern: '/up/{id}?k=1',
      ...NOOP.backend,
      extra_config: { 'plugin/http-client': { name: 'signs' } },
    },
  })
  const answer = await gateway.request('/x/1', { method: 'POST', body: 'four' })
  assert.deepEqual([answer.status, answer.header('x-seen'), answer.json()], [200, '200', { a: 1 }])
  assert.deepEqual(upstream.received[0]?.values('x-signature'), ['POST /up/1 4'])
})

test('a client plugin takes the place of the client: its answer is treated as that of an upstream', async (t) => {
  const client = definePlugin({
    name: 'own',
    client: () => () => async (request) => {
      if (request.path === '/up/bad') return { status: 404, body: { no: 'such' } }
      if (request.path === '/up/throws') throw new Error('a bug')
      if (request.path === '/up/fetch') return new Response('{"from":"fetch"}')
      return { body: { id: request.path, secret: 1 } }
    },
  })
  const { gateway, upstream } = await start(t, [client], {
    backend: { ...named('plugin/http-client', 'own'), deny: ['secret'] },
  })
  assert.deepEqual((await gateway.request('/x/1')).json(), { id: '/up/1' })
  assert.deepEqual((await gateway.request('/x/fetch')).json(), { from: 'fetch' })
  assert.equal((await gateway.request('/x/bad')).status, 500)
  assert.equal((await gateway.request('/x/throws')).status, 500)
  await gateway.log.find(/ERROR: .*plugin "own", client at \[BACKEND: GET \/x\/:id -> \/up\/{id}\]: a bug/)
  assert.equal(upstream.received.length, 0)
})

const KINDS = ['server', 'modifier', 'middleware', 'client'] as const
const NAMESPACES = {
  server: 'plugin/http-server',
  modifier: 'plugin/req-resp-modifier',
  middleware: 'plugin/middleware',
  client: 'plugin/http-client',
} as const

/** A plugin that fails in every kind, after `next` where there is one and `late` says so. */
function failing(how: () => unknown, late: boolean): Plugin {
  const around =
    (next: (request: never, context: never) => Promise<unknown>) => async (request: never, context: never) => {
      if (late) await next(request, context)
      return how() as never
    }
  return definePlugin({
    name: 'bad',
    server: () => around as never,
    middleware: () => around as never,
    client: () => around as never,
    modifier: () => (late ? { response: how as never } : { request: how as never }),
  })
}

const place = (kind: (typeof KINDS)[number]) => ({
  [kind === 'client' ? 'backend' : 'endpoint']: named(NAMESPACES[kind], 'bad'),
})
const fails = () => {
  throw new Error('a bug')
}

for (const kind of KINDS) {
  for (const late of [false, true]) {
    const when = late ? 'after' : 'before'
    test(`on_error: a ${kind} that fails ${when} the call is skipped, and one call is made`, async (t) => {
      const { gateway, upstream } = await start(t, [failing(fails, late)], {
        ...place(kind),
        plugin: { settings: { bad: { on_error: 'skip' } } },
      })
      const answer = await gateway.request('/x/1')
      assert.deepEqual([answer.status, answer.json()], [200, { a: 1 }])
      assert.equal(upstream.received.length, 1)
      await gateway.log.find(/ERROR: .*plugin "bad"/)
    })

    test(`on_error: a ${kind} that fails ${when} the call is answered as configured`, async (t) => {
      const on_error = { status: 201, body: '{"instead":true}', headers: { 'Content-Type': 'application/json' } }
      const { gateway } = await start(t, [failing(fails, late)], {
        ...place(kind),
        plugin: { defaults: { on_error } },
      })
      const answer = await gateway.request('/x/1')
      assert.deepEqual([answer.status, answer.json()], [kind === 'client' ? 200 : 201, { instead: true }])
    })
  }

  test(`timeout: a ${kind} that does not settle is given up`, async (t) => {
    const { gateway } = await start(t, [failing(() => new Promise(() => {}), false)], {
      ...place(kind),
      endpoint: { timeout: '60s', ...(place(kind).endpoint ?? {}) },
      plugin: { settings: { bad: { timeout: '20ms' } } },
    })
    assert.equal((await gateway.request('/x/1')).status, 500)
    await gateway.log.find(/ERROR: .*plugin "bad".*did not settle within 20 ms/)
  })
}

test('on_error does not touch what a plugin decides, nor what fails behind it', async (t) => {
  const decides = definePlugin({
    name: 'decides',
    middleware: () => (next) => (request, context) => {
      if (request.params.id === 'refuse') throw new HttpError(403)
      return next(request, context)
    },
  })
  const { gateway } = await start(t, [decides], {
    routes: { '*': { status: 404 } },
    endpoint: named('plugin/middleware', 'decides'),
    backend: { extra_config: { 'backend/http': { return_error_code: true } } },
    plugin: { defaults: { on_error: 'skip' } },
  })
  assert.equal((await gateway.request('/x/refuse')).status, 403)
  assert.equal((await gateway.request('/x/1')).status, 404)
})

test('optional: a plugin that is missing or cannot be set up is left out with a warning', async (t) => {
  const broken = definePlugin({ name: 'broken', modifier: fails })
  const { gateway } = await start(t, [broken], {
    endpoint: named('plugin/req-resp-modifier', 'missing', 'broken'),
    plugin: { defaults: { optional: true } },
  })
  assert.deepEqual((await gateway.request('/x/1')).json(), { a: 1 })
  await gateway.log.find(/WARNING: .*left out, for it is optional.*"missing"/)
  await gateway.log.find(/WARNING: .*left out, for it is optional.*a bug/)
})

test('a modifier that says so also runs on an answer of which a part is missing', async (t) => {
  const hook = (mark: string) => ({
    response: (response: ModifierResponse) => {
      if (response.data !== null) response.data[mark] = response.complete
    },
  })
  const plugins = [
    definePlugin({ name: 'usual', modifier: () => hook('usual') }),
    definePlugin({ name: 'always', modifier: () => ({ ...hook('always'), partial: true }) }),
  ]
  const upstream = await startBackend(t, { '/good': { json: { a: 1 } }, '/bad': { status: 500 } })
  const gateway = await startGateway(
    t,
    {
      ...{ host: [upstream.url], plugin: {} },
      endpoints: [
        ['/good', '/bad'],
        ['/good', '/good'],
      ].map((backends, index) => ({
        ...{ endpoint: `/${index}`, ...named('plugin/req-resp-modifier', 'usual', 'always') },
        backend: backends.map((url_pattern) => ({ url_pattern })),
      })),
    },
    { plugins },
  )
  assert.deepEqual((await gateway.request('/0')).json(), { a: 1, always: false })
  assert.deepEqual((await gateway.request('/1')).json(), { a: 1, usual: true, always: true })
})

test('a server plugin sees the client behind a trusted proxy, and the place that names it', async (t) => {
  const tells = definePlugin({
    name: 'tells',
    server:
      (_, { config }) =>
      (next) =>
      async (request, context) => {
        if (config.endpoint !== null) return await next(request, context)
        return { body: context.clientAddress }
      },
  })
  const { gateway } = await start(t, [tells], {
    service: {
      extra_config: { 'plugin/http-server': { name: ['tells'] }, router: { trusted_proxies: ['127.0.0.1'] } },
    },
  })
  assert.equal((await gateway.request('/', { headers: { 'X-Forwarded-For': '6.6.6.6, 9.9.9.9' } })).body, '9.9.9.9')
  assert.equal((await gateway.request('/')).body, '127.0.0.1')
})
