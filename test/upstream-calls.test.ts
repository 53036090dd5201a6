import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'
import { jsonAnswer, type RawPeer, startRawBackend } from './support/start-raw-backend.ts'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

function gatewayFor(t: TestContext, host: string, service: object = {}, endpoint: object = {}) {
  const endpoints = METHODS.map((method) => ({
    ...{ endpoint: '/x', method, ...endpoint },
    backend: [{ url_pattern: '/up' }],
  }))
  return startGateway(t, { host: [host], endpoints, ...service })
}

const pass = ({ socket }: RawPeer) => void socket.write(jsonAnswer('{"a":1}'))

/** Answers the first request of each connection; the connection breaks when a second one arrives. */
const onceEach = (peer: RawPeer) => {
  if (peer.request === 0) pass(peer)
  else peer.socket.resetAndDestroy()
}

for (const method of ['GET', 'DELETE']) {
  test(`${method} over a kept connection that the upstream has just closed is repeated`, async (t) => {
    const upstream = await startRawBackend(t, onceEach)
    const gateway = await gatewayFor(t, upstream.url)
    assert.equal((await gateway.request('/x', { method })).status, 200)
    assert.equal((await gateway.request('/x', { method })).status, 200)
    assert.equal(upstream.heads.length, 3)
    assert.equal(upstream.sockets.length, 2)
  })
}

test('the repeated call takes a new connection, however many kept ones the upstream has closed', async (t) => {
  const upstream = await startRawBackend(t, onceEach)
  const gateway = await gatewayFor(t, upstream.url)
  const together = await Promise.all(Array.from({ length: 3 }, () => gateway.request('/x')))
  assert.deepEqual(
    together.map(({ status }) => status),
    [200, 200, 200],
  )
  const kept = upstream.sockets.length
  assert.equal((await gateway.request('/x')).status, 200)
  assert.equal(upstream.sockets.length, kept + 1)
})

for (const method of ['POST', 'PATCH']) {
  test(`${method} over a connection that breaks is not repeated`, async (t) => {
    const upstream = await startRawBackend(t, onceEach)
    const gateway = await gatewayFor(t, upstream.url)
    assert.equal((await gateway.request('/x', { method, body: '{}' })).status, 200)
    assert.equal((await gateway.request('/x', { method, body: '{}' })).status, 500)
    assert.equal(upstream.heads.length, 2)
  })
}

test('a call is repeated only once, and not at all on a fresh connection', async (t) => {
  const upstream = await startRawBackend(t, (peer) => {
    if (peer.connection === 0 && peer.request === 0) pass(peer)
    else peer.socket.resetAndDestroy()
  })
  const gateway = await gatewayFor(t, upstream.url)
  assert.equal((await gateway.request('/x')).status, 200)
  assert.equal((await gateway.request('/x')).status, 500)
  assert.equal(upstream.heads.length, 3)
  assert.equal((await gateway.request('/x')).status, 500)
  assert.equal(upstream.heads.length, 4)
})

test('response_header_timeout ends a call without an answer', async (t) => {
  const upstream = await startRawBackend(t, () => {})
  const gateway = await gatewayFor(t, upstream.url, { response_header_timeout: '60ms', timeout: '5s' })
  const startedAt = performance.now()
  assert.equal((await gateway.request('/x')).status, 500)
  assert.ok(performance.now() - startedAt < 2_000)
  assert.equal(upstream.closed.length, 1)
  await upstream.closed[0]
})

test('response_header_timeout does not cover the body, for a repeated call either', async (t) => {
  const headSent = Promise.withResolvers<void>()
  const upstream = await startRawBackend(t, (peer) => {
    if (peer.connection === 0) return onceEach(peer)
    if (peer.connection > 1) return
    peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{"a"')
    headSent.resolve()
  })
  const gateway = await gatewayFor(t, upstream.url, { response_header_timeout: '400ms', timeout: '1h' })
  assert.equal((await gateway.request('/x')).body, '{"a":1}')
  const repeated = gateway.request('/x')
  await headSent.promise
  assert.equal((await gateway.request('/x')).status, 500) // its time is up, and so would be the other's
  upstream.sockets[1]?.write(':2}')
  assert.equal((await repeated).body, '{"a":2}')
})

test('connections are kept by default, and closed after each call with disable_keep_alives', async (t) => {
  const kept = await startRawBackend(t, pass)
  const first = await gatewayFor(t, kept.url)
  const closed = await startRawBackend(t, pass)
  const second = await gatewayFor(t, closed.url, { disable_keep_alives: true })
  for (let i = 0; i < 3; i++) {
    assert.equal((await first.request('/x')).status, 200)
    assert.equal((await second.request('/x')).status, 200)
  }
  assert.equal(kept.sockets.length, 1)
  assert.doesNotMatch(kept.heads[0] ?? '', /^connection:/im)
  assert.equal(closed.sockets.length, 3)
  assert.match(closed.heads[0] ?? '', /^connection: close$/im)
})

/** Keeps requests waiting until so many are there, then answers all of them. */
function together(count: number): (peer: RawPeer) => void {
  const waiting: RawPeer[] = []
  return (peer) => {
    waiting.push(peer)
    if (waiting.length === count) for (const each of waiting.splice(0)) pass(each)
  }
}

test('max_idle_connections_per_host closes what is more than that', async (t) => {
  const upstream = await startRawBackend(t, together(5))
  const gateway = await gatewayFor(t, upstream.url, { max_idle_connections_per_host: 2 })
  const answers = await Promise.all(Array.from({ length: 5 }, () => gateway.request('/x')))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  )
  const open = () => upstream.closed.filter((_, i) => upstream.sockets[i]?.destroyed === false)
  while (open().length > 2) await Promise.race(open())
  assert.equal(open().length, 2)
})

test('max_idle_connections counts over all hosts', async (t) => {
  const upstreams = await Promise.all([startRawBackend(t, pass), startRawBackend(t, pass)])
  const gateway = await startGateway(t, {
    max_idle_connections: 1,
    endpoints: upstreams.map(({ url }, i) => ({ endpoint: `/${i}`, backend: [{ host: [url], url_pattern: '/' }] })),
  })
  await gateway.request('/0')
  await gateway.request('/1')
  const closed = upstreams.flatMap((upstream) => upstream.closed)
  assert.equal(closed.length, 2)
  await Promise.race(closed)
})

test('a connection beyond the idle limit is not closed under the next call', async (t) => {
  const upstream = await startRawBackend(t, pass)
  const gateway = await gatewayFor(t, upstream.url, { max_idle_connections_per_host: 1 })
  const post = async () => {
    const statuses: number[] = []
    for (let i = 0; i < 20; i++) statuses.push((await gateway.request('/x', { method: 'POST' })).status)
    return statuses
  }
  const statuses = (await Promise.all(Array.from({ length: 8 }, post))).flat()
  assert.deepEqual(new Set(statuses), new Set([200]))
})

test('idle_connection_timeout closes an idle connection', async (t) => {
  const upstream = await startRawBackend(t, pass)
  const gateway = await gatewayFor(t, upstream.url, { idle_connection_timeout: '50ms' })
  await gateway.request('/x')
  assert.equal(upstream.closed.length, 1)
  await upstream.closed[0]
  assert.equal((await gateway.request('/x')).status, 200)
})

for (const [name, bytes] of [
  ['not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
  ['a broken status line', 'HTTP/1.1 abc\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
] as const) {
  test(`an answer that is ${name} fails the call`, async (t) => {
    const upstream = await startRawBackend(t, ({ socket }) => void socket.write(bytes))
    const gateway = await gatewayFor(t, upstream.url)
    const { status, body } = await gateway.request('/x')
    assert.deepEqual({ status, body }, { status: 500, body: '' })
  })
}

test('answers of the 1xx class are passed over', async (t) => {
  const upstream = await startRawBackend(t, ({ socket }) => {
    socket.write(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${jsonAnswer('{"a":1}')}`)
  })
  const gateway = await gatewayFor(t, upstream.url)
  assert.equal((await gateway.request('/x')).body, '{"a":1}')
})

test('a body that ends with the connection is whole', async (t) => {
  const upstream = await startRawBackend(t, ({ socket }) => void socket.end('HTTP/1.1 200 OK\r\n\r\n{"a":1}'))
  const gateway = await gatewayFor(t, upstream.url)
  assert.equal((await gateway.request('/x')).body, '{"a":1}')
})

for (const [name, bytes] of [
  ['shorter than its Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"a":1}'],
  ['without its last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{"a":1}\r\n'],
] as const) {
  test(`a body ${name} fails a decoding call and resets the client of a no-op one`, async (t) => {
    const upstream = await startRawBackend(t, ({ socket }) => void socket.end(bytes))
    const decoding = await gatewayFor(t, upstream.url)
    assert.equal((await decoding.request('/x')).status, 500)
    const passing = await gatewayFor(t, upstream.url, { output_encoding: 'no-op' })
    const client = passing.connect()
    client.write('GET /x HTTP/1.1\r\nHost: g\r\n\r\n')
    const received = await client.closed
    assert.doesNotMatch(received, /\r\n0\r\n/)
    if (/content-length/i.test(received)) assert.match(received, /Content-Length: 20/i)
  })
}

test('bodies of every method reach the upstream with their length', async (t) => {
  const upstream = await startBackend(t, { '/up': { json: { ok: true } } })
  const gateway = await gatewayFor(t, upstream.url)
  for (const method of METHODS) {
    const { status } = await gateway.request('/x', { method, headers: { 'Content-Length': '5' }, body: 'hello' })
    assert.equal(status, 200, method)
  }
  assert.deepEqual(
    upstream.received.map(({ method, body, values }) => [method, body, ...values('Content-Length')]),
    METHODS.map((method) => [method, 'hello', '5']),
  )
})

test('a body of unknown length reaches the upstream in chunks', async (t) => {
  const upstream = await startBackend(t, { '/up': { json: { ok: true } } })
  const gateway = await gatewayFor(t, upstream.url)
  const client = gateway.connect()
  client.write('POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\n me\r\n0\r\n\r\n')
  await client.until(/\{"ok":true\}/)
  assert.equal(upstream.received[0]?.body, 'hello me')
  assert.deepEqual(upstream.received[0]?.values('Transfer-Encoding'), ['chunked'])
})

test('an empty body has the length 0 where one is expected', async (t) => {
  const upstream = await startBackend(t, { '/up': { json: { ok: true } } })
  const gateway = await gatewayFor(t, upstream.url)
  for (const method of ['POST', 'PUT', 'PATCH']) await gateway.request('/x', { method })
  for (const { values } of upstream.received) assert.deepEqual(values('Content-Length'), ['0'])
})

test('an upstream may answer before it has read the request', async (t) => {
  const upstream = await startRawBackend(t, ({ socket }) => {
    socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig')
  })
  const gateway = await gatewayFor(t, upstream.url, { output_encoding: 'no-op' })
  const client = gateway.connect()
  client.write('POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 1000000\r\n\r\nfirst bytes')
  assert.match(await client.until(/\r\n\r\nbig$/), /^HTTP\/1\.1 413/)
})

test('fields about the framing of the client’s message are not handed on, even when they are listed', async (t) => {
  const upstream = await startBackend(t, { '/up': { json: { ok: true } } })
  const listed = ['Connection', 'Keep-Alive', 'Upgrade', 'Transfer-Encoding', 'Proxy-Connection', 'Expect', 'X-A']
  const gateway = await gatewayFor(t, upstream.url, {}, { input_headers: listed })
  const client = gateway.connect()
  client.write(
    'GET /x HTTP/1.1\r\nHost: g\r\nConnection: keep-alive\r\nKeep-Alive: 9\r\nUpgrade: h2c\r\nProxy-Connection: close\r\nX-A: 1\r\n\r\n',
  )
  await client.until(/\{"ok":true\}/)
  const { values } = upstream.received[0] ?? assert.fail()
  assert.deepEqual(values('X-A'), ['1'])
  for (const name of ['Keep-Alive', 'Upgrade', 'Proxy-Connection', 'Connection']) assert.deepEqual(values(name), [])
})
