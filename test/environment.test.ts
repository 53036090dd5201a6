import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { GatewayConfig } from '../src/config/model.ts'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const FILE = { name: 'file', timeout: '9s', cache_ttl: '9s', output_encoding: 'xml', debug_endpoint: false }

describe('KRAKEND_… wins over the file, whatever the type of the setting', () => {
  const cases: readonly (readonly [
    key: string,
    value: string,
    seen: (config: GatewayConfig) => unknown,
    expected: unknown,
  ])[] = [
    ['PORT', '9090', ({ port }) => port, 9090],
    ['NAME', '42', ({ name }) => name, '42'],
    ['TIMEOUT', '3s', ({ endpoints }) => endpoints[0]?.timeoutMs, 3000],
    ['CACHE_TTL', '1500ms', ({ endpoints }) => endpoints[0]?.cacheTtlMs, 1500],
    ['OUTPUT_ENCODING', 'string', ({ endpoints }) => endpoints[0]?.outputEncoding, 'string'],
    ['DEBUG_ENDPOINT', 'true', ({ debugEndpoint }) => debugEndpoint, true],
    ['ECHO_ENDPOINT', '1', ({ echoEndpoint }) => echoEndpoint, true],
    ['LISTEN_IP', '::1', ({ listenIp }) => listenIp, '::1'],
    ['MAX_HEADER_BYTES', '5000', ({ server }) => server.maxHeaderBytes, 5000],
    ['READ_TIMEOUT', '2s', ({ server }) => server.readTimeoutMs, 2000],
    ['DISABLE_KEEP_ALIVES', 'true', ({ upstream }) => upstream.disableKeepAlives, true],
    ['MAX_IDLE_CONNECTIONS_PER_HOST', '7', ({ upstream }) => upstream.maxIdleConnectionsPerHost, 7],
    ['HOST', 'one.example:8000', ({ endpoints }) => endpoints[0]?.backends[0]?.hosts, ['http://one.example:8000']],
  ]
  for (const [key, value, seen, expected] of cases) {
    test(`KRAKEND_${key}=${value}`, async (t) => {
      const endpoints = [{ endpoint: '/a', backend: [{ url_pattern: '/' }] }]
      const config = { ...FILE, host: ['http://file.example'], endpoints }
      const { gateway } = await startGateway(t, config, { env: { [`KRAKEND_${key}`]: value } })
      assert.deepEqual(seen(gateway.config), expected)
    })
  }
})

test('an empty variable counts as unset, and unknown ones are nobody’s business', async (t) => {
  const { gateway, diagnostics } = await startGateway(t, FILE, { env: { KRAKEND_NAME: '', KRAKEND_X: '1', NAME: 'x' } })
  assert.equal(gateway.config.name, 'file')
  assert.deepEqual(diagnostics, [])
})

for (const [variable, value] of [
  ['KRAKEND_TIMEOUT', '3 seconds'],
  ['KRAKEND_PORT', 'http'],
  ['KRAKEND_DEBUG_ENDPOINT', 'maybe'],
  ['KRAKEND_LISTEN_IP', '1.2.3'],
] as const) {
  test(`${variable}=${value} is refused by its name`, async (t) => {
    await assert.rejects(
      startGateway(t, {}, { env: { [variable]: value } }),
      new RegExp(`environment: error: ${variable}: `),
    )
  })
}

describe('values of another type than the setting’s', () => {
  test('lone values, texts for numbers and booleans, numbers for texts and durations', async (t) => {
    const backend = await startBackend(t, { '/up': { json: [{ a: 1 }] } })
    const { request, gateway } = await startGateway(t, {
      name: 7,
      timeout: 2_000_000_000,
      cache_ttl: '5s',
      echo_endpoint: 'true',
      max_header_bytes: '2000',
      host: backend.url,
      extra_config: { router: { hide_version_header: 'true', logger_skip_paths: '/x' } },
      endpoints: {
        endpoint: '/a',
        method: 'get',
        input_query_strings: 'q',
        input_headers: 'X-A',
        concurrent_calls: '2',
        backend: { url_pattern: '/up', is_collection: 1, allow: 'collection' },
      },
    })
    assert.equal(gateway.config.name, '7')
    assert.equal(gateway.config.endpoints[0]?.timeoutMs, 2000)
    assert.equal(gateway.config.endpoints[0]?.concurrentCalls, 2)
    const answer = await request('/a?q=1&r=2', { headers: { 'X-A': '1' } })
    assert.deepEqual(answer.json(), { collection: [{ a: 1 }] })
    assert.equal(answer.header('x-krakend'), 'Version undefined')
    assert.equal(backend.received[0]?.target, '/up?q=1')
    assert.deepEqual(backend.received[0]?.values('x-a'), ['1'])
    assert.equal((await request('/__echo/')).status, 200)
  })

  const wrong: readonly (readonly [key: string, value: unknown])[] = [
    ['port', {}],
    ['port', 'eighty'],
    ['timeout', []],
    ['debug_endpoint', 'yes'],
    ['endpoints', 'none'],
    ['host', {}],
  ]
  for (const [key, value] of wrong) {
    test(`${key}: ${JSON.stringify(value)} is an error`, async (t) => {
      await assert.rejects(startGateway(t, { [key]: value }), new RegExp(`error: ${key}`))
    })
  }
})

test('components are found under their old long names', async (t) => {
  const backend = await startBackend(t, { '/up': { status: 418, body: 'tea' }, '/one': { json: { a: 1 } } })
  const { request, diagnostics } = await startGateway(t, {
    host: [backend.url],
    extra_config: { 'github_com/luraproject/lura/router/gin': { hide_version_header: true } },
    endpoints: [
      {
        endpoint: '/code',
        backend: [
          { url_pattern: '/up', extra_config: { 'github.com/devopsfaith/krakend/http': { return_error_code: true } } },
        ],
      },
      {
        endpoint: '/static',
        extra_config: { 'github.com/devopsfaith/krakend/proxy': { static: { strategy: 'always', data: { b: 2 } } } },
        backend: [{ url_pattern: '/one' }],
      },
    ],
  })
  assert.deepEqual(diagnostics, [])
  const code = await request('/code')
  assert.deepEqual([code.status, code.header('x-krakend')], [418, 'Version undefined'])
  assert.deepEqual((await request('/static')).json(), { a: 1, b: 2 })
})
