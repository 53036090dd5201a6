import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HttpResponse } from '../src/pipes/http.ts'
import { inMemory } from './support/in-memory.ts'
import { startGateway } from './support/start-gateway.ts'
import { jsonAnswer, type RawPeer, startRawBackend } from './support/start-raw-backend.ts'

const TIMEOUT_MS = 200
const pair = [{ url_pattern: '/slow' }, { url_pattern: '/fast' }]

/** Answers at once, but to `/slow` never; tells when the gateway gave such a call up. */
async function start(t: TestContext, endpoint: object) {
  const gaveUp = Promise.withResolvers<number>()
  const upstream = await startRawBackend(t, ({ socket, head }: RawPeer) => {
    if (!head.includes('/slow')) socket.write(jsonAnswer('{"fast":true}'))
    else socket.once('close', () => gaveUp.resolve(performance.now()))
  })
  const gateway = await startGateway(t, {
    ...{ host: [upstream.url], extra_config: { router: { return_error_msg: true } } },
    endpoints: [{ endpoint: '/x', timeout: `${TIMEOUT_MS}ms`, ...endpoint }],
  })
  return { gateway, upstream, gaveUp: gaveUp.promise }
}

const AT_MOST_LATE_MS = 1_000 // a busy machine

function assertAfter(ms: number, due: number): void {
  assert.ok(ms >= due - 2 && ms < due + AT_MOST_LATE_MS, `${ms} ms instead of ${due}`)
}

for (const [name, share, endpoint, body] of [
  ['the only call has all of the time', 1, { backend: [{ url_pattern: '/slow' }] }, 'context deadline exceeded'],
  [
    'a no-op call too',
    1,
    { output_encoding: 'no-op', backend: [{ url_pattern: '/slow' }] },
    'context deadline exceeded',
  ],
  ['merged calls have 85 %', 0.85, { backend: pair }, '{"fast":true}'],
  [
    'a sequence has 85 %',
    0.85,
    { backend: [...pair].reverse(), extra_config: { proxy: { sequential: true } } },
    '{"fast":true}',
  ],
  [
    'concurrent calls have 75 %',
    0.75,
    { concurrent_calls: 2, backend: [{ url_pattern: '/slow' }] },
    'context deadline exceeded',
  ],
  ['concurrent calls in a merge too', 0.75, { concurrent_calls: 2, backend: pair }, '{"fast":true}'],
] as const) {
  test(name, async (t) => {
    const { gateway, gaveUp } = await start(t, endpoint)
    const startedAt = performance.now()
    const answer = await gateway.request('/x')
    assertAfter((await gaveUp) - startedAt, TIMEOUT_MS * share)
    assert.equal(answer.status, body.startsWith('{') ? 200 : 500)
    assert.equal(answer.body, body)
    assert.equal(answer.header('X-Krakend-Completed'), 'false')
  })
}

test('each call is told its share of the time', async (t) => {
  const shares = new Map<string, number>()
  const one = [{ url_pattern: '/one' }]
  const two = [{ url_pattern: '/first' }, { url_pattern: '/second' }]
  const proxy = { sequential: true }
  const shadow = { url_pattern: '/shadow', extra_config: { proxy: { shadow: true, shadow_timeout: '30s' } } }
  const send = await inMemory(
    t,
    {
      timeout: '100s',
      endpoints: [
        { endpoint: '/one', backend: one },
        { endpoint: '/two', backend: two },
        { endpoint: '/sequence', backend: two, extra_config: { proxy } },
        { endpoint: '/concurrent', concurrent_calls: 2, backend: one },
        { endpoint: '/both', concurrent_calls: 2, backend: two },
        { endpoint: '/own', timeout: '10s', backend: [...one, shadow] },
      ],
    },
    async (request, context) => {
      shares.set(request.path, Math.ceil((context.deadline - performance.now()) / 1000))
      return HttpResponse.json({ a: 1 })
    },
  )
  const expected: Record<string, number[]> = {
    ...{ one: [100], two: [85, 85], sequence: [85, 85], concurrent: [75], both: [75, 75], own: [30, 10] },
  }
  for (const [name, seconds] of Object.entries(expected)) {
    shares.clear()
    await send(`/${name}`)
    assert.deepEqual([...shares.values()], seconds, name)
  }
})

test('the time goes on while the body arrives', async (t) => {
  const upstream = await startRawBackend(t, ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"a"')
  })
  const gateway = await startGateway(t, {
    ...{ host: [upstream.url], timeout: '100ms' },
    endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/' }] }],
  })
  assert.equal((await gateway.request('/x')).status, 500)
  assert.equal(upstream.closed.length, 1)
  await upstream.closed[0]
})

for (const [name, endpoint] of [
  ['merged', { backend: pair }],
  ['sequential', { backend: pair, extra_config: { proxy: { sequential: true } } }],
  ['concurrent', { concurrent_calls: 2, backend: [{ url_pattern: '/fast' }] }],
  [
    'shadowed',
    { backend: [{ url_pattern: '/fast' }, { url_pattern: '/s', extra_config: { proxy: { shadow: true } } }] },
  ],
  [
    'redirectable',
    { backend: [{ url_pattern: '/', extra_config: { 'backend/http/client': { send_body_on_redirect: true } } }] },
  ],
] as const) {
  test(`the time goes on while the client sends the body of a ${name} call`, async (t) => {
    const { gateway, upstream } = await start(t, { timeout: '100ms', method: 'POST', ...endpoint })
    const client = gateway.connect()
    client.write('POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 10\r\n\r\nhalf ')
    assert.match(await client.until(/deadline exceeded$/), /^HTTP\/1\.1 500 /)
    assert.equal(upstream.heads.length, 0)
    await gateway.accessLog.find(/500/)
  })
}

test('a shadow call has a time of its own', async (t) => {
  const { gateway, gaveUp } = await start(t, {
    timeout: '10s',
    backend: [
      { url_pattern: '/fast' },
      { url_pattern: '/slow', extra_config: { proxy: { shadow: true, shadow_timeout: `${TIMEOUT_MS}ms` } } },
    ],
  })
  const startedAt = performance.now()
  assert.equal((await gateway.request('/x')).body, '{"fast":true}')
  assertAfter((await gaveUp) - startedAt, TIMEOUT_MS)
})

test('a shadow call without one has the endpoint’s, and the client does not wait for it', async (t) => {
  const { gateway, gaveUp } = await start(t, {
    backend: [{ url_pattern: '/fast' }, { url_pattern: '/slow', extra_config: { proxy: { shadow: true } } }],
  })
  const startedAt = performance.now()
  const answer = await gateway.request('/x')
  assert.ok(performance.now() - startedAt < TIMEOUT_MS)
  assert.equal(answer.header('X-Krakend-Completed'), 'true')
  assertAfter((await gaveUp) - startedAt, TIMEOUT_MS)
})

for (const encoding of ['json', 'no-op']) {
  test(`the time of a shadow call covers the body of its ${encoding} answer`, async (t) => {
    const reached = Promise.withResolvers<void>()
    const shadow = await startRawBackend(t, ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n\r\nhalf')
      reached.resolve()
    })
    const proxy = { shadow: true, shadow_timeout: '100ms' }
    const { gateway } = await start(t, {
      output_encoding: encoding,
      backend: [{ host: [shadow.url], url_pattern: '/', extra_config: { proxy } }],
    })
    assert.equal((await gateway.request('/x')).status, 500, 'there are only shadow backends')
    await reached.promise
    await shadow.closed[0]
  })
}
