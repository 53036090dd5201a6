import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

async function start(t: TestContext, router: Record<string, unknown> = {}) {
  const backend = await startBackend(t, { '*': { json: { ok: true } } })
  const gateway = await startGateway(t, {
    host: [backend.url],
    extra_config: { router },
    endpoints: [
      { endpoint: '/u/{id}', backend: [{ url_pattern: '/up/{id}' }] },
      { endpoint: '/q/{id}', backend: [{ url_pattern: '/up?id={id}&id2={id}' }] },
      { endpoint: '/two/{a}/{b}', backend: [{ url_pattern: '/up/{b}/{a}#fragment' }] },
    ],
  })
  return { backend, ...gateway }
}

describe('a parameter that would mean something else upstream is refused', () => {
  const refused: readonly (readonly [path: string, body: string])[] = [
    ['/u/a%252Fb', 'error: encoded url params'],
    ['/u/%2541', 'error: encoded url params'],
    ['/u/a%3Fb', 'error: encoded url params'],
    ['/u/a%23', 'error: encoded url params'],
    ['/u/50%25', 'error: invalid URL escape "%"'],
    ['/u/50%251', 'error: invalid URL escape "%1"'],
    ['/u/%25zz9', 'error: invalid URL escape "%zz"'],
    ['/u/%3F%25zz', 'error: invalid URL escape "%zz"'],
    ['/two/fine/a%3F', 'error: encoded url params'],
  ]
  for (const [path, body] of refused) {
    test(path, async (t) => {
      const { backend, request } = await start(t)
      const answer = await request(path)
      assert.equal(answer.status, 400)
      assert.equal(answer.body, body)
      assert.equal(answer.header('content-type'), 'text/plain; charset=utf-8')
      assert.equal(answer.header('x-krakend'), null)
      assert.equal(answer.header('x-krakend-completed'), null)
      assert.equal(backend.received.length, 0)
    })
  }
})

test('disable_path_decoding lets such values through, encoded as they were', async (t) => {
  const { backend, request } = await start(t, { disable_path_decoding: true })
  for (const path of ['/u/a%252Fb', '/u/a%3Fb', '/u/50%25']) assert.equal((await request(path)).status, 200)
  assert.deepEqual(
    backend.received.map(({ target }) => target),
    ['/up/a%252Fb', '/up/a%3Fb', '/up/50%25'],
  )
})

test('a value that is put into a query adds no parameter', async (t) => {
  const { backend, request } = await start(t)
  await request('/q/a&b=c%20d+e')
  assert.equal(backend.received[0]?.target, '/up?id=a%26b%3Dc+d%2Be&id2=a%26b%3Dc+d%2Be')
})

for (const path of ['/u/..', '/u/%2E%2e', '/u/.']) {
  test(`${path} cannot climb out of the path of the backend`, async (t) => {
    const { backend, connect } = await start(t, {
      disable_redirect_fixed_path: true,
      disable_redirect_trailing_slash: true,
    })
    const connection = connect()
    connection.write(`GET ${path} HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n`)
    assert.match(await connection.closed, /^HTTP\/1\.1 400 /)
    assert.equal(backend.received.length, 0)
  })
}

test('parameters change places, and a fragment of the pattern is dropped', async (t) => {
  const { backend, request } = await start(t)
  await request('/two/1/2')
  assert.equal(backend.received[0]?.target, '/up/2/1')
})
