import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

/** Sends a body of that size as quickly as it is taken, and counts what was. */
function sending(total: number): { readonly reply: Reply; readonly sent: () => number } {
  let sent = 0
  const chunk = Buffer.alloc(64 * 1024)
  const reply: Reply = (_, response) => {
    sent = 0
    response.setHeader('Content-Type', 'application/octet-stream')
    const more = (): void => {
      while (sent < total) {
        sent += chunk.length
        if (!response.write(chunk)) return void response.once('drain', more)
      }
      response.end()
    }
    more()
  }
  return { reply, sent: () => sent }
}

function openClient(t: TestContext, port: number, text: string): Socket {
  const client = connect(port, '127.0.0.1')
  t.after(() => client.destroy())
  client.on('error', () => {})
  client.write(text, 'latin1')
  return client
}

/** Waits until a number stays as it is. */
async function atRest(read: () => number): Promise<number> {
  for (let before = -1; ; ) {
    const now = read()
    if (now === before) return now
    before = now
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** What a connection may hold on its way: buffers of two sockets, of the system on both sides, and of the gateway. */
const MOST_HELD = 16 * 1024 * 1024

describe('clients that do not read', () => {
  test('hold up what is streamed to them, and nobody else; the memory is bounded', async (t) => {
    const total = 256 * 1024 * 1024
    const { reply, sent } = sending(total)
    const backend = await startBackend(t, { '/large': reply, '/small': { json: { a: 1 } } })
    const gateway = await startGateway(t, {
      host: [backend.url],
      timeout: '1h',
      endpoints: [
        { endpoint: '/large', output_encoding: 'no-op', backend: [{ url_pattern: '/large' }] },
        { endpoint: '/small', backend: [{ url_pattern: '/small' }] },
      ],
    })
    const client = openClient(t, gateway.port, 'GET /large HTTP/1.1\r\nHost: g\r\n\r\n')
    await once(client, 'readable') // and is not read
    const before = process.memoryUsage()
    assert.ok((await atRest(sent)) < MOST_HELD)
    const { external, arrayBuffers } = process.memoryUsage()
    assert.ok(external + arrayBuffers - before.external - before.arrayBuffers < 2 * MOST_HELD)
    for (let i = 0; i < 20; i++) assert.deepEqual((await gateway.request('/small')).json(), { a: 1 })
    assert.ok(sent() < MOST_HELD)
  })

  test('and send one request after the other get no more than a few answered', async (t) => {
    const text = 'x'.repeat(100_000)
    const backend = await startBackend(t, { '*': { json: { text } } })
    const gateway = await startGateway(t, {
      host: [backend.url],
      endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/' }] }],
    })
    const client = openClient(t, gateway.port, '')
    const request = 'GET /x HTTP/1.1\r\nHost: g\r\n\r\n'
    client.write(request.repeat(20_000))
    await once(client, 'readable') // and is not read
    const calls = await atRest(() => backend.received.length)
    assert.ok(calls * text.length < 4 * MOST_HELD, `${calls} calls`)
    assert.equal((await gateway.request('/x')).status, 200)
  })

  test('are given up with write_timeout', { timeout: 10_000 }, async (t) => {
    const { reply } = sending(64 * 1024 * 1024)
    const backend = await startBackend(t, { '*': reply })
    const gateway = await startGateway(t, {
      host: [backend.url],
      ...{ timeout: '1h', write_timeout: '200ms' },
      endpoints: [{ endpoint: '/x', output_encoding: 'no-op', backend: [{ url_pattern: '/' }] }],
    })
    const client = openClient(t, gateway.port, 'GET /x HTTP/1.1\r\nHost: g\r\n\r\n')
    await once(client, 'readable')
    while (gateway.listener.active > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  })
})

describe('clients that send slowly', () => {
  test('a byte at a time get their answers, and hold nobody up', async (t) => {
    const backend = await startBackend(t, { '*': ({ body }, response) => response.end(JSON.stringify({ body })) })
    const gateway = await startGateway(t, {
      host: [backend.url],
      timeout: '1h',
      endpoints: [{ endpoint: '/x', method: 'POST', backend: [{ url_pattern: '/' }] }],
    })
    const client = openClient(t, gateway.port, '')
    const text = 'POST /x HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
    for (const byte of text) {
      client.write(byte)
      assert.equal((await gateway.request('/__health')).status, 200)
    }
    const [answer] = (await once(client, 'data')) as [Buffer]
    assert.match(answer.toString(), /\{"body":"abc"\}$/)
  })

  test('and never end their head cost nothing but their connection, which read_header_timeout ends', {
    timeout: 10_000,
  }, async (t) => {
    const gateway = await startGateway(t, { read_header_timeout: '200ms' })
    const clients = Array.from({ length: 200 }, () => {
      const client = openClient(t, gateway.port, 'GET /__health HTTP/1.1\r\nHost: g\r\nX-A: ')
      return { client, closed: once(client, 'close') }
    })
    assert.equal((await gateway.request('/__health')).status, 200)
    assert.equal(gateway.listener.active, 0)
    for (const { client } of clients) client.resume()
    await Promise.all(clients.map(({ closed }) => closed))
  })

  test('and connect without a word are ended by read_timeout', { timeout: 10_000 }, async (t) => {
    const gateway = await startGateway(t, { read_timeout: '200ms' })
    const client = openClient(t, gateway.port, '').resume()
    await once(client, 'close')
  })

  test('the whole request counts for read_timeout, however busily it comes', { timeout: 10_000 }, async (t) => {
    const backend = await startBackend(t, { '*': { json: {} } })
    const gateway = await startGateway(t, {
      host: [backend.url],
      ...{ read_timeout: '300ms', timeout: '1h' },
      endpoints: [{ endpoint: '/x', method: 'POST', backend: [{ url_pattern: '/' }] }],
    })
    const client = openClient(t, gateway.port, 'POST /x HTTP/1.1\r\nHost: g\r\nContent-Length: 100000\r\n\r\n')
    let received = ''
    client.on('data', (chunk: Buffer) => {
      received += chunk.toString()
    })
    const closed = once(client, 'close')
    const timer = setInterval(() => client.write('x'), 20)
    await closed
    clearInterval(timer)
    assert.match(received, /^(?:HTTP\/1\.1 408 |$)/)
    while (gateway.listener.active > 0) await new Promise((resolve) => setTimeout(resolve, 10))
    assert.equal(backend.received.length, 0)
  })
})

describe('half of a connection', () => {
  test('a client that ends its side counts as gone: its call ends', async (t) => {
    const gone = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    const backend = await startBackend(t, {
      '*': (_, response) => {
        arrived.resolve()
        response.once('close', () => gone.resolve())
      },
    })
    const gateway = await startGateway(t, {
      host: [backend.url],
      timeout: '1h',
      endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/' }] }],
    })
    const client = openClient(t, gateway.port, 'GET /x HTTP/1.1\r\nHost: g\r\n\r\n')
    await arrived.promise
    client.end()
    await gone.promise
    while (gateway.listener.active > 0) await new Promise(setImmediate)
  })

  test('the system asks clients that are silent for long whether they are there', async (t) => {
    const { listener, request } = await startGateway(t, {})
    assert.equal((await request('/__health')).status, 200)
    const { http } = listener as unknown as { readonly http: { readonly keepAlive?: boolean } }
    assert.equal(http.keepAlive, true)
  })
})
