import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definePlugin, HttpResponse, type PluginContext } from '../src/sdk/plugin.ts'
import { createTestGateway } from '../src/testing/gateway.ts'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

// What plugins do around `next`: with a part of the time, with bodies that are being read, with answers they have kept.

const HOST = 'http://up.test'
const upstreams = { [HOST]: { json: { a: 1 } } }
const server = (...name: string[]) => ({ 'plugin/http-server': { name } })
const middleware = (...name: string[]) => ({ 'plugin/middleware': { name } })
const client = (...name: string[]) => ({ 'plugin/http-client': { name } })
const modifier = (...name: string[]) => ({ 'plugin/req-resp-modifier': { name } })

/** Gives what is behind it a part of the time. */
const hasty = definePlugin({
  name: 'hasty',
  server: () => (next) => (request, context) => next(request, context.withTimeout(60_000)),
})

test('hooks at one of several calls know the parameters of the path', async (t) => {
  const seen: string[] = []
  const note = (what: string, { route, params }: PluginContext) => void seen.push(`${what} ${route} ${params.id}`)
  const spy = definePlugin({
    name: 'spy',
    middleware: () => (next) => (request, context) => {
      note('middleware', context)
      return next(request, context)
    },
    modifier: () => ({ request: (_, context) => note('modifier', context) }),
    client: () => (next) => (request, context) => {
      note('client', context)
      return next(request, context)
    },
  })
  const hooks = { ...middleware('spy'), ...modifier('spy'), ...client('spy') }
  const backend = { url_pattern: '/{id}', extra_config: hooks }
  const other = { url_pattern: '/other' }
  const gateway = await createTestGateway({
    t,
    plugins: [spy],
    upstreams,
    config: {
      host: [HOST],
      endpoints: [
        { endpoint: '/merged/{id}', backend: [backend, other] },
        { endpoint: '/sequence/{id}', backend: [backend, other], extra_config: { proxy: { sequential: true } } },
        { endpoint: '/raced/{id}', backend: [backend], concurrent_calls: 2 },
        {
          endpoint: '/shadowed/{id}',
          backend: [other, { ...backend, extra_config: { ...hooks, proxy: { shadow: true } } }],
        },
      ],
    },
  })
  for (const [path, times] of Object.entries({ merged: 1, sequence: 1, raced: 2, shadowed: 1 })) {
    await gateway.fetch(`/${path}/7`)
    const expected = ['client', 'middleware', 'modifier'].map((hook) => `${hook} /${path}/{id} 7`)
    assert.deepEqual(
      seen.splice(0).toSorted(),
      expected.flatMap((line) => Array(times).fill(line)),
    )
  }
})

/** Fails after it has called with a part of the time. */
const late = definePlugin({
  name: 'late',
  server: () => (next) => async (request, context) => {
    await next(request, context.withTimeout(60_000))
    throw new Error('too late')
  },
  middleware: () => (next) => async (request, context) => {
    await next(request, context.withTimeout(60_000))
    throw new Error('too late')
  },
  client: () => (next) => async (request, context) => {
    await next(request, context.withTimeout(60_000))
    throw new Error('too late')
  },
})

for (const kind of ['server', 'middleware', 'client'] as const) {
  test(`a ${kind} that is skipped after it has called with a part of the time makes one call`, async (t) => {
    const backend = { url_pattern: '/', extra_config: kind === 'client' ? client('late') : {} }
    const around = kind === 'server' ? server('late') : kind === 'middleware' ? middleware('late') : {}
    const gateway = await createTestGateway({
      t,
      plugins: [late],
      folder: import.meta.dirname,
      upstreams,
      config: {
        host: [HOST],
        plugin: { pattern: 'none', settings: { late: { on_error: 'skip' } } },
        endpoints: [{ endpoint: '/', backend: [backend], extra_config: around }],
      },
    })
    const answer = await gateway.fetch('/')
    assert.deepEqual([answer.status, await answer.json(), gateway.calls().length], [200, { a: 1 }, 1])
  })

  test(`optional: a ${kind} that fails when it is put around the rest is left out`, async (t) => {
    const fails = (): never => {
      throw new Error('not here')
    }
    const bad = definePlugin({ name: 'bad', server: () => fails, middleware: () => fails, client: () => fails })
    const backend = { url_pattern: '/', extra_config: kind === 'client' ? client('bad') : {} }
    const around = kind === 'server' ? server('bad') : kind === 'middleware' ? middleware('bad') : {}
    const build = (optional: boolean) =>
      createTestGateway({
        t,
        plugins: [bad],
        folder: import.meta.dirname,
        upstreams,
        config: {
          host: [HOST],
          plugin: { pattern: 'none', defaults: { optional } },
          endpoints: [{ endpoint: '/', backend: [backend], extra_config: around }],
        },
      })
    await assert.rejects(build(false), /not here.*PLUGIN_FACTORY_FAILED/s)
    const gateway = await build(true)
    assert.equal((await gateway.fetch('/')).status, 200)
    assert.equal(gateway.log.find(/left out, for it is optional: .*not here/s, 'WARNING').length, 1)
  })
}

test('each try of a step around has an answer of its own when a plugin is skipped', async (t) => {
  let tries = 0
  const again = definePlugin({
    name: 'again',
    middleware: () => (next) => async (request, context) => {
      const first = await next(request, context)
      first.headers.set('X-Try', 'first')
      return await next(request, context)
    },
  })
  const flaky = definePlugin({
    name: 'flaky',
    middleware: () => (next) => async (request, context) => {
      if (++tries === 2) throw new Error('the second time')
      return await next(request, context)
    },
  })
  const gateway = await createTestGateway({
    t,
    plugins: [again, flaky],
    folder: import.meta.dirname,
    upstreams,
    config: {
      host: [HOST],
      plugin: { pattern: 'none', defaults: { on_error: 'skip' } },
      endpoints: [{ endpoint: '/', backend: [{ url_pattern: '/' }], extra_config: middleware('again', 'flaky') }],
    },
  })
  const answer = await gateway.fetch('/')
  assert.deepEqual([answer.headers.get('X-Try'), gateway.calls().length], [null, 2])
})

test('what is put on an answer that a plugin keeps does not reach the next client', async (t) => {
  const kept = new HttpResponse(403, null, 'no')
  const guard = definePlugin({
    name: 'guard',
    server: () => () => () => kept,
    middleware: () => () => () => kept,
    client: () => () => () => kept,
    modifier: () => ({ request: () => kept }),
  })
  let visits = 0
  const cookie = definePlugin({
    name: 'cookie',
    server: () => (next) => async (request, context) => {
      const response = await next(request, context)
      response.headers.append('Set-Cookie', `visit=${++visits}`)
      return response
    },
  })
  const plain = { url_pattern: '/' }
  const gateway = await createTestGateway({
    t,
    plugins: [guard, cookie],
    upstreams,
    config: {
      host: [HOST],
      extra_config: server('cookie'),
      endpoints: [
        { endpoint: '/server', backend: [plain], extra_config: server('guard') },
        { endpoint: '/middleware', backend: [plain], extra_config: middleware('guard') },
        { endpoint: '/modifier', backend: [plain], extra_config: modifier('guard') },
        {
          endpoint: '/client',
          output_encoding: 'no-op',
          backend: [{ url_pattern: '/', encoding: 'no-op', extra_config: client('guard') }],
        },
      ],
    },
  })
  for (const path of ['/server', '/middleware', '/modifier', '/client', '/server']) {
    const { status, headers } = await gateway.fetch(path)
    assert.deepEqual([status, headers.getSetCookie()], [403, [`visit=${visits}`]], path)
  }
  assert.deepEqual(kept.headers.raw, [])
})

test('the access log notes requests to which a server plugin gives a part of the time, and no keys', async (t) => {
  const backend = await startBackend(t, { '/': { json: { a: 1 } }, '/broken': { status: 503 } })
  const keys = { 'auth/api-keys': { keys: [{ key: 'secret', roles: ['r'] }], strategy: 'query_string' } }
  const guarded = { 'auth/api-keys': { roles: ['r'] } }
  const gateway = await startGateway(
    t,
    {
      host: [backend.url],
      extra_config: { ...server('hasty'), ...keys },
      endpoints: [
        { endpoint: '/x', backend: [{ url_pattern: '/' }], extra_config: { ...server('hasty'), ...guarded } },
        { endpoint: '/broken', backend: [{ url_pattern: '/broken' }], extra_config: server('hasty') },
      ],
    },
    { plugins: [hasty] },
  )
  await gateway.request('/x?key=secret')
  assert.match(await gateway.accessLog.find(/GET/), /\| 200 \|.*"\/x\?key=\*\*\*"/)
  await gateway.request('/broken')
  assert.match(await gateway.accessLog.find(/broken/), /\| 500 \|(?:.|\n)*Error #01: .*status/i)
})

test('a body that a plugin begins to read goes on all the same', async (t) => {
  const body = 'x'.repeat(300_000)
  const backend = await startBackend(t, { '*': { json: { a: 1 } } })
  const lengths: number[] = []
  const reader = definePlugin({
    name: 'reader',
    server: () => (next) => async (request, context) => {
      const text = request.text()
      const response = await next(request, context)
      lengths.push((await text).length)
      return response
    },
    modifier: () => ({
      request: (request) => void request.text().then(({ length }) => lengths.push(length)),
    }),
    client: () => (next) => async (request, context) => {
      const text = request.text()
      const response = await next(request, context)
      lengths.push((await text).length)
      return response
    },
  })
  const endpoint = { method: 'POST', output_encoding: 'no-op' }
  const call = { url_pattern: '/', method: 'POST', encoding: 'no-op' }
  const gateway = await startGateway(
    t,
    {
      host: [backend.url],
      endpoints: [
        { ...endpoint, endpoint: '/server', backend: [call], extra_config: server('reader') },
        { ...endpoint, endpoint: '/modifier', backend: [call], extra_config: modifier('reader') },
        { ...endpoint, endpoint: '/client', backend: [{ ...call, extra_config: client('reader') }] },
      ],
    },
    { plugins: [reader] },
  )
  for (const path of ['/server', '/modifier', '/client']) {
    assert.equal((await gateway.request(path, { method: 'POST', body })).status, 200, path)
    assert.equal(backend.received.at(-1)?.body.length, body.length, path)
    assert.equal(lengths.pop(), body.length, path)
  }
})

test('the call that a plugin has made by the fetch of Node ends when its client goes away', async (t) => {
  const { promise: begun, resolve: begins } = Promise.withResolvers<void>()
  const { promise: ended, resolve: ends } = Promise.withResolvers<void>()
  const backend = await startBackend(t, {
    '/': (_, response) => {
      response.once('close', ends).writeHead(200).write('first')
      begins()
    },
  })
  const relay = definePlugin({ name: 'relay', server: () => () => () => fetch(`${backend.url}/`) })
  const gateway = await startGateway(t, { extra_config: server('relay') }, { plugins: [relay] })
  const connection = gateway.connect()
  connection.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await begun
  await connection.until(/first/)
  connection.reset()
  await ended
})
