import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

/** An endpoint `/x` with a backend for each reply. */
async function start(
  t: TestContext,
  replies: readonly Reply[],
  backends: readonly object[] = [],
  endpoint: object = {},
) {
  const upstream = await startBackend(t, Object.fromEntries(replies.map((reply, i) => [`/${i}`, reply])))
  return startGateway(t, {
    ...{ host: [upstream.url], extra_config: { router: { return_error_msg: true } } },
    endpoints: [
      { endpoint: '/x', ...endpoint, backend: replies.map((_, i) => ({ url_pattern: `/${i}`, ...backends[i] })) },
    ],
  })
}

const http = (options: object) => ({ extra_config: { 'backend/http': options } })
const details = (alias: string) => http({ return_error_details: alias })
const ok: Reply = { json: { ok: true } }
const failing: Reply = { status: 404, headers: { 'Content-Type': 'text/html' }, body: 'not here' }

for (const status of [200, 201]) {
  test(`${status} is a success and becomes 200`, async (t) => {
    const gateway = await start(t, [{ status, json: { a: 1 }, headers: { 'X-Up': '1' } }])
    const answer = await gateway.request('/x')
    assert.deepEqual([answer.status, answer.body, answer.header('X-Up')], [200, '{"a":1}', null])
  })
}

for (const status of [202, 204, 206, 300, 304, 400, 418, 500, 503]) {
  test(`${status} is a failure`, async (t) => {
    const gateway = await start(t, [{ status, ...(status === 204 || status === 304 ? {} : { body: '{"a":1}' }) }])
    const answer = await gateway.request('/x')
    assert.deepEqual([answer.status, answer.body], [500, `invalid status code ${status}`])
  })

  test(`${status} reaches the client with return_error_code`, async (t) => {
    const gateway = await start(t, [{ status }], [http({ return_error_code: true })])
    const answer = await gateway.request('/x')
    assert.deepEqual([answer.status, answer.body, answer.header('Content-Type')], [status, '', null])
    assert.equal(answer.header('X-Krakend-Completed'), 'false')
  })
}

test('return_error_code shows body and type with return_error_msg, and hides them without', async (t) => {
  const upstream = await startBackend(t, { '/': failing })
  const endpoints = [
    { endpoint: '/x', backend: [{ host: [upstream.url], url_pattern: '/', ...http({ return_error_code: true }) }] },
  ]
  const silent = await (await startGateway(t, { endpoints })).request('/x')
  assert.deepEqual([silent.status, silent.body, silent.header('Content-Type')], [404, '', null])
  const extra_config = { router: { return_error_msg: true } }
  const telling = await (await startGateway(t, { endpoints, extra_config })).request('/x')
  assert.deepEqual([telling.status, telling.body, telling.header('Content-Type')], [404, 'not here', 'text/html'])
})

test('return_error_code has no effect in a merge', async (t) => {
  const options = [http({ return_error_code: true }), http({ return_error_code: true })]
  const partial = await (await start(t, [failing, ok], options)).request('/x')
  assert.deepEqual([partial.status, partial.body], [200, '{"ok":true}'])
  assert.equal((await (await start(t, [failing, failing], options)).request('/x')).status, 500)
})

test('return_error_details answers 200 with an object for the failure', async (t) => {
  const gateway = await start(t, [failing], [details('up')])
  const answer = await gateway.request('/x')
  assert.deepEqual(answer.json(), {
    error_up: { http_status_code: 404, http_body: 'not here', http_body_encoding: 'text/html' },
  })
  assert.deepEqual([answer.status, answer.header('X-Krakend-Completed')], [200, 'false'])
})

test('return_error_details leaves out what the failure has not', async (t) => {
  const gateway = await start(t, [{ status: 503 }], [details('up')])
  assert.deepEqual((await gateway.request('/x')).json(), { error_up: { http_status_code: 503 } })
})

test('return_error_details wins over return_error_code', async (t) => {
  const gateway = await start(t, [failing], [http({ return_error_details: 'up', return_error_code: true })])
  assert.equal((await gateway.request('/x')).status, 200)
})

test('in a merge the details stand beside the other parts, untouched by what shapes data', async (t) => {
  const shape = { target: 'a', allow: ['b'], mapping: { error_up: 'c' }, group: 'g' }
  const gateway = await start(t, [failing, ok, failing], [{ ...details('up'), ...shape }, {}, details('other')])
  const answer = await gateway.request('/x')
  const failed = { http_status_code: 404, http_body: 'not here', http_body_encoding: 'text/html' }
  assert.deepEqual(answer.json(), { error_up: failed, ok: true, error_other: failed })
  assert.deepEqual([answer.status, answer.header('X-Krakend-Completed')], [200, 'false'])
})

test('in a sequence the details end the chain', async (t) => {
  const upstream = await startBackend(t, { '/0': failing, '/1': ok })
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: [
      {
        ...{ endpoint: '/x', extra_config: { proxy: { sequential: true } } },
        backend: [{ url_pattern: '/0', ...details('up') }, { url_pattern: '/1' }],
      },
    ],
  })
  const answer = await gateway.request('/x')
  assert.deepEqual(Object.keys(answer.json() as object), ['error_up'])
  assert.equal(answer.header('X-Krakend-Completed'), 'false')
  assert.equal(upstream.received.length, 1)
})

for (const options of [{ return_error_code: true }, { return_error_details: 'up' }]) {
  test(`${JSON.stringify(options)} covers neither bodies that cannot be decoded nor connections`, async (t) => {
    const undecodable = await start(t, [{ body: 'no JSON' }], [http(options)])
    assert.equal((await undecodable.request('/x')).status, 500)
    const refused = await start(t, [ok], [{ ...http(options), host: ['http://127.0.0.1:01'] }])
    assert.equal((await refused.request('/x')).status, 500)
  })
}

test('details of a compressed failure are readable', async (t) => {
  const body = await new Response(new Blob(['not here']).stream().pipeThrough(new CompressionStream('gzip'))).bytes()
  const reply = { status: 404, headers: { 'Content-Encoding': 'gzip' }, body }
  for (const input_headers of [[], ['Accept-Encoding']]) {
    const gateway = await start(t, [reply], [details('up')], { input_headers })
    const answer = await gateway.request('/x', { headers: { 'Accept-Encoding': 'gzip, br' } })
    assert.deepEqual(answer.json(), { error_up: { http_status_code: 404, http_body: 'not here' } })
  }
})

test('a large failure is cut in the details', async (t) => {
  const gateway = await start(t, [{ status: 500, body: 'x'.repeat(3 * 1024 * 1024) }], [details('up')])
  const { error_up } = (await gateway.request('/x')).json() as { error_up: { http_body: string } }
  assert.ok(error_up.http_body.length >= 1024 * 1024 && error_up.http_body.length < 2 * 1024 * 1024)
})

test('the texts of all failures of a merge are told, one line each', async (t) => {
  const gateway = await start(t, [failing, { status: 503 }, { body: 'no JSON' }])
  const answer = await gateway.request('/x')
  assert.equal(answer.status, 500)
  assert.deepEqual(answer.body.split('\n'), [
    'invalid status code 404',
    'invalid status code 503',
    "the upstream's body cannot be decoded as json",
  ])
  for (const i of [0, 1, 2]) await gateway.log.find(new RegExp(`ERROR: \\[ENDPOINT: /x\\] Error #${i}: `))
})

test('the failures of a partial answer are logged', async (t) => {
  const gateway = await start(t, [ok, failing])
  assert.equal((await gateway.request('/x')).status, 200)
  await gateway.log.find(/ERROR: \[ENDPOINT: \/x\] Error #0: invalid status code 404/)
})
