import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'
import { bearer, tokenKey, writeKeySet } from './support/tokens.ts'

test('objects become tokens that a validator accepts; the rest stays', async (t) => {
  const key = tokenKey('ES256')
  const claims = '{"sub":"ann<>","2":1,"10":2,"n":9007199254740993,"m":1.5}'
  const backend = await startBackend(t, {
    '/login': { body: `{"token":${claims},"text":"x","list":[1]}`, headers: { 'Content-Type': 'application/json' } },
    '/ok': { json: { ok: true } },
  })
  const signer = { alg: 'ES256', kid: 'k1', keys_to_sign: ['token', 'text', 'list', 'none'] }
  const login = (endpoint: string, options: Readonly<Record<string, unknown>>) => ({
    endpoint,
    backend: [{ host: [backend.url], url_pattern: '/login' }],
    extra_config: { 'auth/signer': { ...signer, jwk_local_path: writeKeySet(t, [key.privateJwk]), ...options } },
  })
  const gateway = await startGateway(t, {
    endpoints: [
      login('/compact', {}),
      login('/full', { full: true, typ: 'at+jwt' }),
      {
        endpoint: '/a',
        backend: [{ host: [backend.url], url_pattern: '/ok' }],
        extra_config: { 'auth/validator': { alg: 'ES256', jwk_local_path: writeKeySet(t, [key.jwk]) } },
      },
    ],
  })
  const compact = (await gateway.request('/compact')).json() as { token: string; text: string; list: number[] }
  assert.deepEqual([compact.text, compact.list], ['x', [1]])
  const [header = '', payload = ''] = compact.token.split('.')
  const decode = (part: string) => Buffer.from(part, 'base64url').toString()
  assert.equal(decode(header), '{"alg":"ES256","kid":"k1","typ":"JWT"}')
  assert.equal(decode(payload), '{"10":2,"2":1,"m":1.5,"n":9007199254740993,"sub":"ann\\u003c\\u003e"}')
  const full = (await gateway.request('/full')).json() as { token: string }
  assert.deepEqual(Object.keys(JSON.parse(full.token) as object), ['payload', 'protected', 'signature'])
  for (const { token } of [compact, full]) assert.equal((await gateway.request('/a', bearer(token))).status, 200)
})

test('a remote key that cannot be had yet refuses, and signs as soon as it is there', async (t) => {
  const key = tokenKey('HS256')
  let ready = false
  const backend = await startBackend(t, {
    '/login': { json: { token: { sub: 'ann' } } },
    '/jwks': (_, response) => {
      if (!ready) return void response.writeHead(503).end()
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [key.privateJwk] }))
    },
  })
  const options = { alg: 'HS256', kid: 'k1', keys_to_sign: ['token'], disable_jwk_security: true }
  const gateway = await startGateway(t, {
    endpoints: [
      {
        endpoint: '/t',
        backend: [{ host: [backend.url], url_pattern: '/login' }],
        extra_config: { 'auth/signer': { ...options, jwk_url: `${backend.url}/jwks` } },
      },
    ],
  })
  assert.equal((await gateway.request('/t')).status, 401)
  ready = true
  const end = performance.now() + 5000
  let answer = await gateway.request('/t')
  while (answer.status !== 200 && performance.now() < end) answer = await gateway.request('/t')
  assert.match((answer.json() as { token: string }).token, /^ey[\w-]+\.[\w-]+\.[\w-]+$/)
})

test('a signer that could not sign stops the start', async (t) => {
  const key = tokenKey('ES256')
  const start = (options: Readonly<Record<string, unknown>>) =>
    startGateway(t, {
      endpoints: [
        {
          endpoint: '/t',
          backend: [{ host: ['http://backend.example'], url_pattern: '/' }],
          extra_config: { 'auth/signer': { alg: 'ES256', kid: 'k1', keys_to_sign: ['token'], ...options } },
        },
      ],
    })
  const set = (jwk: unknown) => ({ jwk_local_path: writeKeySet(t, [jwk]) })
  await assert.rejects(start(set(key.jwk)), /"auth\/signer": the key "k1" cannot sign with ES256/)
  await assert.rejects(start({ ...set(key.privateJwk), kid: 'k2' }), /no key with the kid "k2"/)
  await assert.rejects(start({ ...set(key.privateJwk), alg: 'RS256' }), /cannot sign with RS256/)
})
