import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { definePlugin } from '../src/sdk/define-plugin.ts'
import type { RequestOptions } from './support/client.ts'
import { type Received, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

/** What the backend of a POST endpoint receives. */
async function send(
  t: TestContext,
  endpoint: Record<string, unknown>,
  request: RequestOptions = {},
  root: Record<string, unknown> = {},
): Promise<Received> {
  const backend = await startBackend(t, { '/up': { json: { ok: true } } })
  const gateway = await startGateway(t, {
    ...root,
    host: [backend.url],
    endpoints: [{ endpoint: '/a', method: request.method ?? 'GET', backend: [{ url_pattern: '/up' }], ...endpoint }],
  })
  const answer = await gateway.request('/a', request)
  assert.equal(answer.status, 200, answer.body)
  const received = backend.received[0]
  assert.ok(received !== undefined)
  return received
}

/** The names of all fields but those that every call has. */
function namesOf({ rawHeaders }: Received): string[] {
  const usual = ['host', 'accept-encoding', 'user-agent', 'x-forwarded-for', 'x-forwarded-host', 'content-length']
  return rawHeaders.filter((name, i) => i % 2 === 0 && !usual.includes(name.toLowerCase())).toSorted()
}

describe('without input_headers', () => {
  test('the backend gets the headers of the gateway, and no other of the client than Content-Type', async (t) => {
    const backend = await startBackend(t, { '/up': { json: { ok: true } } })
    const { request } = await startGateway(t, {
      host: [backend.url],
      endpoints: [{ endpoint: '/a', method: 'POST', backend: [{ url_pattern: '/up' }] }],
    })
    await request('/a', {
      method: 'POST',
      body: 'x',
      headers: {
        ...{ Host: 'public.example', 'User-Agent': 'mine', Cookie: 'c=1', 'X-Forwarded-Host': 'forged' },
        ...{ 'Content-Type': 'text/x', 'X-Forwarded-Via': 'v', Accept: '*/*', 'Accept-Encoding': 'br' },
      },
    })
    const call = backend.received[0]
    assert.ok(call !== undefined)
    assert.deepEqual(namesOf(call), ['Content-Type'])
    assert.deepEqual(call.values('content-type'), ['text/x'])
    assert.deepEqual(call.values('host'), [backend.url.slice(7)])
    assert.match(call.values('user-agent').join(), /^\w+ Version \d/)
    assert.deepEqual(call.values('x-forwarded-for'), ['127.0.0.1'])
    assert.deepEqual(call.values('x-forwarded-host'), ['public.example'])
    assert.deepEqual(call.values('accept-encoding'), ['gzip'])
  })

  test('disable_compression sends no Accept-Encoding', async (t) => {
    const call = await send(t, {}, {}, { disable_compression: true })
    assert.deepEqual(call.values('accept-encoding'), [])
  })
})

describe('input_headers', () => {
  test('names are compared without case and sent in canonical form, with all values', async (t) => {
    const call = await send(
      t,
      { input_headers: ['x-CUSTOM-a', 'x-missing', 'etag_x'] },
      { headers: { 'X-Custom-A': ['1', '2, 3'], Etag_x: 'q', 'x-other': 'n' } },
    )
    assert.deepEqual(namesOf(call), ['Etag_x', 'X-Custom-A', 'X-Custom-A'])
    assert.deepEqual(call.values('x-custom-a'), ['1', '2, 3'])
  })

  test('a listed User-Agent replaces the one of the gateway, which is named in X-Forwarded-Via', async (t) => {
    const call = await send(t, { input_headers: ['user-agent'] }, { headers: { 'User-Agent': 'mine' } })
    assert.deepEqual(call.values('user-agent'), ['mine'])
    assert.match(call.values('x-forwarded-via').join(), /^\w+ Version \d/)
  })

  test('a listed User-Agent that is not sent leaves the one of the gateway', async (t) => {
    const call = await send(t, { input_headers: ['User-Agent'] })
    assert.match(call.values('user-agent').join(), /^\w+ Version \d/)
    assert.deepEqual(call.values('x-forwarded-via'), [])
  })

  test('listed X-Forwarded-For, -Host and Host are still those of the gateway, one value each', async (t) => {
    const call = await send(
      t,
      { input_headers: ['X-Forwarded-For', 'X-Forwarded-Host', 'Host', 'X-Forwarded-Proto'] },
      {
        headers: {
          'X-Forwarded-For': '9.9.9.9, 8.8.8.8',
          'X-Forwarded-Host': 'forged',
          'X-Forwarded-Proto': 'https',
          Host: 'h',
        },
      },
    )
    assert.deepEqual(call.values('x-forwarded-for'), ['9.9.9.9'])
    assert.deepEqual(call.values('x-forwarded-host'), ['h'])
    assert.deepEqual(call.values('x-forwarded-proto'), ['https'])
    assert.equal(call.values('host').length, 1)
    assert.notEqual(call.values('host')[0], 'h')
  })

  test('a listed Accept-Encoding of the client replaces gzip', async (t) => {
    const call = await send(t, { input_headers: ['Accept-Encoding'] }, { headers: { 'accept-encoding': 'identity' } })
    assert.deepEqual(call.values('accept-encoding'), ['identity'])
  })

  test('fields of the connection are not handed on even when they are listed', async (t) => {
    const call = await send(
      t,
      { input_headers: ['Connection', 'Upgrade', 'Keep-Alive', 'Transfer-Encoding', 'X-A'] },
      { method: 'GET', headers: { Connection: 'close, X-B', Upgrade: 'h2c', 'Keep-Alive': 'timeout=1', 'X-A': '1' } },
    )
    assert.deepEqual(namesOf(call), ['X-A'])
  })
})

describe('"*" forwards everything', () => {
  test('but what belongs to the connection', async (t) => {
    const call = await send(
      t,
      { input_headers: ['X-Unused', '*'] },
      {
        headers: {
          ...{ Connection: 'close, X-Hop', 'X-Hop': '1', Te: 'trailers', 'Proxy-Authorization': 'p', Upgrade: 'h2c' },
          ...{ 'Keep-Alive': 'timeout=1', Cookie: 'c=1', authorization: 'Bearer x', 'X-Multi': ['1', '2'] },
        },
      },
    )
    assert.deepEqual(namesOf(call), ['Authorization', 'Cookie', 'X-Multi', 'X-Multi'])
    assert.deepEqual(call.values('x-multi'), ['1', '2'])
  })

  test('but X-Forwarded-For, -Host and -Via, which the gateway sets', async (t) => {
    const call = await send(
      t,
      { input_headers: ['*'] },
      {
        headers: {
          ...{ 'X-Forwarded-For': '9.9.9.9', 'X-Forwarded-Host': 'forged', 'X-Forwarded-Via': 'other' },
          ...{ 'X-Forwarded-Proto': 'https', 'X-Forwarded-Prefix': '/p', 'User-Agent': 'mine' },
        },
      },
    )
    assert.deepEqual(namesOf(call), ['X-Forwarded-Prefix', 'X-Forwarded-Proto', 'X-Forwarded-Via'])
    assert.match(call.values('x-forwarded-via').join(), /^\w+ Version \d/)
    assert.deepEqual(call.values('x-forwarded-for'), ['9.9.9.9'])
    assert.match(call.values('x-forwarded-host').join(), /^127\.0\.0\.1:/)
    assert.deepEqual(call.values('user-agent'), ['mine'])
  })
})

describe('the body', () => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    test(`is forwarded with its length for ${method}`, async (t) => {
      const call = await send(t, {}, { method, body: '{"a":1}', headers: { 'Content-Length': '7' } })
      assert.equal(call.body, '{"a":1}')
      assert.deepEqual(call.values('content-length'), ['7'])
      assert.deepEqual(call.values('transfer-encoding'), [])
    })
  }

  test('is forwarded in chunks when it came so', async (t) => {
    const call = await send(t, {}, { method: 'POST', body: 'abc', headers: { 'Transfer-Encoding': 'chunked' } })
    assert.equal(call.body, 'abc')
    assert.deepEqual(call.values('transfer-encoding'), ['chunked'])
    assert.deepEqual(call.values('content-length'), [])
  })

  for (const method of ['POST', 'PUT', 'PATCH']) {
    test(`that is missing is sent with length 0 for ${method}`, async (t) => {
      const call = await send(t, {}, { method, headers: { 'Content-Length': '0' } })
      assert.deepEqual(call.values('content-length'), ['0'])
    })
  }

  test('waits for no 100-continue', async (t) => {
    const call = await send(
      t,
      { input_headers: ['*'] },
      { method: 'POST', body: 'abc', headers: { Expect: '100-continue', 'Content-Length': '3' } },
    )
    assert.equal(call.body, 'abc')
    assert.deepEqual(call.values('expect'), [])
  })

  test('is told at the start when its Content-Type will be lost', async (t) => {
    const backend = [{ host: ['http://h'], url_pattern: '/' }]
    const { diagnostics } = await startGateway(t, {
      endpoints: [
        { endpoint: '/a', method: 'post', input_headers: ['X-A'], backend },
        { endpoint: '/b', method: 'POST', input_headers: ['X-A', 'content-type'], backend },
        { endpoint: '/c', method: 'PUT', input_headers: ['*'], backend },
        { endpoint: '/d', method: 'DELETE', input_headers: ['X-A'], backend },
      ],
    })
    assert.deepEqual(
      diagnostics.map(({ code, path }) => [code, path]),
      [['CONFIG_CONTENT_TYPE_NOT_SENT', 'endpoints[0].input_headers']],
    )
  })
})

describe('input_headers of the backend', () => {
  test('lets through what both lists name, and "*" is no wildcard there', async (t) => {
    const backend = await startBackend(t, { '*': { json: { ok: true } } })
    const { request } = await startGateway(t, {
      host: [backend.url],
      endpoints: [
        {
          endpoint: '/a',
          input_headers: ['X-One', 'X-Two'],
          backend: [
            { url_pattern: '/both', group: 'a', input_headers: ['x-one', 'X-Three', 'x-forwarded-for'] },
            { url_pattern: '/star', group: 'b', input_headers: ['*'] },
          ],
        },
      ],
    })
    await request('/a', { headers: { 'X-One': '1', 'X-Two': '2', 'X-Three': '3' } })
    const named = Object.fromEntries(backend.received.map((call) => [call.target, call]))
    const { '/both': both, '/star': star } = named
    assert.ok(both !== undefined && star !== undefined)
    assert.deepEqual(namesOf(both), ['X-One'])
    assert.deepEqual(both.values('x-forwarded-for'), ['127.0.0.1'])
    assert.deepEqual(both.values('x-forwarded-host'), [])
    assert.deepEqual(namesOf(star), [])
    assert.deepEqual(star.values('accept-encoding'), ['gzip'])
  })
})

test('what a server plugin sets reaches the backend, though the Connection field of the client names it', async (t) => {
  const backend = await startBackend(t, { '/up': { json: { ok: true } } })
  const plugin = definePlugin({
    name: 'identity',
    server: () => (next) => (request, context) => {
      request.headers.set('X-User', 'ada')
      return next(request, context)
    },
  })
  const { request } = await startGateway(
    t,
    {
      host: [backend.url],
      extra_config: { 'plugin/http-server': { name: ['identity'] } },
      endpoints: ['*', 'X-User'].map((name, i) => ({
        ...{ endpoint: `/${i}`, input_headers: [name], backend: [{ url_pattern: '/up' }] },
      })),
    },
    { plugins: [plugin] },
  )
  for (const path of ['/0', '/1']) {
    await request(path, { headers: { Connection: 'X-User, X-Other', 'X-User': 'mallory', 'X-Other': '1' } })
  }
  for (const { values } of backend.received) assert.deepEqual([values('x-user'), values('x-other')], [['ada'], []])
  assert.equal(backend.received.length, 2)
})
