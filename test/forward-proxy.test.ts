import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { proxyFor } from '../src/transport/environment-proxy.ts'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'
import { jsonAnswer, startRawBackend } from './support/start-raw-backend.ts'

const PROXY = 'http://proxy.example:3128'

for (const [origin, env, expected] of [
  ['http://a.example', { HTTP_PROXY: PROXY }, PROXY],
  ['http://a.example', { http_proxy: PROXY }, PROXY],
  ['http://a.example', { HTTP_PROXY: 'proxy.example:3128' }, PROXY],
  ['http://a.example', { HTTPS_PROXY: PROXY }, undefined],
  ['https://a.example', { HTTPS_PROXY: PROXY }, PROXY],
  ['https://a.example', { HTTP_PROXY: PROXY }, undefined],
  ['http://a.example', { HTTP_PROXY: '' }, undefined],
  ['http://a.example', { HTTP_PROXY: PROXY, NO_PROXY: '*' }, undefined],
  ['http://a.example', { HTTP_PROXY: PROXY, NO_PROXY: 'b.example, A.example' }, undefined],
  ['http://x.a.example', { HTTP_PROXY: PROXY, NO_PROXY: 'a.example' }, undefined],
  ['http://xa.example', { HTTP_PROXY: PROXY, NO_PROXY: 'a.example' }, PROXY],
  ['http://a.example', { HTTP_PROXY: PROXY, NO_PROXY: '.a.example' }, PROXY],
  ['http://x.a.example', { HTTP_PROXY: PROXY, no_proxy: '.a.example' }, undefined],
  ['http://a.example:81', { HTTP_PROXY: PROXY, NO_PROXY: 'a.example:80' }, PROXY],
  ['http://a.example:80', { HTTP_PROXY: PROXY, NO_PROXY: 'a.example:80' }, undefined],
  ['http://a.example', { HTTP_PROXY: PROXY, NO_PROXY: 'a.example:80' }, undefined],
  ['http://10.1.2.3:81', { HTTP_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, undefined],
  ['http://11.1.2.3', { HTTP_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, PROXY],
  ['http://[fd00::1]', { HTTP_PROXY: PROXY, NO_PROXY: 'fd00::/8' }, undefined],
  ['http://127.0.0.1:81', { HTTP_PROXY: PROXY }, undefined],
  ['http://[::1]', { HTTP_PROXY: PROXY }, undefined],
  ['http://localhost', { HTTP_PROXY: PROXY }, undefined],
] as const) {
  test(`${origin} with ${JSON.stringify(env)} goes ${expected === undefined ? 'straight' : 'through the proxy'}`, () => {
    assert.equal(proxyFor(origin, env), expected)
  })
}

function environment(t: TestContext, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    process.env[name] = value
    t.after(() => delete process.env[name])
  }
}

test('a call through a proxy asks it for the whole URL', async (t) => {
  const proxy = await startRawBackend(t, ({ socket }) => void socket.write(jsonAnswer('{"via":"proxy"}')))
  environment(t, { HTTP_PROXY: `http://user:p%40ss@127.0.0.1:${proxy.port}`, NO_PROXY: '' })
  const gateway = await startGateway(t, {
    host: ['http://only.known.to.the.proxy.example:8080'],
    endpoints: [
      {
        ...{ endpoint: '/x', method: 'POST', input_query_strings: ['q'], input_headers: ['X-A'] },
        backend: [{ url_pattern: '/up?fixed=1' }],
      },
    ],
  })
  for (let i = 0; i < 2; i++) {
    const answer = await gateway.request('/x?q=a', { method: 'POST', headers: { 'X-A': '1' }, body: 'text' })
    assert.equal(answer.body, '{"via":"proxy"}')
  }
  const [head = ''] = proxy.heads
  assert.match(head, /^POST http:\/\/only\.known\.to\.the\.proxy\.example:8080\/up\?fixed=1&q=a HTTP\/1\.1\r\n/)
  assert.match(head, /^Host: only\.known\.to\.the\.proxy\.example:8080\r?$/im)
  assert.match(head, /^X-A: 1\r?$/m)
  assert.match(head, new RegExp(`^Proxy-Authorization: Basic ${btoa('user:p@ss')}\\r?$`, 'm'))
  assert.equal(head.match(/^host:/gim)?.length, 1)
  assert.equal(proxy.sockets.length, 1)
})

test('a call with TLS through a proxy asks it for a tunnel', async (t) => {
  const proxy = await startRawBackend(t, ({ socket }) => void socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'))
  environment(t, { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` })
  const gateway = await startGateway(t, {
    endpoints: [{ endpoint: '/x', backend: [{ host: ['https://a.example'], url_pattern: '/' }] }],
  })
  assert.equal((await gateway.request('/x')).status, 500)
  assert.match(proxy.heads[0] ?? '', /^CONNECT a\.example:443 HTTP\/1\.1/)
})

test('redirects through a proxy stay with it', async (t) => {
  const upstream = await startBackend(t, { '/there': { json: { there: true } } })
  const proxy = await startRawBackend(t, ({ socket, head }) => {
    if (!head.includes('/there')) socket.write('HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n')
    else {
      const onward = connect(upstream.port, '127.0.0.1')
      onward.write('GET /there HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n')
      onward.pipe(socket)
      void once(onward, 'error').catch(() => {})
    }
  })
  environment(t, { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` })
  const gateway = await startGateway(t, {
    endpoints: [{ endpoint: '/x', backend: [{ host: ['http://a.example'], url_pattern: '/here' }] }],
  })
  assert.equal((await gateway.request('/x')).body, '{"there":true}')
  assert.deepEqual(
    proxy.heads.map((head) => head.split('\r\n', 1)[0]),
    ['GET http://a.example/here HTTP/1.1', 'GET http://a.example/there HTTP/1.1'],
  )
})
