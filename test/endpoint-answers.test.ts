import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

async function start(t: TestContext, root: Record<string, unknown>, endpoint: Record<string, unknown> = {}) {
  const backend = await startBackend(t, {
    '/one': { json: { one: 1 }, headers: { 'X-Upstream': '1', 'Cache-Control': 'no-store' } },
    '/two': { json: { two: 2 } },
    '/empty': { json: {} },
    '/bad': { status: 404, body: 'not here', headers: { 'Content-Type': 'text/plain' } },
    '/broken': { body: '{"a":' },
    '/hang': () => {},
  })
  const calls = (...paths: string[]) => paths.map((url_pattern) => ({ url_pattern }))
  const of = (path: string, ...paths: string[]) => ({ endpoint: path, backend: calls(...paths), ...endpoint })
  const gateway = await startGateway(t, {
    host: [backend.url],
    ...root,
    endpoints: [
      of('/one', '/one'),
      of('/both', '/one', '/two'),
      of('/partial', '/one', '/bad'),
      of('/empty', '/empty'),
      of('/bad', '/bad'),
      of('/worse', '/bad', '/broken'),
      of('/broken', '/broken'),
      of('/hang', '/hang'),
      { ...of('/no-op', '/one'), output_encoding: 'no-op' },
    ],
  })
  return { ...gateway, backend }
}

/** Little time for the backend that never answers, all that is needed for the others. */
function timeoutFor(path: string): Record<string, unknown> {
  return { timeout: path === '/hang' ? '100ms' : '1h' }
}

test('completed is true only when every backend gave its part and the answer has a key', async (t) => {
  const { request } = await start(t, {})
  const expected = {
    '/one': 'true',
    '/both': 'true',
    '/partial': 'false',
    '/empty': 'false',
    '/bad': 'false',
    '/no-op': 'false',
  }
  for (const [path, completed] of Object.entries(expected)) {
    const answer = await request(path)
    assert.equal(answer.header('x-krakend-completed'), completed, path)
    assert.match(answer.header('x-krakend') ?? '', /^Version \d+\.\d+/)
  }
})

describe('cache_ttl', () => {
  test('tells max-age for complete answers alone', async (t) => {
    const { request } = await start(t, { cache_ttl: '90s' })
    assert.equal((await request('/one')).header('cache-control'), 'public, max-age=90')
    assert.equal((await request('/both')).header('cache-control'), 'public, max-age=90')
    for (const path of ['/partial', '/empty', '/bad', '/none']) {
      assert.equal((await request(path)).header('cache-control'), null, path)
    }
    assert.equal((await request('/no-op')).header('cache-control'), 'no-store')
  })

  for (const [ttl, age] of [
    ['1m59s999ms', '119'],
    ['999ms', '0'],
    [2_000_000_000, '2'],
  ] as const) {
    test(`${ttl} is cut down to ${age} seconds`, async (t) => {
      const { request } = await start(t, { cache_ttl: '5s' }, { cache_ttl: ttl })
      assert.equal((await request('/one')).header('cache-control'), `public, max-age=${age}`)
    })
  }

  test('an endpoint cannot reset it to 0', async (t) => {
    const { request } = await start(t, { cache_ttl: '5s' }, { cache_ttl: '0s' })
    assert.equal((await request('/one')).header('cache-control'), 'public, max-age=5')
  })

  test('is absent without one', async (t) => {
    const { request } = await start(t, {})
    assert.equal((await request('/one')).header('cache-control'), null)
  })
})

describe('an endpoint without data', () => {
  for (const path of ['/bad', '/broken', '/worse', '/hang']) {
    test(`${path} answers 500 with neither body nor type`, async (t) => {
      const { request } = await start(t, timeoutFor(path))
      const answer = await request(path)
      assert.equal(answer.status, 500)
      assert.equal(answer.body, '')
      assert.equal(answer.header('content-type'), null)
      assert.equal(answer.header('x-krakend-completed'), 'false')
    })
  }

  test('an endpoint timeout wins over the one of the service', async (t) => {
    const { request } = await start(t, { timeout: '1h' }, { timeout: '80ms' })
    assert.equal((await request('/hang')).status, 500)
  })
})

describe('return_error_msg', () => {
  const messages: readonly (readonly [path: string, body: RegExp])[] = [
    ['/bad', /^invalid status code 404/],
    ['/broken', /./],
    ['/worse', /^invalid status code 404[^\n]*\n./],
    ['/hang', /^context deadline exceeded$/],
  ]
  for (const [path, body] of messages) {
    test(`${path} tells the reason`, async (t) => {
      const { request, backend } = await start(t, {
        ...timeoutFor(path),
        extra_config: { router: { return_error_msg: true } },
      })
      const answer = await request(path)
      assert.equal(answer.status, 500)
      assert.match(answer.body, body)
      assert.equal(answer.header('content-type'), 'text/plain; charset=utf-8')
      assert.equal(answer.body.includes(String(backend.port)), false)
    })
  }

  test('no hosts available', async (t) => {
    const { request } = await start(t, { host: [], extra_config: { router: { return_error_msg: true } } })
    assert.equal((await request('/one')).body, 'no hosts available')
  })

  test('leaves answers with data alone', async (t) => {
    const { request } = await start(t, { extra_config: { router: { return_error_msg: true } } })
    assert.deepEqual((await request('/partial')).json(), { one: 1 })
  })
})

test('headers of the upstream do not reach the client, but with no-op', async (t) => {
  const { request } = await start(t, {})
  assert.equal((await request('/one')).header('x-upstream'), null)
  assert.equal((await request('/no-op')).header('x-upstream'), '1')
})
