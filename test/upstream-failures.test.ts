import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { FAILING, type Failing, MAX_DECODED_BYTES } from './support/failing-upstreams.ts'
import { type StartedGateway, startGateway } from './support/start-gateway.ts'
import { jsonAnswer, startRawBackend } from './support/start-raw-backend.ts'

/** What ends the calls that nothing else ends. */
const TIMEOUT_MS = 500

/** How the log names the call. */
const CALL = /GET http:\/\/127\.0\.0\.1:\d+\//

function gatewayFor(t: TestContext, host: string, backend: object = {}): Promise<StartedGateway> {
  const whole = { host: [host], url_pattern: '/up', ...backend }
  return startGateway(t, {
    timeout: `${TIMEOUT_MS}ms`,
    max_decoded_bytes: MAX_DECODED_BYTES,
    endpoints: [
      { endpoint: '/x', backend: [whole] },
      {
        endpoint: '/merged',
        backend: [
          { ...whole, group: 'a' },
          { url_pattern: '/good', host: [host], group: 'b' },
        ],
      },
      { endpoint: '/raw', output_encoding: 'no-op', backend: [{ host: [host], url_pattern: '/up' }] },
    ],
  })
}

/** The one line that the log has about it. */
function errorsOf({ log }: StartedGateway): readonly string[] {
  return log.all.filter((line) => / (?:ERROR|CRITICAL):/.test(line))
}

function checkLine(line: string | undefined, endpoint: string, url: RegExp, cause: RegExp): void {
  assert.ok(line?.includes(endpoint), String(line))
  assert.match(line ?? '', url)
  assert.match(line ?? '', cause)
}

describe('an upstream that', { concurrency: 8 }, () => {
  for (const failing of FAILING) {
    test(failing.title, { timeout: 15_000 }, async (t) => {
      const upstream = await startRawBackend(t, (peer) => {
        if (peer.head.includes(' /good ')) peer.socket.write(jsonAnswer('{"ok":1}'))
        else failing.answer(peer)
      })
      const gateway = await gatewayFor(t, upstream.url, failing.backend)
      await decoded(gateway, failing)
      await merged(gateway)
      if (failing.decoded !== true) await passedOn(gateway, failing)
      assert.equal(gateway.listener.active, 0)
    })
  }
})

async function decoded(gateway: StartedGateway, { cause }: Failing): Promise<void> {
  const answer = await gateway.request('/x')
  assert.deepEqual([answer.status, answer.body, answer.header('x-krakend-completed')], [500, '', 'false'])
  const lines = errorsOf(gateway)
  assert.equal(lines.length, 1, lines.join('\n'))
  checkLine(lines[0], '[ENDPOINT: /x]', CALL, cause)
}

/** What the other backend answered is there. */
async function merged(gateway: StartedGateway): Promise<void> {
  const answer = await gateway.request('/merged')
  assert.deepEqual(
    [answer.status, answer.json(), answer.header('x-krakend-completed')],
    [200, { b: { ok: 1 } }, 'false'],
  )
}

async function passedOn(gateway: StartedGateway, { cause, amidBody }: Failing): Promise<void> {
  const before = errorsOf(gateway).length
  const client = gateway.connect()
  client.write('GET /raw HTTP/1.1\r\nHost: g\r\n\r\n')
  if (amidBody === true) {
    const received = await client.closed // it broke off, and is not whole
    assert.doesNotMatch(received, /\r\n0\r\n\r\n$/)
  } else await client.until(/^HTTP\/1\.1 500 [\s\S]*\r\n\r\n/)
  const lines = errorsOf(gateway).slice(before)
  assert.equal(lines.length, 1, lines.join('\n'))
  checkLine(lines[0], '/raw', CALL, cause)
}

describe('a host that', () => {
  const hosts: readonly (readonly [title: string, host: (t: TestContext) => Promise<string>, cause: RegExp])[] = [
    ['nobody listens on', async () => `http://127.0.0.1:${await freePort()}`, /connection refused/],
    ['no name server knows', async () => 'http://no-such-host.invalid', /no such host/],
  ]
  for (const [title, hostOf, cause] of hosts) {
    test(title, { timeout: 15_000 }, async (t) => {
      const host = await hostOf(t)
      const gateway = await startGateway(t, {
        timeout: '10s',
        endpoints: [
          { endpoint: '/x', backend: [{ host: [host], url_pattern: '/up' }] },
          { endpoint: '/raw', output_encoding: 'no-op', backend: [{ host: [host], url_pattern: '/up' }] },
        ],
      })
      for (const path of ['/x', '/raw']) {
        const answer = await gateway.request(path)
        assert.deepEqual([answer.status, answer.body], [500, ''])
      }
      const lines = errorsOf(gateway)
      assert.equal(lines.length, 2)
      checkLine(lines[0], '[ENDPOINT: /x]', new RegExp(`GET ${host}/up`), cause)
    })
  }
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

test('bytes behind a whole answer are not taken for the next one', async (t) => {
  const upstream = await startRawBackend(t, ({ socket }) => {
    socket.write(`${jsonAnswer('{"a":1}')}${jsonAnswer('{"stolen":1}')}`)
  })
  const gateway = await gatewayFor(t, upstream.url)
  for (let i = 0; i < 5; i++) assert.deepEqual((await gateway.request('/x')).json(), { a: 1 })
})
