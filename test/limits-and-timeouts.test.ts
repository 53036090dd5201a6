import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const REQUEST = 'GET /__health HTTP/1.1\r\nHost: g\r\n'

describe('max_header_bytes', () => {
  test('and 4096 bytes more are read; above that the answer is 431 and the connection ends', async (t) => {
    const { connect, request } = await startGateway(t, { max_header_bytes: 1000 })
    assert.equal((await request('/__health', { headers: { 'X-Big': 'x'.repeat(4500) } })).status, 200)
    const connection = connect()
    connection.write(`${REQUEST}X-Big: ${'x'.repeat(5200)}\r\n\r\n`)
    assert.match(await connection.closed, /^HTTP\/1\.1 431 /)
  })

  test('is a mebibyte where it is absent, 0 or negative', async (t) => {
    for (const limit of [undefined, 0, -1]) {
      const { request } = await startGateway(t, limit === undefined ? {} : { max_header_bytes: limit })
      assert.equal((await request('/__health', { headers: { 'X-Big': 'x'.repeat(900_000) } })).status, 200)
    }
  })
})

// At once, for Node looks after its limits once a second.
describe('time limits of the server', { concurrency: true }, () => {
  test('read_header_timeout ends a connection whose headers do not come', { timeout: 5000 }, async (t) => {
    const { connect } = await startGateway(t, { read_header_timeout: '100ms' })
    const connection = connect()
    connection.write(REQUEST)
    assert.doesNotMatch(await connection.closed, /200 OK/)
  })

  test('read_timeout ends one whose body does not come, and holds for the headers too', {
    timeout: 6000,
  }, async (t) => {
    const backend = await startBackend(t, { '/up': { json: { ok: true } } })
    const { connect } = await startGateway(t, {
      read_timeout: '100ms',
      timeout: '1h',
      endpoints: [{ endpoint: '/a', method: 'POST', backend: [{ host: [backend.url], url_pattern: '/up' }] }],
    })
    const body = connect()
    const headers = connect()
    body.write('POST /a HTTP/1.1\r\nHost: g\r\nContent-Length: 9\r\n\r\nhalf')
    headers.write(REQUEST)
    assert.doesNotMatch(await body.closed, /200 OK/)
    assert.doesNotMatch(await headers.closed, /200 OK/)
    assert.equal(backend.received.length, 0)
  })

  test('write_timeout closes the connection without an answer', { timeout: 5000 }, async (t) => {
    const backend = await startBackend(t, { '*': () => {} })
    const { connect } = await startGateway(t, {
      write_timeout: '100ms',
      timeout: '1h',
      endpoints: [{ endpoint: '/a', backend: [{ host: [backend.url], url_pattern: '/up' }] }],
    })
    const connection = connect()
    connection.write('GET /a HTTP/1.1\r\nHost: g\r\n\r\n')
    assert.equal(await connection.closed, '')
  })

  test('write_timeout ends for good with the answer', { timeout: 5000 }, async (t) => {
    const { connect } = await startGateway(t, { write_timeout: '60ms', idle_timeout: '300ms' })
    const connection = connect()
    connection.write(`${REQUEST}\r\n`)
    await connection.until(/"status":"ok"/)
    const answered = performance.now()
    await connection.closed
    assert.ok(performance.now() - answered > 200, 'the idle connection was closed by write_timeout')
  })

  for (const key of ['idle_timeout', 'read_timeout']) {
    test(`${key} ends an idle connection`, { timeout: 5000 }, async (t) => {
      const { connect } = await startGateway(t, { [key]: '100ms' })
      const connection = connect()
      connection.write(`${REQUEST}\r\n`)
      assert.match(await connection.closed, /^HTTP\/1\.1 200 OK/)
    })
  }

  test('connections stay open without them, and serve one request after the other', async (t) => {
    const { connect } = await startGateway(t, {})
    const connection = connect()
    connection.write(`${REQUEST}\r\n`)
    await connection.until(/"status":"ok"/)
    connection.write(`${REQUEST}\r\n${REQUEST}\r\n`)
    await connection.until(/(?:"status":"ok".*){3}/s)
  })

  const settings: readonly Record<string, unknown>[] = [
    { read_timeout: '1s', read_header_timeout: '5s' },
    { read_timeout: '1500us', read_header_timeout: 1, write_timeout: 1, idle_timeout: '1.5ms' },
    { read_timeout: '100h', idle_timeout: '2000000h', write_timeout: '2000000h', read_header_timeout: '1000h' },
    { read_timeout: '-1s', idle_timeout: -1, write_timeout: '-1s', read_header_timeout: '-5s' },
  ]
  for (const setting of settings) {
    test(`${JSON.stringify(setting)} can be served`, async (t) => {
      const { port } = await startGateway(t, setting)
      assert.ok(port > 0)
    })
  }
})

describe('time limits towards backends', () => {
  test('response_header_timeout ends the call; the body may take longer', { timeout: 5000 }, async (t) => {
    let finish = () => {}
    const headSent = Promise.withResolvers<void>()
    const backend = await startBackend(t, {
      '/never': () => {},
      '/slow': (_, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' }).write('{"a":')
        finish = () => response.end('1}')
        headSent.resolve()
      },
    })
    const { request } = await startGateway(t, {
      response_header_timeout: '400ms',
      timeout: '1h',
      host: [backend.url],
      endpoints: ['/never', '/slow'].map((path) => ({ endpoint: path, backend: [{ url_pattern: path }] })),
    })
    const slow = request('/slow')
    await headSent.promise
    assert.equal((await request('/never')).status, 500) // its time is up, and so would be the other's
    finish()
    assert.deepEqual((await slow).json(), { a: 1 })
  })

  test('an endpoint timeout beyond the range of timers is no timeout at all', async (t) => {
    const backend = await startBackend(t, { '/up': { json: { ok: true } } })
    const { request } = await startGateway(t, {
      timeout: '2000h',
      endpoints: [{ endpoint: '/a', backend: [{ host: [backend.url], url_pattern: '/up' }] }],
    })
    assert.equal((await request('/a')).status, 200)
  })
})

test('settings that are accepted and change nothing are told', async (t) => {
  const { diagnostics } = await startGateway(t, {
    sequential_start: true,
    expect_continue_timeout: '1s',
    extra_config: {
      router: { max_multipart_memory: 1000, disable_gzip: true, decompress_gzip: true },
    },
  })
  const router = ['max_multipart_memory', 'disable_gzip', 'decompress_gzip']
  assert.deepEqual(
    diagnostics.map(({ severity, path }) => `${severity} ${path}`).toSorted(),
    ['sequential_start', 'expect_continue_timeout', ...router.map((key) => `extra_config.router.${key}`)]
      .map((path) => `warning ${path}`)
      .toSorted(),
  )
})

test('settings without effect are not told where they are off', async (t) => {
  const { diagnostics } = await startGateway(t, {
    use_h2c: false,
    sequential_start: 'false',
    expect_continue_timeout: 0,
    extra_config: { router: { use_h2c: false, max_multipart_memory: 0 } },
  })
  assert.deepEqual(diagnostics, [])
})
