import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startGateway } from './support/start-gateway.ts'

const backend = [{ host: ['http://127.0.0.1:10'], url_pattern: '/up' }]

async function start(t: TestContext, router: Record<string, unknown> = {}, root: Record<string, unknown> = {}) {
  return startGateway(t, {
    ...root,
    extra_config: { router },
    endpoints: [
      { endpoint: '/a/{id}', method: 'PUT', backend },
      { endpoint: '/a/{id}', method: 'DELETE', backend },
      { endpoint: '/a/{id}', method: 'GET', backend },
      { endpoint: '/a/fixed', method: 'POST', backend },
      { endpoint: '/slash/', method: 'GET', backend },
    ],
  })
}

test('an unknown path answers 404 in plain text with the headers of the gateway', async (t) => {
  const { request } = await start(t)
  for (const method of ['GET', 'POST', 'OPTIONS', 'PROPFIND']) {
    const answer = await request('/none', { method })
    assert.equal(answer.status, 404)
    assert.equal(answer.body, '404 page not found')
    assert.equal(answer.header('content-type'), 'text/plain')
    assert.equal(answer.header('x-krakend-completed'), 'false')
    assert.match(answer.header('x-krakend') ?? '', /^Version \d/)
    assert.equal(answer.header('allow'), null)
  }
})

describe('405 lists the methods of the path in the order of their first use', () => {
  test('GET comes first while the health endpoint is on', async (t) => {
    const { request } = await start(t)
    const answer = await request('/a/1', { method: 'POST' })
    assert.equal(answer.status, 405)
    assert.equal(answer.body, '405 method not allowed')
    assert.equal(answer.header('allow'), 'GET, PUT, DELETE')
    assert.equal(answer.header('content-type'), 'text/plain')
    assert.equal(answer.header('x-krakend-completed'), 'false')
  })

  test('without the health endpoint the configuration decides', async (t) => {
    const { request } = await start(t, { disable_health: true })
    assert.equal((await request('/a/1', { method: 'PATCH' })).header('allow'), 'PUT, DELETE, GET')
  })

  test('a fixed path counts its parameter siblings too', async (t) => {
    const { request } = await start(t)
    assert.equal((await request('/a/fixed', { method: 'PATCH' })).header('allow'), 'GET, PUT, DELETE, POST')
  })

  for (const method of ['HEAD', 'OPTIONS']) {
    test(`GET implies no ${method}`, async (t) => {
      const { request } = await start(t)
      const answer = await request('/a/1', { method })
      assert.equal(answer.status, 405)
      assert.equal(answer.header('allow'), 'GET, PUT, DELETE')
      assert.equal(answer.body, method === 'HEAD' ? '' : '405 method not allowed')
    })
  }

  test('HEAD of the health endpoint is refused as well', async (t) => {
    const { request } = await start(t)
    assert.equal((await request('/__health', { method: 'HEAD' })).status, 405)
    assert.equal((await request('/__health', { method: 'POST' })).header('allow'), 'GET')
  })
})

test('disable_handle_method_not_allowed answers 404 in its place', async (t) => {
  const { request } = await start(t, { disable_handle_method_not_allowed: true })
  const answer = await request('/a/1', { method: 'POST' })
  assert.equal(answer.status, 404)
  assert.equal(answer.body, '404 page not found')
  assert.equal(answer.header('allow'), null)
})

describe('auto_options', () => {
  test('answers with the sorted methods and X-Krakend alone', async (t) => {
    const { request } = await start(t, { auto_options: true })
    const answer = await request('/a/1', { method: 'OPTIONS' })
    assert.equal(answer.status, 200)
    assert.equal(answer.body, '')
    assert.equal(answer.header('allow'), 'DELETE, GET, PUT')
    assert.match(answer.header('x-krakend') ?? '', /^Version /)
    assert.equal(answer.header('x-krakend-completed'), null)
  })

  test('counts for 405, last', async (t) => {
    const { request } = await start(t, { auto_options: true })
    assert.equal((await request('/a/1', { method: 'POST' })).header('allow'), 'GET, PUT, DELETE, OPTIONS')
  })

  test('a fixed path is told the methods that its parameter siblings take', async (t) => {
    const { request } = await start(t, { auto_options: true })
    assert.equal((await request('/a/fixed', { method: 'OPTIONS' })).header('allow'), 'DELETE, GET, POST, PUT')
  })

  test('is redirected like the endpoint, and checks parameters', async (t) => {
    const { request } = await start(t, { auto_options: true })
    const redirected = await request('/slash', { method: 'OPTIONS' })
    assert.equal(redirected.status, 307)
    assert.equal(redirected.header('location'), '/slash/')
    assert.equal((await request('/a/x%3F', { method: 'OPTIONS' })).status, 400)
    assert.equal((await request('/none', { method: 'OPTIONS' })).status, 404)
  })
})

describe('error_body replaces the text', () => {
  const values: readonly unknown[] = [{ code: 1, list: [1, 'a'] }, 'gone', 7, false, ['x'], '']
  for (const value of values) {
    test(JSON.stringify(value), async (t) => {
      const { request } = await start(t, { error_body: { 404: value, '405': value } })
      for (const [target, status] of [
        ['/none', 404],
        ['/a/1', 405],
      ] as const) {
        const answer = await request(target, { method: 'POST' })
        assert.equal(answer.status, status)
        assert.deepEqual(answer.json(), value)
        assert.equal(answer.header('content-type'), 'application/json; charset=utf-8')
        assert.equal(answer.header('x-krakend-completed'), 'false')
      }
    })
  }

  test('for one status leaves the other as it is', async (t) => {
    const { request } = await start(t, { error_body: { 405: { no: 1 } } })
    assert.equal((await request('/none')).body, '404 page not found')
    assert.deepEqual((await request('/a/1', { method: 'POST' })).json(), { no: 1 })
  })
})

test('hide_version_header hides it everywhere', async (t) => {
  const { request } = await start(t, { hide_version_header: true, auto_options: true })
  for (const [target, method] of [
    ['/none', 'GET'],
    ['/a/1', 'POST'],
    ['/a/1', 'OPTIONS'],
    ['/a/1', 'GET'],
  ] as const) {
    assert.equal((await request(target, { method })).header('x-krakend'), 'Version undefined')
  }
})
