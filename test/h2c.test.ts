import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { describe, type TestContext, test } from 'node:test'
import { connectFrames, END_HEADERS, END_STREAM, FRAME, type FrameClient, frame, get } from './support/http2-frames.ts'
import { type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const LIMIT = { timeout: 15_000 }

async function start(t: TestContext, config: object = {}, reply: Reply = { json: { a: 1 } }) {
  const backend = await startBackend(t, { '*': reply })
  const gateway = await startGateway(t, {
    host: [backend.url],
    use_h2c: true,
    echo_endpoint: true,
    endpoints: ['GET', 'POST'].map((method) => ({
      ...{ endpoint: '/x', method, input_headers: ['*'], backend: [{ url_pattern: '/' }] },
    })),
    ...config,
  })
  return { ...gateway, backend }
}

/** Whether a connection still answers. */
async function answers(client: FrameClient, stream: number): Promise<boolean> {
  client.write(frame(FRAME.headers, END_STREAM | END_HEADERS, stream, get('/__health')))
  return client
    .find((found) => found.stream === stream && found.type === FRAME.data)
    .then(
      () => true,
      () => false,
    )
}

describe('use_h2c', () => {
  for (const config of [{ use_h2c: true }, { use_h2c: false, extra_config: { router: { use_h2c: true } } }]) {
    test(`${JSON.stringify(config)}: HTTP/2 by prior knowledge, HTTP/1.1 as before`, LIMIT, async (t) => {
      const { port, request, backend, diagnostics } = await start(t, config)
      assert.deepEqual(diagnostics, [])
      const session = connectHttp2(`http://127.0.0.1:${port}`)
      t.after(() => session.destroy())
      const bodies = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const stream = session.request({ ':path': '/x', 'x-custom': 'b' }).setEncoding('utf8')
          let body = ''
          for await (const text of stream) body += text
          return body
        }),
      )
      assert.deepEqual(new Set(bodies), new Set(['{"a":1}']))
      assert.deepEqual(backend.received[0]?.values('x-custom'), ['b'])
      assert.equal((await request('/x')).status, 200)
      assert.equal((await request('/x', { method: 'POST', body: 'y' })).status, 200)
    })
  }

  test('the preface may come in pieces, and so may a request of HTTP/1.1', LIMIT, async (t) => {
    const { port, connect } = await start(t)
    const session = connectHttp2(`http://127.0.0.1:${port}`, { noDelay: true } as object)
    t.after(() => session.destroy())
    await once(session, 'connect')
    const client = connect()
    for (const byte of 'POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 2\r\n\r\nab') {
      client.write(byte)
      await new Promise(setImmediate)
    }
    await client.until(/\{"a":1\}$/)
    const wrong = connect()
    wrong.write('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')
    assert.match(await wrong.closed, /^(?:HTTP\/1\.1 400 |$)/)
  })

  test('a client that says nothing is ended by read_header_timeout', LIMIT, async (t) => {
    const { connect } = await start(t, { read_header_timeout: '100ms' })
    const silent = connect()
    const half = connect()
    half.write('PRI * HT')
    assert.equal(await silent.closed, '')
    assert.equal(await half.closed, '')
  })

  test('without it the preface is no request', LIMIT, async (t) => {
    const { connect } = await start(t, { use_h2c: false })
    const client = connect()
    client.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    assert.match(await client.closed, /^(?:HTTP\/1\.1 400 |$)/)
  })

  test('a drain lets streams end', LIMIT, async (t) => {
    const held = Promise.withResolvers<() => void>()
    const { port, listener } = await start(t, { timeout: '1h' }, (_, response) => {
      held.resolve(() => response.end('{"late":1}'))
    })
    const session = connectHttp2(`http://127.0.0.1:${port}`)
    t.after(() => session.destroy())
    const stream = session.request({ ':path': '/x' }).setEncoding('utf8')
    const finish = await held.promise
    const closed = listener.close()
    finish()
    let body = ''
    for await (const text of stream) body += text
    assert.equal(body, '{"late":1}')
    await closed
  })
})

const UPGRADE = 'Host: g\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'

describe('Upgrade: h2c', () => {
  test('the request becomes the first stream, and others follow', LIMIT, async (t) => {
    const { port, backend } = await start(t)
    const long = 'x'.repeat(5000)
    const client = await connectFrames(
      t,
      port,
      `GET /x?q=1 HTTP/1.1\r\n${UPGRADE}X-Long: ${long}\r\nCookie: a=1\r\n\r\n`,
    )
    const answer = await client.find((found) => found.stream === 1 && found.type === FRAME.data)
    assert.equal(answer.payload.toString(), '{"a":1}')
    const call = backend.received[0]
    assert.deepEqual([call?.values('x-long'), call?.values('cookie'), call?.values('upgrade')], [[long], ['a=1'], []])
    assert.deepEqual(call?.values('x-forwarded-host'), ['g'])
    assert.ok(await answers(client, 3))
  })

  for (const [title, text, status] of [
    ['with a body is served by HTTP/1.1', `POST /x HTTP/1.1\r\n${UPGRADE}Content-Length: 2\r\n\r\nab`, 200],
    [
      'without settings is served by HTTP/1.1',
      'GET /x HTTP/1.1\r\nHost: g\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
      200,
    ],
    ['with two hosts is refused', `GET /x HTTP/1.1\r\n${UPGRADE}Host: h\r\n\r\n`, 400],
    ['to another protocol is served by HTTP/1.1', `GET /x HTTP/1.1\r\n${UPGRADE.replace('h2c', 'h3')}\r\n`, 200],
  ] as const) {
    test(title, LIMIT, async (t) => {
      const { connect } = await start(t)
      const client = connect()
      client.write(text)
      await client.until(new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*\\r\\n\\r\\n`))
    })
  }

  test('what follows the 101 and is no HTTP/2 ends the connection', LIMIT, async (t) => {
    const { connect, backend } = await start(t)
    const client = connect()
    client.write(`GET /x HTTP/1.1\r\n${UPGRADE}\r\nGET /x HTTP/1.1\r\nHost: g\r\n\r\n`)
    assert.match(await client.closed, /^HTTP\/1\.1 101 [\s\S]*\r\n\r\n$/)
    assert.equal(backend.received.length, 0)
  })
})

describe('clients of HTTP/2 that mean no good', () => {
  test(
    'streams that are opened and reset in great number end the connection, and no call is left',
    LIMIT,
    async (t) => {
      let open = 0
      const { port, listener, request } = await start(t, { timeout: '1h' }, ({ target }, response) => {
        if (target === '/') open++
        response.once('close', () => open--)
      })
      const client = await connectFrames(t, port)
      const cancel = Buffer.of(0, 0, 0, 8)
      const block = get('/x')
      for (let i = 0; i < 5000; i++) {
        const stream = 2 * i + 1
        client.write(
          frame(FRAME.headers, END_STREAM | END_HEADERS, stream, block),
          frame(FRAME.reset, 0, stream, cancel),
        )
      }
      await client.closed
      assert.ok(client.frames.some(({ type }) => type === FRAME.goAway))
      while (listener.active > 0 || open > 0) await new Promise((resolve) => setTimeout(resolve, 10))
      assert.equal((await request('/__health')).status, 200)
    },
  )

  for (const [title, flood] of [
    [
      'CONTINUATION frames without end',
      (i: number) =>
        frame(
          i === 0 ? FRAME.headers : FRAME.continuation,
          i === 0 ? END_STREAM : 0,
          1,
          i === 0 ? get('/x') : get('/x', { 'x-a': 'a'.repeat(100) }),
        ),
    ],
    [
      'empty CONTINUATION frames',
      (i: number) =>
        frame(
          i === 0 ? FRAME.headers : FRAME.continuation,
          i === 0 ? END_STREAM : 0,
          1,
          i === 0 ? get('/x') : undefined,
        ),
    ],
    ['PING frames', () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))],
    ['SETTINGS frames', () => frame(FRAME.settings, 0, 0)],
  ] as const) {
    test(`${title} end the connection, and the gateway goes on`, LIMIT, async (t) => {
      const { port, request, backend } = await start(t)
      const client = await connectFrames(t, port)
      const before = process.memoryUsage().rss
      let closed = false
      void client.closed.then(() => {
        closed = true
      })
      for (let i = 0; i < 300_000 && !closed; i++) {
        client.write(flood(i))
        if (i % 1000 === 999) await new Promise(setImmediate)
      }
      assert.ok(process.memoryUsage().rss - before < 400_000_000)
      assert.equal((await request('/x')).status, 200)
      assert.equal(backend.received.length, 1)
      assert.ok(closed)
    })
  }

  for (const acknowledges of [true, false]) {
    const title = acknowledges ? 'end the connection of a client that knows the limit' : 'are refused'
    test(`more streams at once than allowed ${title}`, LIMIT, async (t) => {
      const { port, request, listener } = await start(t, { timeout: '1h' }, () => {})
      const client = await connectFrames(t, port)
      await client.find(({ type, flags }) => type === FRAME.settings && flags === 0)
      if (acknowledges) client.write(frame(FRAME.settings, 1, 0))
      for (let i = 0; i < 300; i++) client.write(frame(FRAME.headers, END_STREAM | END_HEADERS, 2 * i + 1, get('/x')))
      if (acknowledges) await client.find(({ type }) => type === FRAME.goAway)
      else {
        const refused = await client.find(({ type }) => type === FRAME.reset)
        assert.equal(refused.payload.readUInt32BE(0), 7)
        assert.equal(listener.active, 250)
      }
      assert.equal((await request('/__health')).status, 200)
    })
  }

  test('a head of too many fields is refused, and so is one without a path', LIMIT, async (t) => {
    const { port, backend } = await start(t)
    const client = await connectFrames(t, port)
    const many = Buffer.concat(Array.from({ length: 600 }, () => Buffer.from('\0\x01a\x01b', 'latin1')))
    client.write(frame(FRAME.headers, END_STREAM | END_HEADERS, 1, Buffer.concat([get('/x'), many])))
    await client.find(({ type, stream }) => stream === 1 && (type === FRAME.reset || type === FRAME.headers))
    assert.ok(await answers(client, 3))
    for (const [stream, path] of [
      [5, 'x'],
      [7, '/x#y'],
      [9, 'http://h/x'],
    ] as const) {
      client.write(frame(FRAME.headers, END_STREAM | END_HEADERS, stream, get(path)))
      await client.find((found) => found.stream === stream)
    }
    assert.equal(backend.received.length, 0)
  })
})
