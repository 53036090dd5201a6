import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const TEXT = '{"a":1}'
const zipped: Reply = {
  headers: { 'Content-Encoding': 'gzip', 'Content-Type': 'application/json' },
  body: gzipSync(TEXT),
}

async function start(t: TestContext, reply: Reply, service: object = {}, endpoint: object = {}) {
  const upstream = await startBackend(t, { '/': reply })
  const gateway = await startGateway(t, {
    ...{ host: [upstream.url], ...service },
    endpoints: [{ endpoint: '/x', ...endpoint, backend: [{ url_pattern: '/' }] }],
  })
  return { gateway, upstream }
}

for (const output_encoding of ['json', 'no-op']) {
  test(`gzip that the gateway asks for by itself is taken off (${output_encoding})`, async (t) => {
    const { gateway, upstream } = await start(t, zipped, {}, { output_encoding })
    const answer = await gateway.request('/x', { headers: { 'Accept-Encoding': 'br' } })
    assert.equal(answer.body, TEXT)
    assert.equal(answer.header('Content-Encoding'), null)
    assert.deepEqual(upstream.received[0]?.values('Accept-Encoding'), ['gzip'])
  })

  test(`with disable_compression nothing is asked for (${output_encoding})`, async (t) => {
    const { gateway, upstream } = await start(t, { body: TEXT }, { disable_compression: true }, { output_encoding })
    assert.equal((await gateway.request('/x')).body, TEXT)
    assert.deepEqual(upstream.received[0]?.values('Accept-Encoding'), [])
  })
}

test('gzip that comes unasked is decoded for decoding encodings and passes with no-op', async (t) => {
  const service = { disable_compression: true }
  assert.equal((await (await start(t, zipped, service)).gateway.request('/x')).body, TEXT)
  const passed = await (await start(t, zipped, service, { output_encoding: 'no-op' })).gateway.request('/x')
  assert.deepEqual([passed.header('Content-Encoding'), passed.bytes], ['gzip', gzipSync(TEXT)])
})

test('the client’s own Accept-Encoding is forwarded where it is listed', async (t) => {
  const headers = { 'Accept-Encoding': 'gzip, br' }
  const input_headers = ['Accept-Encoding']
  const decoding = await start(t, zipped, {}, { input_headers })
  assert.equal((await decoding.gateway.request('/x', { headers })).body, TEXT)
  assert.deepEqual(decoding.upstream.received[0]?.values('Accept-Encoding'), ['gzip, br'])
  const passing = await start(t, zipped, {}, { input_headers, output_encoding: 'no-op' })
  const answer = await passing.gateway.request('/x', { headers })
  assert.deepEqual([answer.header('Content-Encoding'), answer.bytes], ['gzip', gzipSync(TEXT)])
})

test('other encodings are not decoded: a failure, and as they are with no-op', async (t) => {
  const reply = { headers: { 'Content-Encoding': 'br' }, body: brotliCompressSync(TEXT) }
  assert.equal((await (await start(t, reply)).gateway.request('/x')).status, 500)
  const answer = await (await start(t, reply, {}, { output_encoding: 'no-op' })).gateway.request('/x')
  assert.deepEqual([answer.header('Content-Encoding'), answer.bytes], ['br', brotliCompressSync(TEXT)])
})

for (const [name, body] of [
  ['no gzip', Buffer.from(TEXT)],
  ['cut off', gzipSync(TEXT).subarray(0, 15)],
] as const) {
  test(`a body that is ${name} although it says so fails the call, and resets the client of a no-op one`, async (t) => {
    const reply = { headers: { 'Content-Encoding': 'gzip', 'Content-Type': 'text/plain' }, body }
    assert.equal((await (await start(t, reply)).gateway.request('/x')).status, 500)
    const { gateway } = await start(t, reply, {}, { output_encoding: 'no-op' })
    await assert.rejects(gateway.request('/x'), { code: 'ECONNRESET' })
  })
}

for (const status of [204, 304]) {
  test(`${status} has no body to decode, whatever its fields say`, async (t) => {
    const reply = { status, headers: { 'Content-Encoding': 'gzip', ETag: '"a"' } }
    const { gateway } = await start(t, reply, {}, { output_encoding: 'no-op' })
    const answer = await gateway.request('/x')
    assert.deepEqual([answer.status, answer.body, answer.header('ETag')], [status, '', '"a"'])
  })
}

test('an empty body with Content-Encoding gzip is empty', async (t) => {
  const reply = { headers: { 'Content-Encoding': 'gzip', 'Content-Type': 'text/plain' }, body: '' }
  const { gateway } = await start(t, reply, {}, { output_encoding: 'no-op' })
  const answer = await gateway.request('/x')
  assert.deepEqual([answer.status, answer.body], [200, ''])
})

test('a large body is decoded while it passes', async (t) => {
  const text = JSON.stringify(Array.from({ length: 200_000 }, (_, i) => i))
  const reply = { headers: { 'Content-Encoding': 'gzip', 'Content-Type': 'application/json' }, body: gzipSync(text) }
  const { gateway } = await start(t, reply, {}, { output_encoding: 'no-op' })
  assert.equal((await gateway.request('/x')).body, text)
})
