import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Context } from '../src/pipes/context.ts'
import { HeaderList } from '../src/pipes/headers.ts'
import { HttpRequest, HttpResponse } from '../src/pipes/http.ts'
import { createSecurityHeaders } from '../src/security/security-headers.ts'
import { connectRaw } from './support/client.ts'
import { startBackend } from './support/start-backend.ts'
import { type StartedGateway, startGateway } from './support/start-gateway.ts'

async function start(
  t: TestContext,
  security: Readonly<Record<string, unknown>>,
  {
    headers = {},
    router = {},
    lenient = false,
  }: { headers?: Record<string, string>; router?: object; lenient?: boolean } = {},
): Promise<StartedGateway> {
  const backend = await startBackend(t, { '/up': { json: { ok: true }, headers } })
  const config = {
    host: [backend.url],
    extra_config: { 'security/http': security, router },
    endpoints: [{ endpoint: '/a', backend: [{ url_pattern: '/up', encoding: 'no-op' }], output_encoding: 'no-op' }],
  }
  return startGateway(t, config, { lenient })
}

const TLS = { 'X-Forwarded-Proto': 'https' }

describe('header fields', () => {
  test('those of the configuration take the place of the backend', async (t) => {
    const { request } = await start(
      t,
      {
        custom_frame_options_value: 'SAMEORIGIN',
        frame_deny: true,
        content_type_nosniff: true,
        referrer_policy: 'no-referrer',
      },
      { headers: { 'x-frame-options': 'ALLOWALL', 'Referrer-Policy': 'unsafe-url', 'X-XSS-Protection': '0' } },
    )
    const { rawHeaders, header } = await request('/a')
    assert.equal(
      rawHeaders.filter((_, i) => i % 2 === 0 && /frame-options|referrer/i.test(rawHeaders[i] ?? '')).length,
      2,
    )
    assert.equal(header('X-Frame-Options'), 'SAMEORIGIN')
    assert.equal(header('Referrer-Policy'), 'no-referrer')
    assert.equal(header('X-Content-Type-Options'), 'nosniff')
    assert.equal(header('X-XSS-Protection'), '0')
  })

  test('each answer gets a nonce of its own', async (t) => {
    const { request } = await start(t, { content_security_policy: "script-src $NONCE; style-src $NONCE 'self'" })
    const seen = new Set<string>()
    for (let i = 0; i < 3; i++) {
      const value = (await request('/a')).header('content-security-policy') ?? ''
      const [, nonce = ''] = /^script-src 'nonce-([\w+/]{22}==)'; style-src 'nonce-\1' 'self'$/.exec(value) ?? []
      assert.notEqual(nonce, '', value)
      seen.add(nonce)
    }
    assert.equal(seen.size, 3)
  })

  test('not at the health endpoint, wherever it is; with another method there, they are', async (t) => {
    const { request } = await start(
      t,
      { frame_deny: true, allowed_hosts: ['a.example'] },
      { router: { health_path: '/alive' } },
    )
    const alive = await request('/alive?x=1')
    assert.deepEqual([alive.status, alive.header('x-frame-options')], [200, null])
    assert.equal((await request('/__health')).status, 500)
    const put = await request('/alive', { method: 'PUT', headers: { Host: 'a.example' } })
    assert.deepEqual([put.status, put.header('x-frame-options')], [405, 'DENY'])
  })

  test('where there is no health endpoint, its path is as any', async (t) => {
    const { request } = await start(t, { allowed_hosts: ['a.example'] }, { router: { disable_health: true } })
    assert.equal((await request('/__health')).status, 500)
  })
})

describe('hosts', () => {
  const HOSTS = { allowed_hosts: ['a\\.example|b\\.example(:\\d+)?'], allowed_hosts_are_regex: true }
  for (const [host, status] of [
    ['a.example', 200],
    ['B.EXAMPLE:8443', 200],
    ['a.example.evil.example', 500],
    ['evil.b.example', 500],
    ['aXexample', 500],
    ['a.example:80', 500],
    [`a.example${'a'.repeat(60_000)}`, 500],
  ] as const) {
    test(`as expressions: ${host.slice(0, 30)} is answered ${status}`, async (t) => {
      const { request } = await start(t, HOSTS)
      for (let i = 0; i < 2; i++) assert.equal((await request('/a', { headers: { Host: host } })).status, status)
    })
  }

  test('literal ones are no expressions', async (t) => {
    const { request } = await start(t, { allowed_hosts: ['A.example'] })
    assert.equal((await request('/a', { headers: { Host: 'a.example' } })).status, 200)
    assert.equal((await request('/a', { headers: { Host: 'aXexample' } })).status, 500)
  })

  test('the answer to another one, with the status that is configured', async (t) => {
    const { request } = await start(t, { allowed_hosts: ['a.example'], bad_host_status: 421, frame_deny: true })
    const answer = await request('/a')
    assert.deepEqual([answer.status, answer.body, answer.header('x-frame-options')], [421, 'Bad Host\n', null])
  })

  test('a request without a host is for another one', async (t) => {
    const { port } = await start(t, { allowed_hosts: ['a.example'] })
    const connection = connectRaw(t, port)
    connection.write('GET /a HTTP/1.0\r\n\r\n')
    assert.match(await connection.closed, /^HTTP\/1\.1 500 /)
  })

  test('the host of an absolute request line counts, not the field', async (t) => {
    const { port } = await start(t, { allowed_hosts: ['a.example'] })
    const connection = connectRaw(t, port)
    connection.write('GET http://evil.example/a HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n')
    assert.match(await connection.closed, /^HTTP\/1\.1 500 /)
  })

  test('an expression that RE2 does not take stops the start', async (t) => {
    await assert.rejects(
      start(t, { allowed_hosts: ['a', '(?=a)b'], allowed_hosts_are_regex: true }),
      /extra_config\."security\/http"\.allowed_hosts: "\(\?=a\)b" is no regular expression/,
    )
  })
})

describe('redirects', () => {
  for (const [title, options, headers, location] of [
    ['to the host asked for, with its port', {}, { Host: 'shop.example:8080' }, 'https://shop.example:8080/a?b=c%20d'],
    ['to ssl_host', { ssl_host: 'www.shop.example' }, { Host: 'shop.example' }, 'https://www.shop.example/a?b=c%20d'],
    [
      'to the host of a proxy',
      { host_proxy_headers: ['X-None', 'X-Forwarded-Host'] },
      { Host: 'x', 'X-Forwarded-Host': 'shop.example' },
      'https://shop.example/a?b=c%20d',
    ],
    ['to an address', {}, { Host: '[::1]:80' }, 'https://[::1]:80/a?b=c%20d'],
  ] as const) {
    test(title, async (t) => {
      const { request } = await start(t, { ssl_redirect: true, frame_deny: true, ...options })
      const answer = await request('/a?b=c%20d', { headers })
      assert.deepEqual([answer.status, answer.header('location'), answer.body], [301, location, ''])
    })
  }

  test('keep the method with another status', async (t) => {
    const { request } = await start(t, { ssl_redirect: true, ssl_redirect_status: 308 })
    assert.equal((await request('/a', { method: 'POST', body: 'x' })).status, 308)
  })

  for (const host of [
    'evil.example/x',
    'a@evil.example',
    'evil.example?',
    'evil.example#',
    '\\evil.example',
    'a b',
    '',
  ]) {
    test(`never to what is no host: "${host}"`, async (t) => {
      const { port } = await start(t, { ssl_redirect: true })
      const connection = connectRaw(t, port)
      connection.write(`GET /a HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      assert.match(await connection.closed, /^HTTP\/1\.1 (?:500|400) /)
    })
  }

  test('not of what a proxy says came by TLS, by the exact value', async (t) => {
    const { request } = await start(t, { ssl_redirect: true, ssl_proxy_headers: TLS })
    assert.equal((await request('/a', { headers: TLS })).status, 200)
    assert.equal((await request('/a', { headers: { 'x-forwarded-proto': 'HTTPS' } })).status, 301)
  })
})

describe('Strict-Transport-Security', () => {
  for (const [title, options, headers, value] of [
    ['on TLS', { sts_seconds: 60 }, TLS, 'max-age=60'],
    ['not on plain requests', { sts_seconds: 60 }, {}, null],
    [
      'forced',
      { sts_seconds: 60, force_sts_header: true, sts_include_subdomains: true },
      {},
      'max-age=60; includeSubDomains',
    ],
    ['without seconds', { force_sts_header: true }, TLS, null],
    ['in development', { sts_seconds: 60, force_sts_header: true, is_development: true }, TLS, null],
  ] as const) {
    test(title, async (t) => {
      const { request } = await start(t, { ssl_proxy_headers: TLS, ...options })
      assert.equal((await request('/a', { headers })).header('strict-transport-security'), value)
    })
  }
})

test('a request over TLS of the gateway itself is no plain one', async () => {
  const rules = {
    isAllowedHost: null,
    badHostStatus: 500,
    hostFields: [],
    tlsFields: [],
    fields: [],
    contentPolicy: '',
  }
  const redirect = { host: 'shop.example', status: 301 }
  const stage = createSecurityHeaders({ ...rules, redirect, transportSecurity: 'max-age=1', always: false })
  const request = new HttpRequest('GET', '/a', new HeaderList())
  const ask = () => stage(async () => new HttpResponse(200))(request, new Context(0))
  assert.equal((await ask()).header('location'), 'https://shop.example/a')
  request.secure = true
  assert.equal((await ask()).header('strict-transport-security'), 'max-age=1')
})

test('a value that cannot be sent stops the start, at its place', async (t) => {
  await assert.rejects(start(t, { referrer_policy: 'a\nb' }), /security\/http"\.referrer_policy.*cannot be sent/)
})

test('refusals are in the access log, with the address of the client', async (t) => {
  const { request, accessLog } = await start(t, { allowed_hosts: ['a.example'] })
  await request('/a', { headers: { 'X-Forwarded-For': '203.0.113.9' } })
  assert.match(await accessLog.find(/GET/), /\| 500 \|.*203\.0\.113\.9 \| GET/)
})
