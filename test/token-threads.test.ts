import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from './support/client.ts'
import { startBackend } from './support/start-backend.ts'
import { startThreads } from './support/start-threads.ts'
import { bearer, tokenKey } from './support/tokens.ts'

const SECRET = 'a-long-enough-secret'

test('threads share downloaded keys and revocations, over a reload too', { timeout: 30_000 }, async (t) => {
  const key = tokenKey('ES256')
  const backend = await startBackend(t, { '/ok': { json: {} }, '/jwks': { json: { keys: [key.jwk] } } })
  const validator = { alg: 'ES256', jwk_url: `${backend.url}/jwks`, disable_jwk_security: true, cache: true }
  const filter = { N: 1000, P: 1e-7, hash_name: 'optimal', TTL: 1500, port: 0, token_keys: ['jti'] }
  const config = (endpoint: string) => ({
    listen_ip: '127.0.0.1',
    extra_config: { 'auth/revoker': { ...filter, management: { token: SECRET } } },
    endpoints: [
      {
        endpoint,
        backend: [{ host: [backend.url], url_pattern: '/ok' }],
        extra_config: { 'auth/validator': validator },
      },
    ],
  })
  const gateway = await startThreads(t, config('/one'))
  // Each request on a connection of its own, so that every thread gets some.
  const statuses = async (path: string, jti: string) => {
    const answers = await Promise.all(
      Array.from({ length: 24 }, () => gateway.request(path, bearer(key.sign({ jti, exp: 4102444800 })))),
    )
    return [...new Set(answers.map(({ status }) => status))]
  }
  const listening = /management API listens on 127\.0\.0\.1:(\d+)/
  const revoke = async (jti: string, opened: number) => {
    const line = (await gateway.log.findAll(listening, opened)).at(-1) ?? ''
    const { status } = await request(Number(listening.exec(line)?.[1]), '/revocations', {
      ...{ method: 'POST', headers: { Authorization: `Bearer ${SECRET}` } },
      body: JSON.stringify({ claims: { jti } }),
    })
    return status
  }
  assert.deepEqual(await statuses('/one', 'a'), [200])
  assert.equal(await revoke('a', 1), 200)
  assert.deepEqual(await statuses('/one', 'a'), [401])

  await gateway.reload(config('/two'))
  assert.deepEqual(await statuses('/two', 'a'), [401])
  assert.deepEqual(await statuses('/two', 'b'), [200])
  assert.equal(await revoke('b', 2), 200)
  assert.deepEqual(await statuses('/two', 'b'), [401])
  assert.equal(backend.received.filter(({ target }) => target === '/jwks').length, 1)
})
