import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'
import { startRawBackend } from './support/start-raw-backend.ts'
import { openRequest } from './support/stream-client.ts'

async function upstreamFor(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function noOpGateway(t: TestContext, host: string, endpoint: object = {}, backend: object = {}) {
  const endpoints = ['GET', 'POST'].map((method) => ({
    ...{ endpoint: '/x', method, output_encoding: 'no-op', ...endpoint },
    backend: [{ url_pattern: '/up', ...backend }],
  }))
  return startGateway(t, { host: [host], endpoints })
}

const SSE = { 'Content-Type': 'text/event-stream' }

test('the head and each piece reach the client before the upstream ends', async (t) => {
  const ready = Promise.withResolvers<import('node:http').ServerResponse>()
  const host = await upstreamFor(t, (_, response) => {
    response.writeHead(200, SSE).flushHeaders()
    ready.resolve(response)
  })
  const gateway = await noOpGateway(t, host)
  const response = await openRequest(gateway.port, '/x').response
  assert.equal(response.headers['content-type'], 'text/event-stream')
  const upstream = await ready.promise
  for (const piece of ['data: 1\n\n', 'data: 2\n\n']) {
    upstream.write(piece)
    const [chunk] = (await once(response, 'data')) as [Buffer]
    assert.equal(chunk.toString(), piece)
  }
  upstream.end()
  await once(response, 'end')
})

test('what the client sends reaches the upstream before the client ends', async (t) => {
  const arrived = Promise.withResolvers<IncomingMessage>()
  const host = await upstreamFor(t, (request, response) => {
    arrived.resolve(request)
    request.on('end', () => response.end('done'))
  })
  const gateway = await noOpGateway(t, host)
  const { outgoing, response } = openRequest(gateway.port, '/x', { method: 'POST' })
  outgoing.flushHeaders()
  outgoing.write('first')
  const upstream = await arrived.promise
  const [chunk] = (await once(upstream, 'data')) as [Buffer]
  assert.equal(chunk.toString(), 'first')
  outgoing.end('last')
  const [rest] = (await once(upstream, 'data')) as [Buffer]
  assert.equal(rest.toString(), 'last')
  assert.equal((await response).statusCode, 200)
})

const CHUNK = Buffer.alloc(65_536, 'x')
const CHUNKS = 800 // 50 MiB
const BOUND_BYTES = 24 * 1024 * 1024

/** Writes the chunks as the other side takes them; tells the largest amount that was on its way. */
async function pour(into: NodeJS.WritableStream, sent: (bytes: number) => void): Promise<void> {
  for (let i = 0; i < CHUNKS; i++) {
    sent((i + 1) * CHUNK.length)
    if (!into.write(CHUNK)) await once(into, 'drain')
  }
  into.end()
}

test('a download of 50 MB waits for a slow client', async (t) => {
  let sent = 0
  const host = await upstreamFor(t, (_, response) => {
    void pour(response, (bytes) => {
      sent = bytes
    })
  })
  const gateway = await noOpGateway(t, host, { timeout: '20s' })
  const response = await openRequest(gateway.port, '/x').response
  let received = 0
  let most = 0
  for await (const chunk of response) {
    received += (chunk as Buffer).length
    most = Math.max(most, sent - received)
    if (received % (50 * CHUNK.length) < (chunk as Buffer).length) await new Promise(setImmediate)
  }
  assert.equal(received, CHUNKS * CHUNK.length)
  assert.ok(most < BOUND_BYTES, `${most} bytes were on their way at once`)
})

test('a download stops while the client does not read', async (t) => {
  const paused = Promise.withResolvers<void>()
  let sent = 0
  const host = await upstreamFor(t, (_, response) => {
    const write = () => {
      while (sent < CHUNKS * CHUNK.length) {
        sent += CHUNK.length
        if (!response.write(CHUNK)) {
          response.once('drain', write)
          return
        }
      }
      paused.reject(new Error('everything was taken'))
    }
    write()
    response.on('close', () => paused.resolve())
  })
  const gateway = await noOpGateway(t, host, { timeout: '400ms' })
  const response = await openRequest(gateway.port, '/x').response
  response.on('error', () => {})
  await paused.promise // the endpoint's time is up
  assert.ok(sent < BOUND_BYTES, `${sent} bytes were taken`)
})

test('an upload of 50 MB waits for a slow upstream', async (t) => {
  let sent = 0
  let most = 0
  const host = await upstreamFor(t, (request, response) => {
    let received = 0
    void (async () => {
      for await (const chunk of request) {
        received += (chunk as Buffer).length
        most = Math.max(most, sent - received)
        if (received % (50 * CHUNK.length) < (chunk as Buffer).length) await new Promise(setImmediate)
      }
      response.end(String(received))
    })()
  })
  const gateway = await noOpGateway(t, host, { timeout: '20s' })
  const { outgoing, response } = openRequest(gateway.port, '/x', { method: 'POST' })
  await pour(outgoing, (bytes) => {
    sent = bytes
  })
  const [body] = (await once(await response, 'data')) as [Buffer]
  assert.equal(body.toString(), String(CHUNKS * CHUNK.length))
  assert.ok(most < BOUND_BYTES, `${most} bytes were on their way at once`)
})

for (const [name, backend] of [
  ['', {}],
  [' with concurrent calls', { concurrent_calls: 2 }],
] as const) {
  test(`a stream that outlasts the endpoint’s time resets the client’s connection${name}`, async (t) => {
    const host = await upstreamFor(t, (_, response) => {
      response.writeHead(200, SSE).write('data: 1\n\n')
    })
    const gateway = await noOpGateway(t, host, { timeout: '200ms', ...backend })
    const response = await openRequest(gateway.port, '/x').response
    const pieces: string[] = []
    await assert.rejects(
      async () => {
        for await (const chunk of response) pieces.push(String(chunk))
      },
      { code: 'ECONNRESET' },
    )
    assert.deepEqual(pieces, ['data: 1\n\n'])
  })
}

test('an upstream that breaks off in the middle resets the client’s connection', async (t) => {
  const upstream = await startRawBackend(t, ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n')
  })
  const gateway = await noOpGateway(t, upstream.url)
  const response = await openRequest(gateway.port, '/x').response
  const [chunk] = (await once(response, 'data')) as [Buffer]
  assert.equal(chunk.toString(), 'hello')
  upstream.sockets[0]?.resetAndDestroy()
  await assert.rejects(once(response, 'end'), { code: 'ECONNRESET' })
})

test('status, repeated fields and body pass as they are; what belongs to the connection does not', async (t) => {
  const upstream = await startRawBackend(t, ({ socket }) => {
    const fields = ['Set-Cookie: a=1', 'Set-Cookie: b=2', 'X-Odd-CASE: y', 'Keep-Alive: timeout=5', 'Connection: close']
    socket.end(`HTTP/1.1 418 I'm a teapot\r\n${fields.join('\r\n')}\r\nContent-Length: 4\r\n\r\nshrt`)
  })
  const gateway = await noOpGateway(t, upstream.url)
  const { status, body, rawHeaders, header } = await gateway.request('/x')
  assert.deepEqual({ status, body }, { status: 418, body: 'shrt' })
  assert.deepEqual(
    rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1] === 'Set-Cookie'),
    ['a=1', 'b=2'],
  )
  assert.ok(rawHeaders.includes('X-Odd-CASE'))
  assert.notEqual(header('Keep-Alive'), 'timeout=5')
  assert.equal(header('X-Krakend-Completed'), 'false')
})

for (const status of [204, 205, 206, 301, 304, 404, 500, 503]) {
  test(`the status ${status} passes`, async (t) => {
    const body = status === 204 || status === 304 ? '' : 'text'
    const upstream = await startBackend(t, { '/up': { status, body } })
    const gateway = await noOpGateway(t, upstream.url)
    const answer = await gateway.request('/x')
    assert.deepEqual({ status: answer.status, body: answer.body }, { status, body })
  })
}

for (const [name, body, type] of [
  ['text', 'plain words', 'text/plain; charset=utf-8'],
  ['HTML', ' <!DOCTYPE html><p>', 'text/html; charset=utf-8'],
  ['binary data', '\0\x01\x02', 'application/octet-stream'],
  ['nothing', '', null],
] as const) {
  test(`the type of ${name} is found out where the upstream names none`, async (t) => {
    const upstream = await startBackend(t, { '/up': { body } })
    const gateway = await noOpGateway(t, upstream.url)
    assert.equal((await gateway.request('/x')).header('Content-Type'), type)
  })
}

test('a backend that is asked with HEAD leaves no client waiting for its body', async (t) => {
  const upstream = await startBackend(t, { 'HEAD /up': { headers: { 'Content-Length': '5', 'X-A': '1' } } })
  const gateway = await noOpGateway(t, upstream.url, {}, { method: 'HEAD' })
  const { status, body, header } = await gateway.request('/x')
  assert.deepEqual([status, body, header('X-A')], [200, '', '1'])
})

test('target, filters, mapping, group, flatmap, static data and cache_ttl have no effect', async (t) => {
  const upstream = await startBackend(t, { '/up': { json: { a: { b: 1 } } } })
  const proxy = { flatmap_filter: [{ type: 'del', args: ['a'] }] }
  const gateway = await noOpGateway(
    t,
    upstream.url,
    { cache_ttl: '60s', extra_config: { proxy: { static: { data: { s: 1 } } } } },
    { target: 'a', allow: ['x'], mapping: { a: 'z' }, group: 'g', extra_config: { proxy } },
  )
  const { body, header, rawHeaders } = await gateway.request('/x')
  assert.equal(body, '{"a":{"b":1}}')
  assert.equal(header('Cache-Control'), null)
  assert.equal(rawHeaders.filter((name) => name.toLowerCase() === 'content-length').length, 1)
})
