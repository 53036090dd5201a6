import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const METHODS = ['GET', 'POST', 'PUT', 'DELETE']
const to = (status: number, location: string): Reply => ({ status, headers: { Location: location }, body: 'moved' })

async function start(
  t: TestContext,
  routes: Readonly<Record<string, Reply>>,
  endpoint: object = {},
  backend: object = {},
) {
  const upstream = await startBackend(t, routes)
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: METHODS.map((method) => ({
      ...{ endpoint: '/x', method, input_headers: ['*'], ...endpoint },
      backend: [{ url_pattern: '/from?a=1', ...backend }],
    })),
  })
  return { gateway, upstream }
}

const there: Reply = { json: { there: true } }

for (const status of [301, 302, 303]) {
  test(`${status} is followed with a GET without a body`, async (t) => {
    const { gateway, upstream } = await start(t, { '/from': to(status, '/to?b=2'), '/to': there })
    for (const method of METHODS) {
      const body = method === 'GET' ? '' : 'text'
      const headers = { 'Content-Length': String(body.length), 'Content-Type': 'text/odd', 'X-A': '1' }
      const answer = await gateway.request('/x', { method, body, headers })
      assert.deepEqual(answer.json(), { there: true }, method)
      const [first, second] = upstream.received.splice(0)
      assert.equal(first?.method, method)
      assert.deepEqual([second?.method, second?.target, second?.body], ['GET', '/to?b=2', ''])
      assert.deepEqual(second?.values('X-A'), ['1'])
      assert.deepEqual(second?.values('Referer'), [`${upstream.url}/from?a=1`])
      assert.deepEqual(second?.values('Content-Type'), [])
    }
  })
}

for (const status of [307, 308]) {
  test(`${status} is followed with the same method where there is no body`, async (t) => {
    const { gateway, upstream } = await start(t, { '/from': to(status, 'to'), '/to': there })
    for (const method of METHODS) {
      assert.deepEqual((await gateway.request('/x', { method })).json(), { there: true })
      assert.deepEqual(
        upstream.received.splice(0).map((request) => [request.method, request.target]),
        [
          [method, '/from?a=1'],
          [method, '/to'],
        ],
      )
    }
  })

  test(`${status} with a body ends the call`, async (t) => {
    const { gateway, upstream } = await start(t, { '/from': to(status, '/to'), '/to': there })
    assert.equal((await gateway.request('/x', { method: 'POST', body: 'text' })).status, 500)
    assert.equal(upstream.received.length, 1)
    const passing = await start(t, { '/from': to(status, '/to') }, { output_encoding: 'no-op' })
    const answer = await passing.gateway.request('/x', { method: 'POST', body: 'text' })
    assert.deepEqual([answer.status, answer.header('Location'), answer.body], [status, '/to', 'moved'])
  })

  for (const output_encoding of ['json', 'no-op']) {
    test(`${status} is followed with the body after send_body_on_redirect (${output_encoding})`, async (t) => {
      const extra_config = { 'backend/http/client': { send_body_on_redirect: true } }
      const routes = { '/from': to(status, '/on'), '/on': to(status, '/to'), '/to': there }
      const { gateway, upstream } = await start(t, routes, { output_encoding }, { extra_config })
      const answer = await gateway.request('/x', {
        method: 'POST',
        body: 'text',
        headers: { 'Content-Type': 'text/odd' },
      })
      assert.deepEqual(answer.json(), { there: true })
      assert.deepEqual(
        upstream.received.map(({ method, body, values }) => [method, body, ...values('Content-Type')]),
        [1, 2, 3].map(() => ['POST', 'text', 'text/odd']),
      )
    })
  }
}

test('redirects are followed for no-op', async (t) => {
  const { gateway } = await start(t, { '/from': to(302, '/to'), '/to': there }, { output_encoding: 'no-op' })
  assert.deepEqual((await gateway.request('/x')).json(), { there: true })
})

test('a redirect without a Location is an answer', async (t) => {
  const { gateway } = await start(t, { '/from': { status: 302, body: 'nowhere' } }, { output_encoding: 'no-op' })
  const answer = await gateway.request('/x')
  assert.deepEqual([answer.status, answer.body], [302, 'nowhere'])
})

for (const location of ['http://[', 'ftp://a.example/', 'mailto:a@b.example']) {
  test(`a redirect to ${location} fails the call`, async (t) => {
    const { gateway } = await start(t, { '/from': to(302, location) })
    assert.equal((await gateway.request('/x')).status, 500)
  })
}

test('ten requests are made at most', async (t) => {
  const { gateway, upstream } = await start(t, { '/from': to(302, '/from') })
  assert.equal((await gateway.request('/x')).status, 500)
  assert.equal(upstream.received.length, 10)
})

test('nine redirects are followed', async (t) => {
  const routes: Record<string, Reply> = { '/from': to(302, '/1'), '/9': there }
  for (let i = 1; i < 9; i++) routes[`/${i}`] = to(302, `/${i + 1}`)
  const { gateway } = await start(t, routes)
  assert.deepEqual((await gateway.request('/x')).json(), { there: true })
})

test('credentials go only to the host they were meant for', async (t) => {
  const other = await startBackend(t, { '/to': there })
  const { gateway, upstream } = await start(t, { '/from': to(302, '/on'), '/on': to(302, `${other.url}/to`) })
  const headers = { Authorization: 'Bearer x', Cookie: 'a=1', 'X-A': '1' }
  assert.deepEqual((await gateway.request('/x', { headers })).json(), { there: true })
  for (const { values } of upstream.received) assert.deepEqual(values('Authorization'), ['Bearer x'])
  const [last] = other.received
  assert.deepEqual([last?.values('Authorization'), last?.values('Cookie'), last?.values('X-A')], [[], [], ['1']])
  assert.deepEqual(last?.values('Host'), [`127.0.0.1:${other.port}`])
})
