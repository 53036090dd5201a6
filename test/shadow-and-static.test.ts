import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

test('a shadow backend gets a copy with body, fields and query, and its failure is not seen', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const upstream = await startBackend(t, {
    '/real/7': { json: { a: 1 } },
    '/shadow/7': (_, response) => {
      response.writeHead(500).end('oh')
      arrived.resolve()
    },
  })
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: [
      {
        ...{ endpoint: '/x/{id}', method: 'POST', input_headers: ['X-A'], input_query_strings: ['q'] },
        backend: [
          { url_pattern: '/real/{id}' },
          { url_pattern: '/shadow/{id}', method: 'PUT', group: 'g', extra_config: { proxy: { shadow: true } } },
        ],
      },
    ],
  })
  const answer = await gateway.request('/x/7?q=1', { method: 'POST', body: 'text', headers: { 'X-A': '2' } })
  assert.deepEqual([answer.status, answer.body, answer.header('X-Krakend-Completed')], [200, '{"a":1}', 'true'])
  await arrived.promise
  const copies = upstream.received.map(({ method, target, body, values }) => [method, target, body, ...values('X-A')])
  assert.deepEqual(copies.toSorted(compareText), [
    ['POST', '/real/7?q=1', 'text', '2'],
    ['PUT', '/shadow/7?q=1', 'text', '2'],
  ])
  assert.ok(!gateway.log.all.some((line) => line.includes('ERROR')))
})

test('a shadow that cannot be reached has no effect', async (t) => {
  const upstream = await startBackend(t, { '/': { json: { a: 1 } } })
  const gateway = await startGateway(t, {
    endpoints: [
      {
        endpoint: '/x',
        backend: [
          { host: [upstream.url], url_pattern: '/' },
          { host: ['http://127.0.0.1:01'], url_pattern: '/', extra_config: { proxy: { shadow: true } } },
        ],
      },
    ],
  })
  assert.equal((await gateway.request('/x')).header('X-Krakend-Completed'), 'true')
})

test('shadows beside several backends leave those a merge, and beside one of them a single call', async (t) => {
  const upstream = await startBackend(t, { '/1': { json: { a: 1 } }, '/2': { status: 404 }, '/s': { json: { s: 1 } } })
  const shadow = { url_pattern: '/s', extra_config: { proxy: { shadow: true } } }
  const code = { extra_config: { 'backend/http': { return_error_code: true } } }
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: [
      { endpoint: '/merged', backend: [{ url_pattern: '/1' }, shadow, { url_pattern: '/2', ...code }] },
      { endpoint: '/single', backend: [shadow, { url_pattern: '/2', ...code }, shadow] },
    ],
  })
  const merged = await gateway.request('/merged')
  assert.deepEqual([merged.status, merged.body], [200, '{"a":1}'])
  assert.equal((await gateway.request('/single')).status, 404)
})

test('an endpoint of shadow backends alone answers 500, and the log says so at the start', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const upstream = await startBackend(t, {
    '/': (_, response) => {
      response.end('{}')
      arrived.resolve()
    },
  })
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/', extra_config: { proxy: { shadow: true } } }] }],
  })
  await gateway.log.find(/ERROR: .*shadow/)
  const answer = await gateway.request('/x')
  assert.deepEqual([answer.status, answer.body, answer.header('X-Krakend-Completed')], [500, '', 'false'])
  await arrived.promise
})

const replies: Record<string, Reply> = { ok: { json: { a: 1, s: 0 } }, failed: { status: 500 }, empty: { json: {} } }
const data = { s: { deep: [1] }, n: null }

async function withStatic(t: TestContext, strategy: string | undefined, names: readonly string[], proxy: object = {}) {
  const upstream = await startBackend(t, Object.fromEntries(Object.entries(replies).map(([k, v]) => [`/${k}`, v])))
  const { request } = await startGateway(t, {
    host: [upstream.url],
    endpoints: [
      {
        endpoint: '/x',
        backend: names.map((name) => ({ url_pattern: `/${name}` })),
        extra_config: { proxy: { ...proxy, static: { ...(strategy === undefined ? {} : { strategy }), data } } },
      },
    ],
  })
  const answer = await request('/x')
  const json = answer.status === 200 ? answer.json() : null
  return { status: answer.status, json, completed: answer.header('X-Krakend-Completed') }
}

const plain = { a: 1, s: 0 }
const rescued = { status: 200, json: data, completed: 'false' }
const failure = { status: 500, json: null, completed: 'false' }

// strategy: adds to a whole answer, rescues a failed one, adds to a partial one
for (const [strategy, whole, failed, partial] of [
  ['always', true, true, true],
  ['success', true, false, false],
  ['errored', false, true, true],
  ['complete', true, false, false],
  ['incomplete', false, true, true],
  ['unknown', true, true, true],
  [undefined, true, true, true],
] as const) {
  test(`static data with the strategy ${strategy}`, async (t) => {
    const sum = (adds: boolean) => (adds ? { ...plain, ...data } : plain)
    for (const names of [['ok'], ['ok', 'ok']]) {
      assert.deepEqual(await withStatic(t, strategy, names), { status: 200, json: sum(whole), completed: 'true' })
    }
    for (const names of [['failed'], ['failed', 'failed']]) {
      assert.deepEqual(await withStatic(t, strategy, names), failed ? rescued : failure)
    }
    const incomplete = { status: 200, json: sum(partial), completed: 'false' }
    assert.deepEqual(await withStatic(t, strategy, ['ok', 'failed']), incomplete)
    assert.deepEqual(await withStatic(t, strategy, ['ok', 'failed', 'ok'], { sequential: true }), incomplete)
    assert.deepEqual(await withStatic(t, strategy, ['failed', 'ok'], { sequential: true }), failed ? rescued : failure)
  })
}

test('static data makes an empty answer complete', async (t) => {
  assert.deepEqual(await withStatic(t, 'success', ['empty']), { status: 200, json: data, completed: 'true' })
})

test('static data goes through json-collection, xml and yaml', async (t) => {
  const upstream = await startBackend(t, { '/': { json: {} } })
  const collection = [{ id: 1 }]
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: ['json-collection', 'xml', 'yaml'].map((output_encoding) => ({
      ...{ endpoint: `/${output_encoding}`, output_encoding, backend: [{ url_pattern: '/' }] },
      extra_config: { proxy: { static: { data: { collection } } } },
    })),
  })
  assert.deepEqual((await gateway.request('/json-collection')).json(), collection)
  assert.equal((await gateway.request('/xml')).body, '<collection><id>1</id></collection>')
  assert.equal((await gateway.request('/yaml')).body, 'collection:\n- id: 1\n')
})

test('what one answer does with static data does not reach the next', async (t) => {
  const upstream = await startBackend(t, { '/': { json: { a: 1 } } })
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/' }], extra_config: { proxy: { static: { data } } } }],
  })
  const answers = await Promise.all([1, 2, 3].map(() => gateway.request('/x')))
  for (const answer of answers) assert.deepEqual(answer.json(), { a: 1, ...data })
})

function compareText(a: readonly string[], b: readonly string[]): number {
  return a.join().localeCompare(b.join())
}
