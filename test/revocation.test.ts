import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from './support/client.ts'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'
import { bearer, tokenKey, writeKeySet } from './support/tokens.ts'

const FILTER = { N: 1000, p: 1e-7, hash_name: 'optimal', ttl: 1500, port: 0, token_keys: ['jti', 'sub'] }
const SECRET = 'a-long-enough-secret'

test('a revoked value of a claim is refused; the API adds, checks and counts', async (t) => {
  const key = tokenKey()
  const backend = await startBackend(t, { '/ok': { json: {} } })
  const gateway = await startGateway(t, {
    extra_config: { 'auth/revoker': { ...FILTER, management: { token: SECRET } } },
    endpoints: [
      {
        endpoint: '/a',
        backend: [{ host: [backend.url], url_pattern: '/ok' }],
        extra_config: { 'auth/validator': { alg: 'HS256', jwk_local_path: writeKeySet(t, [key.jwk]), roles: ['r'] } },
      },
    ],
  })
  const port = Number(/:(\d+)$/.exec(await gateway.log.find(/management API listens/))?.[1])
  const api = async (method: string, target: string, body?: unknown, secret = SECRET) => {
    const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
    const { status, json } = await request(port, target, {
      method,
      headers: { Authorization: `Bearer ${secret}` },
      ...sent,
    })
    return { status, json: json() }
  }
  const ask = async (claims: unknown) => (await gateway.request('/a', bearer(key.sign(claims)))).status

  assert.equal(await ask({ jti: 'abc', roles: ['r'] }), 200)
  assert.deepEqual(await api('POST', '/revocations', { elements: ['jti-abc'], claims: { sub: ['ann', 'bob'] } }), {
    status: 200,
    json: { added: 3 },
  })
  assert.equal(await ask({ jti: 'abc', roles: ['r'] }), 401, 'also a token that is known')
  assert.equal(await ask({ sub: 'ann' }), 401, 'before roles are looked at')
  assert.equal(await ask({ jti: 'abcd', sub: 'eve', roles: ['r'] }), 200)
  assert.deepEqual((await api('POST', '/revocations/check', { elements: ['jti-abc', 'jti-x'] })).json, {
    revoked: [true, false],
  })
  assert.deepEqual((await api('GET', '/revocations')).json, { previous: 0, current: 3, capacity: 1000 })

  assert.equal((await api('POST', '/revocations', { elements: ['jti-x'] }, 'another-long-secret')).status, 401)
  for (const body of ['{', '[]', '{}', { elements: 'jti-x' }, { elements: [1] }, { claims: { jti: 1 } }]) {
    assert.equal((await api('POST', '/revocations', body)).status, 400, JSON.stringify(body))
  }
  for (const forged of ['', `${SECRET} `.repeat(100), SECRET.slice(0, -1), `${SECRET}x`, SECRET.toUpperCase()]) {
    assert.equal((await api('GET', '/revocations', undefined, forged)).status, 401)
  }
  assert.equal((await request(port, '/revocations', { headers: { Authorization: `Basic ${SECRET}` } })).status, 401)
  for (const target of ['/', '/revocations?x', '/revocations/', '/__proto__']) {
    assert.equal((await api('GET', target)).status, 404)
  }
  assert.equal((await api('DELETE', '/revocations')).status, 404)
  assert.equal((await api('POST', '/other', {})).status, 404)
  assert.equal((await api('POST', '/revocations', 'x'.repeat(1024 * 1024 + 1))).status, 413)
  assert.equal(await ask({ jti: 'x', roles: ['r'] }), 200)
})

test('a long list does not hold up requests', async (t) => {
  const { log } = await startGateway(t, {
    endpoints: [],
    extra_config: { 'auth/revoker': { ...FILTER, management: { token: SECRET } } },
  })
  const port = Number(/:(\d+)$/.exec(await log.find(/management API listens/))?.[1])
  const headers = { Authorization: `Bearer ${SECRET}` }
  const count = 20_000
  const elements = Array.from({ length: count }, (_, i) => `jti-${i}`)
  let added = 0
  const adding = request(port, '/revocations', { method: 'POST', headers, body: JSON.stringify({ elements }) })
  void adding.then(() => {
    added = count
  })
  const seen: number[] = []
  while (added < count) {
    const { json } = await request(port, '/revocations', { headers })
    seen.push((json() as { current: number }).current)
  }
  assert.equal((await adding).status, 200)
  assert.ok(
    seen.some((current) => current > 0 && current < count),
    `seen: ${seen.join(' ')}`,
  )
})

test('what would not protect stops the start, and a filter that nobody can fill is told', async (t) => {
  const start = (revoker: Readonly<Record<string, unknown>>) =>
    startGateway(t, { endpoints: [], extra_config: { 'auth/revoker': revoker } })
  const { N, ...rest } = FILTER
  await assert.rejects(start(rest), /"auth\/revoker": N must be there/)
  await assert.rejects(start({ ...FILTER, ttl: 0 }), /0 is less than 1/)
  await assert.rejects(start({ ...FILTER, hash_name: 'md5' }), /is not one of "optimal", "default"/)
  await assert.rejects(start({ ...FILTER, N: N * 1e9 }), /MB of memory/)
  await assert.rejects(start({ ...FILTER, management: { token_env: 'NO_SUCH_VARIABLE' } }), /needs 16 characters/)
  const { log } = await start(FILTER)
  assert.ok(log.all.some((line) => /nothing can be revoked/.test(line)))
})
