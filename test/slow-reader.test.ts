import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

test('write_timeout closes the connection of a client that does not read', { timeout: 5_000 }, async (t) => {
  const backend = await startBackend(t, { '*': { json: { a: 1 } } })
  // Static data, so that the answer begins long before the time is up: 20 MB from a backend take too long on a busy machine.
  const proxy = { static: { strategy: 'always', data: { text: 'x'.repeat(20_000_000) } } }
  const { port, listener } = await startGateway(t, {
    write_timeout: '300ms',
    endpoints: [{ endpoint: '/large', backend: [{ host: [backend.url], url_pattern: '/' }], extra_config: { proxy } }],
  })
  const client = connect(port, '127.0.0.1')
  t.after(() => client.destroy())
  client.on('error', () => {}) // a reset is what it may get
  client.write('GET /large HTTP/1.1\r\nHost: g\r\n\r\n')
  await once(client, 'readable') // and is not read
  assert.ok(client.readableLength > 0, 'the answer has begun')
  await listener.close() // lets an answer be read for as long as that takes
  assert.equal(listener.active, 0)
})

test('an answer that is being read when the drain begins arrives whole', { timeout: 5_000 }, async (t) => {
  const text = 'x'.repeat(20_000_000)
  const backend = await startBackend(t, { '*': { json: { text } } })
  const { port, listener } = await startGateway(t, {
    endpoints: [{ endpoint: '/large', backend: [{ host: [backend.url], url_pattern: '/' }] }],
  })
  const client = connect(port, '127.0.0.1')
  t.after(() => client.destroy())
  client.write('GET /large HTTP/1.1\r\nHost: g\r\n\r\n')
  await once(client, 'readable')
  const closed = listener.close()
  let length = 0
  for await (const chunk of client) length += (chunk as Buffer).length
  await closed
  assert.ok(length > text.length, `${length} bytes of an answer of more than ${text.length}`)
})
