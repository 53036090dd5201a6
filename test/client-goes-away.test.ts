import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startGateway } from './support/start-gateway.ts'
import { jsonAnswer, startRawBackend } from './support/start-raw-backend.ts'

const backends = [{ url_pattern: '/a' }, { url_pattern: '/b' }]

for (const [name, calls, endpoint] of [
  ['the only call', 1, { backend: [{ url_pattern: '/a' }] }],
  ['a no-op call', 1, { output_encoding: 'no-op', backend: [{ url_pattern: '/a' }] }],
  ['all merged calls', 2, { backend: backends }],
  ['the call a sequence is at', 1, { backend: backends, extra_config: { proxy: { sequential: true } } }],
  ['all concurrent calls', 3, { concurrent_calls: 3, backend: [{ url_pattern: '/a' }] }],
] as const) {
  for (const method of ['GET', 'POST']) {
    test(`a client that goes away ends ${name} of a ${method}`, async (t) => {
      const arrived = Promise.withResolvers<void>()
      const upstream = await startRawBackend(t, () => {
        if (upstream.heads.length === calls) arrived.resolve()
      })
      const gateway = await startGateway(t, {
        ...{ host: [upstream.url], timeout: '30s' },
        endpoints: [{ endpoint: '/x', method, ...endpoint }],
      })
      const client = gateway.connect()
      client.write(`${method} /x HTTP/1.1\r\nHost: g\r\nContent-Length: 4\r\n\r\nbody`)
      await arrived.promise
      client.reset()
      await Promise.all(upstream.closed)
      await gateway.accessLog.find(/ 499 |\| {3}499/)
      assert.equal(upstream.heads.length, calls, 'nothing more is called')
      assert.ok(!gateway.log.all.some((line) => line.includes('ERROR')), gateway.log.all.join('\n'))
      assert.equal(gateway.listener.active, 0)
    })
  }
}

test('a client that goes away in the middle of a stream ends the call', async (t) => {
  const upstream = await startRawBackend(t, ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nfirst')
  })
  const gateway = await startGateway(t, {
    ...{ host: [upstream.url], timeout: '30s', output_encoding: 'no-op' },
    endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/a' }] }],
  })
  const client = gateway.connect()
  client.write('GET /x HTTP/1.1\r\nHost: g\r\n\r\n')
  await client.until(/first/)
  assert.equal(upstream.closed.length, 1)
  client.reset()
  await upstream.closed[0]
})

test('a client that breaks its upload off ends the call', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const upstream = await startRawBackend(t, () => arrived.resolve())
  const gateway = await startGateway(t, {
    ...{ host: [upstream.url], timeout: '30s' },
    endpoints: [{ endpoint: '/x', method: 'POST', backend: [{ url_pattern: '/a' }] }],
  })
  const client = gateway.connect()
  client.write('POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 100\r\n\r\nfirst')
  await arrived.promise
  client.reset()
  await upstream.closed[0]
})

test('a client that goes away leaves shadow calls alone', async (t) => {
  const real = await startRawBackend(t, () => {})
  const answered = Promise.withResolvers<void>()
  const shadow = await startRawBackend(t, ({ socket }) => {
    real.sockets[0]?.once('close', () => {
      socket.write(jsonAnswer('{}'))
      answered.resolve()
    })
    client.reset()
  })
  const gateway = await startGateway(t, {
    timeout: '30s',
    endpoints: [
      {
        endpoint: '/x',
        backend: [
          { host: [real.url], url_pattern: '/a' },
          { host: [shadow.url], url_pattern: '/s', extra_config: { proxy: { shadow: true } } },
        ],
      },
    ],
  })
  const client = gateway.connect()
  client.write('GET /x HTTP/1.1\r\nHost: g\r\n\r\n')
  await answered.promise
  assert.equal(shadow.sockets[0]?.destroyed, false)
})
