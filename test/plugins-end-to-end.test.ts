import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const OK: Readonly<Record<string, Reply>> = { '*': { json: { a: 1 } } }
const NAMESPACE = 'plugin/req-resp-modifier'

interface Setup {
  readonly routes?: Readonly<Record<string, Reply>>
  readonly service?: object
  readonly endpoint?: object
  readonly backends: readonly object[]
}

/** A gateway with one plugin file, which may use `definePlugin` and `HttpError`. */
async function start(t: TestContext, source: string, { routes = OK, service = {}, endpoint = {}, backends }: Setup) {
  const folder = await mkdtemp(join(tmpdir(), 'loligo-plugins-'))
  t.after(() => rm(folder, { recursive: true }))
  const imports =
    "import { definePlugin, HttpError, type ModifierRequest, type ModifierResponse } from 'loligo/plugin'\n"
  writeFileSync(join(folder, 'plugin.ts'), imports + source)
  const upstream = await startBackend(t, routes)
  const gateway = await startGateway(t, {
    ...{
      host: [upstream.url],
      plugin: { folder, pattern: '.ts' },
      extra_config: { router: { return_error_msg: true } },
    },
    ...service,
    endpoints: ['GET', 'POST'].map((method) => ({ endpoint: '/x/{id}', method, ...endpoint, backend: backends })),
  })
  return { gateway, upstream }
}

/** `extra_config` that names modifiers. */
const named = (...name: string[]) => ({ extra_config: { [NAMESPACE]: { name } } })

const modifier = (name: string, hooks: string) =>
  `export const ${name} = definePlugin({ name: '${name}', modifier: () => (${hooks}) })\n`

const REFUSE = modifier('refuse', "{ request: () => { throw new HttpError(403, 'not yours') } }")
const BREAK = modifier('breaks', "{ request: () => { throw new Error('a bug') } }")
const ANSWER = modifier('answer', "{ request: () => ({ status: 418, body: 'teapot' }) }")
const DATA = modifier('data', '{ request: () => ({ data: { own: true } }) }')
const MARK = modifier(
  'mark',
  '{ response: (response: ModifierResponse) => { if (response.data) response.data.marked = true } }',
)

test('a request hook of the endpoint changes parameters, query, fields and body of the call', async (t) => {
  const source = modifier(
    'change',
    `{ request: async (request: ModifierRequest) => {
      request.params.id = 'a b'
      request.query.set('q', '1')
      request.headers.set('X-Added', 'yes')
      request.body = (await request.text()).toUpperCase()
    } }`,
  )
  const { gateway, upstream } = await start(t, source, {
    endpoint: named('change'),
    backends: [{ url_pattern: '/up/{id}' }],
  })
  await gateway.request('/x/1', { method: 'POST', body: 'text' })
  const [received] = upstream.received
  assert.deepEqual([received?.target, received?.body, received?.values('X-Added')], ['/up/a%20b?q=1', 'TEXT', ['yes']])
})

test('a request hook of a backend changes URL and body of that call alone', async (t) => {
  const other = await startBackend(t, { '*': { json: { other: true } } })
  const source = modifier(
    'send',
    `{ request: (request: ModifierRequest) => { request.url = '${other.url}/there?z=1'; request.body = 'new' } }`,
  )
  const backends = [{ url_pattern: '/one' }, { url_pattern: '/two', ...named('send') }]
  const { gateway, upstream } = await start(t, source, { backends })
  assert.deepEqual((await gateway.request('/x/1', { method: 'POST', body: 'text' })).json(), { a: 1, other: true })
  assert.deepEqual(
    [...upstream.received, ...other.received].map(({ target, body }) => [target, body]),
    [
      ['/one', 'text'],
      ['/there?z=1', 'new'],
    ],
  )
})

test('hooks of one request share a store, across kinds and places', async (t) => {
  const source = `
    export const kinds = definePlugin({
      name: 'kinds',
      server: () => (next) => async (request, context) => {
        context.store.set('trail', ['server'])
        const response = await next(request, context)
        response.headers.set('X-Trail', (context.store.get('trail') as string[]).join(' '))
        return response
      },
      modifier: (_, { config }) => {
        const place = config.backend === null ? 'endpoint' : config.backend.urlPattern
        return {
          request: (_request, context) => { (context.store.get('trail') as string[]).push('>' + place) },
          response: (_response, _request, context) => { (context.store.get('trail') as string[]).push('<' + place) },
        }
      },
    })`
  const { gateway } = await start(t, source, {
    service: { extra_config: { 'plugin/http-server': { name: ['kinds'] } } },
    endpoint: { extra_config: { [NAMESPACE]: { name: ['kinds'] }, proxy: { sequential: true } } },
    backends: [
      { url_pattern: '/1', ...named('kinds') },
      { url_pattern: '/2', ...named('kinds') },
    ],
  })
  assert.equal((await gateway.request('/x/1')).header('X-Trail'), 'server >endpoint >/1 </1 >/2 </2 <endpoint')
})

for (const place of ['endpoint', 'only backend']) {
  const at = (name: string) =>
    place === 'endpoint'
      ? { endpoint: named(name), backends: [{ url_pattern: '/' }] }
      : { backends: [{ url_pattern: '/', ...named(name) }] }

  test(`an HttpError at the ${place} is the answer`, async (t) => {
    const { gateway, upstream } = await start(t, REFUSE, at('refuse'))
    const answer = await gateway.request('/x/1')
    assert.deepEqual([answer.status, answer.body, answer.header('X-Krakend-Completed')], [403, 'not yours', 'false'])
    assert.equal(upstream.received.length, 0)
  })

  test(`any other error at the ${place} is a 500`, async (t) => {
    const { gateway } = await start(t, BREAK, at('breaks'))
    const answer = await gateway.request('/x/1')
    assert.deepEqual([answer.status, answer.body], [500, 'a bug'])
    await gateway.log.find(/ERROR: .*breaks.*a bug/)
  })

  test(`an answer given at the ${place} is sent`, async (t) => {
    const { gateway, upstream } = await start(t, ANSWER, at('answer'))
    const answer = await gateway.request('/x/1')
    assert.deepEqual([answer.status, answer.body], [418, 'teapot'])
    assert.equal(upstream.received.length, 0)
  })

  test(`data given at the ${place} is encoded`, async (t) => {
    const { gateway } = await start(t, DATA, at('data'))
    const answer = await gateway.request('/x/1')
    assert.deepEqual([answer.status, answer.body, answer.header('X-Krakend-Completed')], [200, '{"own":true}', 'true'])
  })
}

for (const [name, source, text] of [
  ['refuse', REFUSE, 'not yours'],
  ['breaks', BREAK, 'a bug'],
  ['answer', ANSWER, 'answered with status 418'],
] as const) {
  test(`what "${name}" does at one of several backends leaves its part out`, async (t) => {
    const backends = [{ url_pattern: '/1' }, { url_pattern: '/2', group: 'g', ...named(name) }]
    const { gateway, upstream } = await start(t, source, { backends })
    const answer = await gateway.request('/x/1')
    assert.deepEqual([answer.status, answer.body, answer.header('X-Krakend-Completed')], [200, '{"a":1}', 'false'])
    assert.equal(upstream.received.length, 1)
    await gateway.log.find(new RegExp(`ERROR: \\[ENDPOINT: /x/:id\\] Error #0: .*${text}`))
  })

  test(`what "${name}" does at all of several backends is a 500`, async (t) => {
    const { gateway } = await start(t, source, {
      backends: [named(name), named(name)].map((each) => ({ url_pattern: '/', ...each })),
    })
    assert.equal((await gateway.request('/x/1')).status, 500)
  })

  test(`what "${name}" does at a later backend of a sequence ends the chain`, async (t) => {
    const backends = [{ url_pattern: '/1' }, { url_pattern: '/2', ...named(name) }, { url_pattern: '/3' }]
    const endpoint = { extra_config: { proxy: { sequential: true } } }
    const { gateway, upstream } = await start(t, source, { endpoint, backends })
    const answer = await gateway.request('/x/1')
    assert.deepEqual([answer.status, answer.body, answer.header('X-Krakend-Completed')], [200, '{"a":1}', 'false'])
    assert.equal(upstream.received.length, 1)
  })
}

for (const [name, source, status] of [
  ['refuse', REFUSE, 403],
  ['answer', ANSWER, 418],
] as const) {
  test(`what "${name}" does at the first backend of a sequence is the answer`, async (t) => {
    const backends = [{ url_pattern: '/1', ...named(name) }, { url_pattern: '/2' }]
    const endpoint = { extra_config: { proxy: { sequential: true } } }
    const { gateway, upstream } = await start(t, source, { endpoint, backends })
    assert.equal((await gateway.request('/x/1')).status, status)
    assert.equal(upstream.received.length, 0)
  })
}

test('data given at one of several backends is merged', async (t) => {
  const { gateway } = await start(t, DATA, {
    backends: [{ url_pattern: '/1' }, { url_pattern: '/2', ...named('data') }],
  })
  const answer = await gateway.request('/x/1')
  assert.deepEqual([answer.json(), answer.header('X-Krakend-Completed')], [{ a: 1, own: true }, 'true'])
})

test('response hooks do not see an answer of which a part is missing', async (t) => {
  const routes = { '/1': { json: { a: 1 } }, '/2': { status: 500 } }
  const broken = await start(t, MARK, {
    routes,
    endpoint: named('mark'),
    backends: [{ url_pattern: '/1' }, { url_pattern: '/2' }],
  })
  const partial = await broken.gateway.request('/x/1')
  assert.deepEqual([partial.status, partial.body, partial.header('X-Krakend-Completed')], [200, '{"a":1}', 'false'])
  const whole = await start(t, MARK, {
    routes,
    endpoint: named('mark'),
    backends: [{ url_pattern: '/1' }, { url_pattern: '/1' }],
  })
  assert.deepEqual((await whole.gateway.request('/x/1')).json(), { a: 1, marked: true })
})

test('response hooks of a backend see shaped data, and run before the merge and static data', async (t) => {
  const source = modifier(
    'seen',
    '{ response: (response: ModifierResponse) => { response.data = { keys: Object.keys(response.data ?? {}).join() } } }',
  )
  const { gateway } = await start(t, source, {
    endpoint: { extra_config: { proxy: { static: { data: { s: 1 } } }, [NAMESPACE]: { name: [] } } },
    backends: [{ url_pattern: '/1', mapping: { a: 'b' }, group: 'g', ...named('seen') }, { url_pattern: '/2' }],
  })
  assert.deepEqual((await gateway.request('/x/1')).json(), { keys: 'g', a: 1, s: 1 })
})

test('fields set by a response hook reach the client from the endpoint and the only backend', async (t) => {
  const source = modifier(
    'fields',
    "{ response: (response: ModifierResponse) => { response.headers.set('X-Mine', '1'); response.headers.set('Content-Type', 'text/odd') } }",
  )
  for (const setup of [
    { endpoint: named('fields'), backends: [{ url_pattern: '/1' }, { url_pattern: '/2' }] },
    { backends: [{ url_pattern: '/1', ...named('fields') }] },
  ]) {
    const { header } = await (await start(t, source, setup)).gateway.request('/x/1')
    assert.deepEqual([header('X-Mine'), header('Content-Type')], ['1', 'text/odd'])
  }
  const merged = await start(t, source, {
    backends: [{ url_pattern: '/1', ...named('fields') }, { url_pattern: '/2' }],
  })
  assert.equal((await merged.gateway.request('/x/1')).header('X-Mine'), null)
})

test('a response hook changes status, fields and body of a no-op answer, and may transform the stream', async (t) => {
  const source = modifier(
    'shout',
    `{ response: (response: ModifierResponse) => {
      const { body } = response
      response.status = 202
      response.headers.set('X-Mine', '1')
      response.body = (async function* () { for await (const chunk of body as AsyncIterable<Uint8Array>) yield String(chunk).toUpperCase() })()
    } }`,
  )
  const routes = { '*': { headers: { 'Content-Type': 'text/plain' }, body: 'text' } }
  const { gateway } = await start(t, source, {
    routes,
    endpoint: { output_encoding: 'no-op', ...named('shout') },
    backends: [{ url_pattern: '/' }],
  })
  const { status, body, header } = await gateway.request('/x/1')
  assert.deepEqual([status, body, header('X-Mine')], [202, 'TEXT', '1'])
})

test('several hooks may read the body at the same time', async (t) => {
  const source = modifier(
    'twice',
    '{ request: async (request: ModifierRequest) => { const [a, b] = await Promise.all([request.text(), request.json<{ n: number }>()]); request.body = a + b.n } }',
  )
  const { gateway, upstream } = await start(t, source, { endpoint: named('twice'), backends: [{ url_pattern: '/' }] })
  await gateway.request('/x/1', { method: 'POST', body: '{"n":7}' })
  assert.equal(upstream.received[0]?.body, '{"n":7}7')
})

test('a hook reads the decoded text of a no-op answer in gzip as often as it likes', async (t) => {
  const zipped = await new Response(new Blob(['text']).stream().pipeThrough(new CompressionStream('gzip'))).bytes()
  const routes = { '*': { headers: { 'Content-Encoding': 'gzip', 'Content-Type': 'text/plain' }, body: zipped } }
  const source = modifier(
    'reads',
    "{ response: async (response: ModifierResponse) => { response.headers.set('X-Read', await response.text() + await response.text()) } }",
  )
  const { gateway } = await start(t, source, {
    routes,
    endpoint: { output_encoding: 'no-op', ...named('reads') },
    backends: [{ url_pattern: '/' }],
  })
  const { body, header } = await gateway.request('/x/1')
  assert.deepEqual([body, header('X-Read')], ['text', 'texttext'])
})

test('values that a sequence propagates are parameters of later backends', async (t) => {
  const source = modifier(
    'params',
    "{ request: (request: ModifierRequest) => { request.headers.set('X-Params', [request.params['Resp0_user.id'], request.params.Resp0, request.params.id].join('|')) } }",
  )
  const proxy = { sequential: true, sequential_propagated_params: ['resp0_user.id'] }
  const { gateway, upstream } = await start(t, source, {
    routes: { '*': { json: { user: { id: 12 } } } },
    endpoint: { extra_config: { proxy } },
    backends: [{ url_pattern: '/1' }, { url_pattern: '/2', ...named('params') }],
  })
  await gateway.request('/x/7')
  assert.deepEqual(upstream.received[1]?.values('X-Params'), ['12||7'])
})

test('the whole text of a no-op backend can be propagated', async (t) => {
  const source = modifier(
    'params',
    '{ request: (request: ModifierRequest) => { request.body = String(request.params.Resp0) } }',
  )
  const { gateway, upstream } = await start(t, source, {
    routes: { '/1': { status: 404, body: 'whole text' }, '/2': { json: {} } },
    endpoint: { extra_config: { proxy: { sequential: true, sequential_propagated_params: ['resp0'] } } },
    backends: [
      { url_pattern: '/1', encoding: 'no-op' },
      { url_pattern: '/2', method: 'POST', ...named('params') },
    ],
  })
  await gateway.request('/x/7')
  assert.equal(upstream.received[1]?.body, 'whole text')
})

test('hooks of concurrent calls run once for each call', async (t) => {
  const source = `let calls = 0\n${modifier('count', "{ request: (request: ModifierRequest) => { request.headers.set('X-Call', String(++calls)) } }")}`
  const arrived = Promise.withResolvers<void>()
  const seen: string[] = []
  const routes: Record<string, Reply> = {
    '*': ({ values }, response) => {
      seen.push(...values('X-Call'))
      if (seen.length === 3) arrived.resolve()
      void arrived.promise.then(() => response.end('{"a":1}'))
    },
  }
  const { gateway } = await start(t, source, {
    routes,
    endpoint: { concurrent_calls: 3 },
    backends: [{ url_pattern: '/', ...named('count') }],
  })
  assert.equal((await gateway.request('/x/1')).status, 200)
  assert.deepEqual(seen.sort(), ['1', '2', '3'])
})
