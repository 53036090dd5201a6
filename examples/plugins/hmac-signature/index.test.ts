import assert from 'node:assert/strict'
import { createHmac, hash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, createClock, createTestGateway } from 'loligo/testing'
import { hmacSignature } from './index.ts'

const SECRET = 'a secret that is long enough for SHA-256'

function configWith(options: object, endpoint: object = {}, host = 'https://Pay.test:8443/v1') {
  const signature = { key_id: 'gateway', ...options }
  return {
    endpoints: [
      {
        ...{ endpoint: '/pay/{id}', method: 'POST', input_query_strings: ['q'] },
        ...endpoint,
        backend: [
          {
            ...{ url_pattern: '/payments/{id}', host: [host], disable_host_sanitize: true, method: 'POST' },
            extra_config: { 'plugin/http-client': { name: 'hmac-signature', 'hmac-signature': signature } },
          },
        ],
      },
    ],
  }
}

test('signs as the example of RFC 9421, section B.2.5', async (t) => {
  const options = {
    ...{ label: 'sig-b25', key_id: 'test-shared-secret', components: ['date', '@authority', 'content-type'] },
    ...{
      secret: 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
      secret_encoding: 'base64',
    },
  }
  const gateway = await createTestGateway({
    t,
    plugins: [hmacSignature],
    config: configWith(options, { input_headers: ['Date', 'Content-Type'] }, 'http://example.com'),
    upstreams: { 'http://example.com': { json: {} } },
    clock: createClock({ now: 1618884473_000 }),
  })
  const headers = { Date: 'Tue, 20 Apr 2021 02:07:55 GMT', 'Content-Type': 'application/json' }
  assert.equal((await gateway.fetch('/pay/7', { headers, body: '{"hello": "world"}' })).status, 200)
  const [call] = gateway.calls()
  assert.equal(
    call?.headers.get('Signature-Input'),
    'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
  )
  assert.equal(call.headers.get('Signature'), 'sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:')
})

test('signs method, host, path, query and body, in the place of what the client sent', async (t) => {
  const clock = createClock({ now: '2026-03-01T12:00:00Z' })
  const config = configWith({ secret: SECRET, ttl: '1m' }, { input_headers: ['*'] })
  const upstreams = { 'https://pay.test:8443': { json: {} } }
  const gateway = await createTestGateway({ t, plugins: [hmacSignature], config, upstreams, clock })
  const forged = { Signature: 'sig1=:AAAA:', 'Signature-Input': 'sig1=()', 'Content-Digest': 'sha-256=:AAAA:' }
  await gateway.fetch('/pay/a%20b?q=1&q=%C3%BC', { headers: forged, body: 'über' })

  const [call] = gateway.calls()
  const input = `("@method" "@authority" "@path" "@query" "content-digest");created=1772366400;expires=1772366460;keyid="gateway"`
  const digest = `sha-256=:${hash('sha256', 'über', 'base64')}:`
  const base = [
    '"@method": POST',
    '"@authority": pay.test:8443',
    '"@path": /v1/payments/a%20b',
    '"@query": ?q=1&q=%C3%BC',
    `"content-digest": ${digest}`,
    `"@signature-params": ${input}`,
  ].join('\n')
  assert.equal(call?.body, 'über')
  assert.deepEqual(call.headers.getAll('Content-Digest'), [digest])
  assert.deepEqual(call.headers.getAll('Signature-Input'), [`sig1=${input}`])
  const signature = createHmac('sha256', SECRET).update(base).digest('base64')
  assert.deepEqual(call.headers.getAll('Signature'), [`sig1=:${signature}:`])
})

test('a call without body and query is signed as such', async (t) => {
  const config = configWith({ secret: SECRET, components: ['@query', 'content-digest'] }, { method: 'GET' })
  const upstreams = { 'https://pay.test:8443': { json: {} } }
  const gateway = await createTestGateway({ t, plugins: [hmacSignature], config, upstreams, clock: createClock() })
  await gateway.fetch('/pay/7')
  const [call] = gateway.calls()
  const [, parameters = ''] = /^sig1=(.*)$/.exec(call?.headers.get('Signature-Input') ?? '') ?? []
  const digest = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'
  const base = `"@query": ?\n"content-digest": ${digest}\n"@signature-params": ${parameters}`
  const signature = createHmac('sha256', SECRET).update(base).digest('base64')
  assert.equal(call?.headers.get('Signature'), `sig1=:${signature}:`)
})

test('a call that lacks a field to be signed is not made', async (t) => {
  const config = configWith({ secret: SECRET, components: ['@method', 'x-tenant'] })
  const upstreams = { 'https://pay.test:8443': { json: {} } }
  const gateway = await createTestGateway({ t, plugins: [hmacSignature], config, upstreams })
  assert.equal((await gateway.fetch('/pay/7', { body: 'x' })).status, 500)
  assert.equal(gateway.calls().length, 0)
  assert.equal(gateway.log.find('the call has no header x-tenant').length > 0, true)
})

test('the secret may stand in the environment, and a short one is told of', async (t) => {
  process.env.HMAC_SIGNATURE_TEST = 'short'
  t.after(() => delete process.env.HMAC_SIGNATURE_TEST)
  const config = configWith({ secret_env: 'HMAC_SIGNATURE_TEST' })
  const gateway = await createTestGateway({ t, plugins: [hmacSignature], config })
  assert.equal(gateway.log.find('less than 32 bytes', 'WARNING').length, 1)
})

test('a secret that cannot be used stops the start', async () => {
  for (const [options, message] of [
    [{}, /give either "secret" or "secret_env"/],
    [{ secret: SECRET, secret_env: 'A' }, /give either/],
    [{ secret_env: 'HMAC_SIGNATURE_NOT_SET' }, /HMAC_SIGNATURE_NOT_SET is not set/],
    [{ secret: 'no base64!', secret_encoding: 'base64' }, /the secret is no base64/],
    [{ secret: SECRET, components: ['@path', '@path'] }, /names @path twice/],
    [{ secret: SECRET, components: ['@target-uri'] }, /components\[0\]/],
  ] as const) {
    await assert.rejects(
      createTestGateway({ plugins: [hmacSignature], config: configWith(options) }),
      (error) => error instanceof ConfigError && message.test(error.message),
    )
  }
})

test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    upstreams: { 'http://localhost:8080': { json: {} } },
  })
  assert.equal((await gateway.fetch('/hello')).status, 200)
  assert.match(gateway.calls()[0]?.headers.get('Signature') ?? '', /^sig1=:[\w+/]{43}=:$/)
})
