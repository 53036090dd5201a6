import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

async function start(t: TestContext, service: number | undefined, endpoint: number | undefined, more: object = {}) {
  const backend = await startBackend(t, { '/up': { json: { ok: true } } })
  const proxy = endpoint === undefined ? {} : { extra_config: { proxy: { max_payload: endpoint } } }
  const gateway = await startGateway(t, {
    host: [backend.url],
    ...(service === undefined ? {} : { extra_config: { router: { max_payload: service } } }),
    endpoints: [{ endpoint: '/a', method: 'POST', ...proxy, backend: [{ url_pattern: '/up' }] }],
    ...more,
  })
  return { ...gateway, backend }
}

const chunked = (body: string) =>
  `POST /a HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

for (const [title, service, endpoint] of [
  ['the service', 10, undefined],
  ['the endpoint', undefined, 10],
  ['the service, which is stricter than the endpoint', 10, 20],
  ['the endpoint, which is stricter than the service', 20, 10],
] as const) {
  test(`a body longer than max_payload of ${title} is 413, and the backend is not called`, async (t) => {
    const { request, connect, backend } = await start(t, service, endpoint)
    assert.equal((await request('/a', { method: 'POST', body: '0123456789' })).status, 200)
    const declared = await request('/a', { method: 'POST', body: '0123456789a', headers: { 'Content-Length': '11' } })
    assert.equal(declared.status, 413)
    assert.match(declared.body, /longer than 10 bytes/)
    const exact = connect()
    exact.write(chunked('0123456789'))
    await exact.until(/\{"ok":true\}/)
    const longer = connect()
    longer.write(chunked('0123456789a'))
    assert.match(await longer.closed, /^HTTP\/1\.1 413 /)
    assert.deepEqual(
      backend.received.map(({ body }) => body),
      ['0123456789', '0123456789'],
    )
  })
}

test('a client that goes on sending reads its 413', async (t) => {
  const { connect, backend } = await start(t, 1000, undefined)
  const client = connect()
  client.write('POST /a HTTP/1.1\r\nHost: g\r\nContent-Length: 100000000\r\n\r\n')
  for (let i = 0; i < 20; i++) client.write('x'.repeat(100_000))
  assert.match(await client.closed, /^HTTP\/1\.1 413 [\s\S]*connection: close[\s\S]*longer than 1000 bytes/i)
  assert.equal(backend.received.length, 0)
})

test('a client that waits for 100-continue is not told to send what is too long', async (t) => {
  const { connect } = await start(t, 10, undefined)
  const head = 'POST /a HTTP/1.1\r\nHost: g\r\nExpect: 100-continue\r\n'
  const longer = connect()
  longer.write(`${head}Content-Length: 11\r\n\r\n`)
  assert.match(await longer.closed, /^HTTP\/1\.1 413 /)
  const exact = connect()
  exact.write(`${head}Content-Length: 10\r\n\r\n`)
  await exact.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
  exact.write('0123456789')
  await exact.until(/\{"ok":true\}/)
})

test('a body of unknown length has the time of the endpoint to arrive', async (t) => {
  const { connect, backend } = await start(t, undefined, 10, { timeout: '100ms' })
  const client = connect()
  client.write('POST /a HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n')
  await client.until(/^HTTP\/1\.1 500 /)
  assert.equal(backend.received.length, 0)
})

test('0 is no limit; what cannot count is told', async (t) => {
  const { request, diagnostics } = await start(t, 0, 0)
  assert.equal((await request('/a', { method: 'POST', body: 'x'.repeat(100_000) })).status, 200)
  assert.deepEqual(diagnostics, [])
  const backend = [{ host: ['http://h'], extra_config: { proxy: { max_payload: 5 } } }]
  const told = await startGateway(t, {
    extra_config: { router: { max_payload: 10 } },
    endpoints: [{ endpoint: '/a', extra_config: { proxy: { max_payload: 20 } }, backend }],
  })
  assert.deepEqual(
    told.diagnostics.map(({ severity, path }) => [severity, path]),
    ['endpoints[0].extra_config.proxy', 'endpoints[0].backend[0].extra_config.proxy'].map((path) => [
      'warning',
      `${path}.max_payload`,
    ]),
  )
})
