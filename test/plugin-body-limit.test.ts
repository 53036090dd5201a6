import assert from 'node:assert/strict'
import { test } from 'node:test'
import { definePlugin } from '../src/sdk/plugin.ts'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const LONG = 'x'.repeat(200_000)

/** Reads what clients send, and what `/long` answers, up to a limit. */
const reader = definePlugin({
  name: 'reader',
  server: (_, { fetch, block }) => {
    const upstream = String(block.upstream)
    return () => async (request, context) => {
      if (request.path !== '/long') return { body: `${(await request.bytes({ maxBytes: 1000 })).length} bytes` }
      const answer = await fetch(`${upstream}/long`, { context })
      const text = await answer.text({ maxBytes: 1000 }).catch(String)
      return { body: text }
    }
  },
})

test('a body that is too long is refused, and the connection goes on', async (t) => {
  const upstream = await startBackend(t, { '/long': { body: LONG } })
  const { request, connect } = await startGateway(
    t,
    { extra_config: { 'plugin/http-server': { name: ['reader'], upstream: upstream.url } } },
    { plugins: [reader] },
  )
  const refused = await request('/', { method: 'POST', body: LONG })
  assert.deepEqual([refused.status, refused.body], [413, 'the body is longer than 1000 bytes'])
  assert.equal((await request('/', { method: 'POST', body: 'x'.repeat(1000) })).body, '1000 bytes')
  assert.match((await request('/long')).body, /^RangeError: the body is longer than 1000 bytes/)

  const connection = connect()
  const size = LONG.length.toString(16)
  connection.write(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${LONG}\r\n0\r\n\r\n`)
  await connection.until(/ 413 .*longer than 1000 bytes/s)
  connection.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi')
  await connection.until(/ 200 .*2 bytes/s)
})
