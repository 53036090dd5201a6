import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const LIMIT = { timeout: 10_000 }

test('a connection whose answer began before the drain is closed after that answer', LIMIT, async (t) => {
  let finish = () => {}
  const backend = await startBackend(t, {
    '*': (_, response) => {
      response.write('first,')
      finish = () => response.end('last')
    },
  })
  const gateway = await startGateway(t, {
    host: [backend.url],
    timeout: '1h',
    endpoints: [{ endpoint: '/stream', output_encoding: 'no-op', backend: [{ url_pattern: '/' }] }],
  })
  const client = gateway.connect()
  client.write('GET /stream HTTP/1.1\r\nHost: g\r\n\r\nGET /none HTTP/1.1\r\nHost: g\r\n\r\n')
  await client.until(/first,/)
  const closed = gateway.listener.close()
  finish()
  await closed
  const received = await client.closed
  assert.match(
    received,
    /last\r\n0\r\n\r\nHTTP\/1\.1 404 Not Found/,
    'and so is the request behind it on the connection',
  )
  assert.match(received, /404 page not found$/)
})

const HELD: readonly (readonly [title: string, text: string, answered: RegExp | null])[] = [
  ['half of a head', 'GET /__health HT', null],
  ['an answer, and half of the next head', 'GET /__health HTTP/1.1\r\nHost: g\r\n\r\nGET /__h', /"status":"ok"/],
  [
    'an answer to a request whose body is still to come',
    'POST /none HTTP/1.1\r\nHost: g\r\nContent-Length: 9\r\n\r\nab',
    /404 page/,
  ],
]

for (const [title, text, answered] of HELD) {
  test(`${title} does not hold up the end`, LIMIT, async (t) => {
    const gateway = await startGateway(t, {})
    const client = gateway.connect()
    client.write(text)
    if (answered !== null) await client.until(answered)
    else await gateway.request('/__health') // the connection before this one has been accepted
    await gateway.listener.close()
    await client.closed
  })
}
