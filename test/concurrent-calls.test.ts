import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'
import { jsonAnswer, startRawBackend } from './support/start-raw-backend.ts'

const backend = [{ url_pattern: '/up' }]

test('the first complete answer wins and the other calls are cancelled', async (t) => {
  const upstream = await startRawBackend(t, () => {
    if (upstream.heads.length === 3) upstream.sockets[1]?.write(jsonAnswer('{"a":1}'))
  })
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: [{ endpoint: '/x', concurrent_calls: 3, backend, timeout: '20s' }],
  })
  const answer = await gateway.request('/x')
  assert.deepEqual([answer.status, answer.body], [200, '{"a":1}'])
  assert.equal(upstream.closed.length, 3)
  await Promise.all([upstream.closed[0], upstream.closed[2]])
  assert.equal(upstream.sockets[1]?.destroyed, false)
})

test('a failure does not count while another call may succeed', async (t) => {
  const upstream = await startRawBackend(t, ({ socket }) => {
    if (upstream.heads.length < 3) socket.write('HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n')
    else socket.write(jsonAnswer('{"a":1}'))
  })
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: [{ endpoint: '/x', concurrent_calls: 3, backend }],
  })
  assert.equal((await gateway.request('/x')).body, '{"a":1}')
})

test('when all fail the last failure is the answer', async (t) => {
  const upstream = await startBackend(t, { '/up': { status: 503 } })
  const gateway = await startGateway(t, {
    ...{ host: [upstream.url], extra_config: { router: { return_error_msg: true } } },
    endpoints: [{ endpoint: '/x', concurrent_calls: 2, backend }],
  })
  const answer = await gateway.request('/x')
  assert.deepEqual([answer.status, answer.body], [500, 'invalid status code 503'])
  assert.equal(upstream.received.length, 2)
})

test('an incomplete answer counts only when there is no other', async (t) => {
  const extra_config = { 'backend/http': { return_error_details: 'up' } }
  const upstream = await startBackend(t, {
    '/up': [{ status: 404 }, (_, response) => setImmediate(() => response.end('{"a":1}'))],
    '/down': { status: 404 },
  })
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: ['/up', '/down'].map((path) => ({
      ...{ endpoint: path, concurrent_calls: 2 },
      backend: [{ url_pattern: path, extra_config }],
    })),
  })
  assert.equal((await gateway.request('/up')).body, '{"a":1}')
  assert.equal((await gateway.request('/down')).body, '{"error_up":{"http_status_code":404}}')
})

test('each call has the whole body, and may go to another host', async (t) => {
  const upstreams = await Promise.all([1, 2, 3].map(() => startBackend(t, { '/up': { json: { a: 1 } } })))
  const gateway = await startGateway(t, {
    host: upstreams.map(({ url }) => url),
    endpoints: [{ endpoint: '/x', method: 'POST', concurrent_calls: 3, backend }],
  })
  await gateway.request('/x', { method: 'POST', body: 'the body' })
  for (const { received } of upstreams) assert.ok(received.every(({ body }) => body === 'the body'))
})

test('the winner of no-op calls streams to its end', async (t) => {
  const upstream = await startRawBackend(t, ({ socket, connection }) => {
    if (connection !== 0) return
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nfirst')
  })
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: [{ endpoint: '/x', concurrent_calls: 2, output_encoding: 'no-op', backend, timeout: '20s' }],
  })
  const client = gateway.connect()
  client.write('GET /x HTTP/1.1\r\nHost: g\r\n\r\n')
  await client.until(/first$/)
  upstream.sockets[0]?.write('final')
  await client.until(/firstfinal$/)
})
