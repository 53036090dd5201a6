import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { describe, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const endpoints = [{ endpoint: '/a', backend: [{ host: ['http://127.0.0.1:10'], url_pattern: '/' }] }]

describe('the health endpoint', () => {
  test('answers JSON without the headers of endpoints', async (t) => {
    const { request } = await startGateway(t, { endpoints })
    const answer = await request('/__health?verbose=1')
    assert.equal(answer.status, 200)
    assert.equal(answer.header('content-type'), 'application/json; charset=utf-8')
    assert.equal(answer.header('x-krakend'), null)
    assert.equal(answer.header('x-krakend-completed'), null)
    const { now, ...rest } = answer.json() as { now: string }
    assert.deepEqual(rest, { agents: {}, status: 'ok' })
    assert.match(now, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} \+0000 UTC m=\+\d+\.\d+$/)
  })

  for (const path of ['/status/alive', 'status/alive']) {
    test(`moves to health_path ${path}`, async (t) => {
      const { request } = await startGateway(t, { endpoints, extra_config: { router: { health_path: path } } })
      assert.equal((await request('/status/alive')).status, 200)
      assert.equal((await request('/__health')).status, 404)
      assert.equal((await request('/status/alive/')).status, 301)
    })
  }

  test('is not there with disable_health', async (t) => {
    const { request } = await startGateway(t, { endpoints, extra_config: { router: { disable_health: true } } })
    assert.equal((await request('/__health')).status, 404)
  })

  test('cannot share its path with an endpoint', async (t) => {
    const router = { health_path: '/a' }
    await assert.rejects(
      startGateway(t, { endpoints, extra_config: { router } }),
      /GET \/a \(endpoints\[0\]\).*health endpoint/,
    )
    const { request } = await startGateway(t, {
      endpoints,
      extra_config: { router: { ...router, disable_health: true } },
    })
    assert.equal((await request('/a')).status, 500)
  })
})

describe('the debug endpoint', () => {
  test('answers any method below it and logs what arrived', async (t) => {
    const { request, log } = await startGateway(t, { debug_endpoint: true })
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const answer = await request('/__debug/some/path', { method })
      assert.deepEqual([answer.status, answer.json()], [200, { message: 'pong' }])
    }
    await request('/__debug/x?q=1&q=2', { method: 'POST', body: 'the body', headers: { 'X-A': 'value' } })
    for (const pattern of [
      /Method: POST/,
      /URL: \/__debug\/x\?q=1&q=2/,
      /Query: .*q.*1.*2/,
      /X-A.*value/,
      /Body: the body/,
    ]) {
      assert.match(await log.find(pattern), /DEBUG: \[ENDPOINT: \/__debug\/\*\] /)
    }
  })

  test('is redirected to from the path without its slash', async (t) => {
    const { request } = await startGateway(t, { debug_endpoint: true })
    assert.equal((await request('/__debug')).header('location'), '/__debug/')
    assert.equal((await request('/__debug', { method: 'POST' })).status, 307)
  })

  test('is not there unless it is asked for', async (t) => {
    const { request } = await startGateway(t, { endpoints })
    assert.equal((await request('/__debug/')).status, 404)
    assert.equal((await request('/__echo/')).status, 404)
    assert.equal((await request('/__stats')).status, 404)
  })
})

test('the echo endpoint answers with the request as it arrived', async (t) => {
  const { request } = await startGateway(t, { echo_endpoint: true })
  const answer = await request('/__echo/caf%C3%A9/x?b=2&a=1&b=%201&bad=%zz', {
    method: 'PATCH',
    body: 'text',
    headers: { Host: 'h.example', 'x-multi': ['1', '2'] },
  })
  assert.equal(answer.status, 200)
  assert.equal(answer.header('content-type'), 'application/json; charset=utf-8')
  const { req_headers: headers, ...rest } = answer.json() as { req_headers: Record<string, string[]> }
  assert.deepEqual(rest, {
    req_uri: '/__echo/caf%C3%A9/x?b=2&a=1&b=%201&bad=%zz',
    req_uri_details: { user: '', host: 'h.example', path: '/__echo/café/x', query: 'a=1&b=2&b=+1', fragment: '' },
    req_method: 'PATCH',
    req_querystring: { a: ['1'], b: ['2', ' 1'] },
    req_body: 'text',
  })
  assert.deepEqual(headers['X-Multi'], ['1', '2'])
  assert.equal('Host' in headers, false)
})

test('a gateway without endpoints serves the built-in ones', async (t) => {
  const { request } = await startGateway(t, {})
  assert.equal((await request('/__health')).status, 200)
  assert.equal((await request('/')).status, 404)
})

test('the health endpoint answers while a backend hangs', async (t) => {
  const reached = Promise.withResolvers<ServerResponse>()
  const backend = await startBackend(t, { '*': (_, response) => reached.resolve(response) })
  const { request } = await startGateway(t, {
    timeout: '1h',
    endpoints: [{ endpoint: '/slow', backend: [{ host: [backend.url], url_pattern: '/' }] }],
  })
  const slow = request('/slow')
  const hanging = await reached.promise
  assert.equal((await request('/__health')).status, 200)
  hanging.end('{"a":1}')
  assert.equal((await slow).status, 200)
})
