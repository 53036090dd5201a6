import assert from 'node:assert/strict'
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import { ALGORITHMS, signatureAlgorithm } from '../src/auth/algorithms.ts'
import { createClock } from '../src/testing/clock.ts'
import { createTestGateway } from '../src/testing/gateway.ts'
import { type Backend, startBackend } from './support/start-backend.ts'
import { type StartedGateway, startGateway } from './support/start-gateway.ts'
import { bearer, signToken, type TokenKey, tokenKey, writeKeySet } from './support/tokens.ts'

const NOW_S = Math.floor(Date.now() / 1000)

/** One endpoint `/a` behind a validator with the keys of a file. */
async function guarded(
  t: TestContext,
  key: TokenKey,
  options: Readonly<Record<string, unknown>> = {},
  endpoint: Readonly<Record<string, unknown>> = {},
): Promise<{ gateway: StartedGateway; backend: Backend }> {
  const backend = await startBackend(t, { '*': { json: { ok: true } } })
  const { url_pattern = '/ok', ...rest } = endpoint
  const gateway = await startGateway(t, {
    endpoints: [
      {
        endpoint: '/a',
        backend: [{ host: [backend.url], url_pattern }],
        extra_config: { 'auth/validator': { alg: key.alg, jwk_local_path: writeKeySet(t, [key.jwk]), ...options } },
        ...rest,
      },
    ],
  })
  return { gateway, backend }
}

describe('signatures', () => {
  for (const alg of ALGORITHMS) {
    test(`${alg} verifies its tokens and no others`, async (t) => {
      const key = tokenKey(alg)
      const { gateway } = await guarded(t, key)
      const token = key.sign({ sub: 'ann' })
      const status = async (sent: string) => (await gateway.request('/a', bearer(sent))).status
      const [header = '', , signature = ''] = token.split('.')
      const otherClaims = Buffer.from('{"sub":"bob"}').toString('base64url')
      assert.equal(await status(token), 200)
      assert.equal(await status(`${header}.${otherClaims}.${signature}`), 401)
      assert.equal(await status(tokenKey('HS256').sign({ sub: 'ann' })), 401)
      assert.equal(await status(token.slice(0, -8)), 401)
    })
  }

  test('a public key is never taken for a secret', async (t) => {
    const key = tokenKey('RS256')
    const publicKey = createPublicKey({ key: key.jwk as never, format: 'jwk' })
    const secrets = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(key.jwk),
    ]
    const { gateway } = await guarded(t, key)
    const { gateway: symmetric } = await guarded(t, { ...key, alg: 'HS256' })
    for (const secret of secrets) {
      const token = signToken(createSecretKey(Buffer.from(secret)), { alg: 'HS256', kid: 'k1' }, {}, 'HS256')
      assert.equal((await gateway.request('/a', bearer(token))).status, 401)
      assert.equal((await symmetric.request('/a', bearer(token))).status, 401)
    }
  })

  test('what is no signed token is refused, and nothing breaks', async (t) => {
    const key = tokenKey('HS256')
    const { gateway } = await guarded(t, key)
    const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
    const valid = key.sign({})
    const [header, payload, signature] = valid.split('.')
    const bad = [
      `${encode({ alg: 'none', kid: 'k1' })}.${payload}.`,
      `${encode({ alg: 'None', kid: 'k1' })}.${payload}.${signature}`,
      ...['', '.', '..', '...', `${header}.${payload}`, `${header}.${payload}.`, `${valid}.x`, ` ${valid} x`],
      ...[
        '{',
        '{}',
        '{"protected":1}',
        'null',
        `${header}.${encode('text')}.${signature}`,
        `${header}=.${payload}.${signature}`,
      ],
      key.sign({}, { kid: '../../etc/passwd' }),
      key.sign({}, { kid: '__proto__' }),
      key.sign({}, { kid: { toString: 1 } }),
      key.sign({}, { crit: ['exp'], exp: 1 }),
      key.sign({}, { crit: [] }),
      key.sign({}, { b64: false, crit: ['b64'] }),
      key.sign({}, { alg: ['HS256'] }),
      key.sign({}, { alg: 'hs256' }),
      key.sign({}, { alg: 'HS512' }),
      key.sign({}, { kid: 'k1\0' }),
      key.sign({}, { kid: 'K1' }),
      key.sign({}, { kid: undefined, jwk: key.jwk }),
      key.sign({}, { kid: 'x', jku: 'http://127.0.0.1/jwks', x5u: 'http://127.0.0.1/x' }),
      `${header}.${payload}.${signature}.${payload}.${signature}`, // encrypted ones have five parts
      key.sign(valid, { cty: 'JWT' }),
      `${header}.${payload}.${signature?.replace(/.$/, 'é')}`,
      `${header}.${payload}.${signature?.slice(0, -1)}`,
      `${header}.${payload}.${signature}AAAA`,
      `${header}.${payload}\t.${signature}`,
      `${Buffer.from(`{"alg":"HS256","kid":"k1","a":${'['.repeat(20_000)}`).toString('base64url')}.${payload}.x`,
      JSON.stringify({ protected: header, payload, signature: [signature] }),
      JSON.stringify({ payload, signatures: [{ protected: header, signature }] }),
      key.sign([1, 2]),
      key.sign({ exp: 'tomorrow' }),
      key.sign({ filler: 'x'.repeat(70_000) }),
    ]
    for (const token of bad) {
      const { status, body } = await gateway.request('/a', bearer(token))
      assert.equal(status, 401, token.slice(0, 100))
      assert.equal(body, '')
    }
    assert.equal(
      (await gateway.request('/a', { headers: { Authorization: [`Bearer ${valid}`, 'Bearer x'] } })).status,
      401,
    )
    assert.equal((await gateway.request('/a', bearer(valid))).status, 200)
  })

  test('the flattened JSON form is accepted', async (t) => {
    const key = tokenKey('ES256')
    const { gateway } = await guarded(t, key)
    const [header, payload, signature] = key.sign({ sub: 'ann' }).split('.')
    const token = JSON.stringify({ protected: header, payload, signature })
    assert.equal((await gateway.request('/a', bearer(token))).status, 200)
  })

  test('a key is found by the thumbprint of its certificate', async (t) => {
    const key = tokenKey('HS256')
    const set = [{ ...key.jwk, kid: 'other', x5t: 'dGh1bWI' }]
    const thumb = { jwk_local_path: writeKeySet(t, set), key_identify_strategy: 'x5t' }
    const { gateway } = await guarded(t, key, thumb)
    const { gateway: both } = await guarded(t, key, { ...thumb, key_identify_strategy: 'kid_x5t' })
    assert.equal((await gateway.request('/a', bearer(key.sign({}, { x5t: 'dGh1bWI' })))).status, 200)
    assert.equal((await gateway.request('/a', bearer(key.sign({}, { x5t: 'b3RoZXI' })))).status, 401)
    assert.equal((await both.request('/a', bearer(key.sign({}, { kid: 'other', x5t: 'dGh1bWI' })))).status, 200)
    assert.equal((await both.request('/a', bearer(key.sign({}, { x5t: 'dGh1bWI' })))).status, 401)
  })
})

describe('claims', () => {
  test('a token that was accepted is refused once it has expired', async (t) => {
    const clock = createClock()
    const key = tokenKey('HS256')
    const gateway = await createTestGateway({
      ...{ t, clock, upstreams: { 'http://up.test': { 'GET /ok': () => ({ json: {} }) } } },
      config: {
        host: ['http://up.test'],
        endpoints: [
          {
            endpoint: '/a',
            backend: [{ url_pattern: '/ok' }],
            extra_config: {
              'auth/validator': { alg: 'HS256', jwk_local_path: writeKeySet(t, [key.jwk]), leeway: '2s' },
            },
          },
        ],
      },
    })
    const exp = Math.floor(clock.wallTime() / 1000) + 10
    const ask = async () => (await gateway.fetch('/a', bearer(key.sign({ exp })))).status
    assert.equal(await ask(), 200)
    await clock.advance(11_000)
    assert.equal(await ask(), 200, 'within the leeway')
    await clock.advance(3_000)
    assert.equal(await ask(), 401)
  })

  test('times, required claims, issuer and audience', async (t) => {
    const key = tokenKey('HS256')
    const { gateway } = await guarded(t, key, { required_claims: ['exp'], issuer: 'me', audience: ['x', 'y'] })
    const good = { exp: NOW_S + 60, iss: 'me', aud: ['y', 'x', 'z'] }
    const statusOf = async (claims: unknown) => (await gateway.request('/a', bearer(key.sign(claims)))).status
    assert.equal(await statusOf(good), 200)
    const { exp, ...endless } = good
    assert.equal(exp > 0, true)
    const bad = [
      endless,
      { ...good, exp: null },
      { ...good, exp: NOW_S - 60 },
      { ...good, nbf: NOW_S + 60 },
      { ...good, iat: NOW_S + 60 },
      { ...good, iss: 'you' },
      { ...good, aud: 'x' },
      { ...good, aud: { x: 1, y: 1 } },
    ]
    for (const claims of bad) assert.equal(await statusOf(claims), 401, JSON.stringify(claims))
  })

  test('roles and scopes: lists with other things than texts are no roles', async (t) => {
    const key = tokenKey('HS256')
    const { gateway } = await guarded(t, key, {
      ...{ roles: ['admin'], roles_key: 'a.b', roles_key_is_nested: true },
      ...{ scopes: ['read', 'write'], scopes_key: 'scope', scopes_matcher: 'all', www_authenticate: true },
    })
    const answer = (claims: unknown) => gateway.request('/a', bearer(key.sign(claims)))
    assert.equal((await answer({ a: { b: ['admin'] }, scope: 'write read' })).status, 200)
    assert.equal((await answer({ a: { b: ['admin', 1] }, scope: 'write read' })).status, 403)
    assert.equal((await answer({ a: { b: { admin: 1 } }, scope: 'write read' })).status, 403)
    const short = await answer({ a: { b: 'x admin' }, scope: 'write' })
    assert.equal(short.status, 403)
    assert.equal(short.header('www-authenticate'), 'Bearer error="insufficient_scope", scope="read write"')
    assert.equal((await gateway.request('/a')).header('www-authenticate'), 'Bearer')
  })

  test('headers get claims, and nothing that a client or a claim could smuggle in', async (t) => {
    const key = tokenKey('HS256')
    const { gateway, backend } = await guarded(
      t,
      key,
      {
        propagate_claims: [
          ['sub', 'x-user'],
          ['id', 'X-Id'],
          ['none', 'x-none'],
        ],
      },
      { input_headers: ['*'] },
    )
    const ask = async (claims: string) => {
      const [header = ''] = key.sign({}).split('.')
      const secret = createSecretKey(Buffer.from(String(key.jwk.k), 'base64url'))
      const token = signText(secret, header, claims)
      const forged = { 'X-User': 'forged', 'x-id': ['1', '2'], 'X-NONE': 'forged' }
      return (await gateway.request('/a', { headers: { ...forged, Authorization: token } })).status
    }
    assert.equal(await ask('{"sub":"Zoë 猫","id":9007199254740993}'), 200)
    const [call] = backend.received
    assert.deepEqual(
      call?.values('x-user').map((value) => Buffer.from(value, 'latin1').toString()),
      ['Zoë 猫'],
    )
    assert.deepEqual(call?.values('x-id'), ['9007199254740993'])
    assert.deepEqual(call?.values('x-none'), [''])
    const sent = { Authorization: key.sign({ sub: 'bob' }), Connection: 'close, X-User , x-id', 'X-Other': '1' }
    assert.equal((await gateway.request('/a', { headers: sent })).status, 200)
    assert.deepEqual(backend.received[1]?.values('x-user'), ['bob'], 'whatever the client calls its connection')
    assert.equal(await ask(JSON.stringify({ sub: 'ann\r\nX-Admin: yes' })), 401)
    assert.equal(await ask(JSON.stringify({ sub: 'ann\0' })), 401)
    assert.equal(backend.received.length, 2)
  })

  test('claims in URLs stay within their segment; without one the call is not made', async (t) => {
    const key = tokenKey('HS256')
    const { gateway, backend } = await guarded(t, key, {}, { url_pattern: '/u/{JWT.sub}/x?t={JWT.org.id}' })
    const ask = async (claims: unknown) => (await gateway.request('/a', bearer(key.sign(claims)))).status
    assert.equal(await ask({ sub: '../a b?x#y', 'org.id': '1&z=2' }), 200)
    assert.equal(backend.received[0]?.target, '/u/..%2Fa%20b%3Fx%23y/x?t=1%26z%3D2')
    for (const claims of [
      { sub: 'ann' },
      { sub: '', 'org.id': '1' },
      { sub: '..', 'org.id': '1' },
      { sub: '..;x', 'org.id': '1' },
      {},
    ]) {
      assert.equal(await ask(claims), 400, JSON.stringify(claims))
    }
    assert.equal(backend.received.length, 1)
  })
})

/** For claims that no object of JavaScript can hold. */
function signText(secret: KeyObject, header: string, claims: string): string {
  const signed = `${header}.${Buffer.from(claims).toString('base64url')}`
  return `${signed}.${signatureAlgorithm('HS256').sign(Buffer.from(signed), secret).toString('base64url')}`
}

test('a token that one endpoint has accepted is judged anew by each other one', async (t) => {
  const [key, other] = [tokenKey('HS256'), tokenKey('HS256')]
  const backend = await startBackend(t, { '*': { json: {} } })
  const own = { alg: 'HS256', jwk_local_path: writeKeySet(t, [key.jwk]) }
  const rules: Readonly<Record<string, object>> = {
    '/any': own,
    '/admin': { ...own, roles: ['admin'] },
    '/issuer': { ...own, issuer: 'other' },
    '/expiring': { ...own, required_claims: ['exp'] },
    '/hs512': { ...own, alg: 'HS512' },
    '/keys': { ...own, jwk_local_path: writeKeySet(t, [other.jwk]) },
    '/header': { ...own, auth_header_name: 'X-Token' },
  }
  const gateway = await startGateway(t, {
    endpoints: Object.entries(rules).map(([endpoint, validator]) => ({
      endpoint,
      backend: [{ host: [backend.url], url_pattern: '/ok' }],
      extra_config: { 'auth/validator': validator },
    })),
  })
  const token = bearer(key.sign({ sub: 'ann' }))
  const expected = [200, 403, 401, 401, 401, 401, 401]
  for (let i = 0; i < 2; i++) {
    const answers = await Promise.all(Object.keys(rules).map((path) => gateway.request(path, token)))
    assert.deepEqual(
      answers.map(({ status }) => status),
      expected,
    )
  }
  assert.equal(backend.received.length, 2)
})

test('a limit that counts by a claim cannot be evaded by sending the header, nor without the claim', async (t) => {
  const key = tokenKey('HS256')
  const limit = { client_max_rate: 1, every: '1h', strategy: 'header', key: 'X-User' }
  const validator = {
    ...{ alg: 'HS256', jwk_local_path: writeKeySet(t, [key.jwk]) },
    propagate_claims: [['sub', 'x-user']],
  }
  const { gateway } = await guarded(
    t,
    key,
    {},
    {
      extra_config: { 'auth/validator': validator, 'qos/ratelimit/router': limit },
    },
  )
  const ask = async (claims: unknown, forged: string | readonly string[]) => {
    const headers = { ...bearer(key.sign(claims)).headers, 'x-USER': forged }
    return (await gateway.request('/a', { headers })).status
  }
  assert.equal((await gateway.request('/a', { headers: { 'X-User': 'ann' } })).status, 401, 'costs no token')
  assert.equal(await ask({ sub: 'ann' }, 'a'), 200)
  assert.equal(await ask({ sub: 'ann' }, 'b'), 429)
  assert.equal(await ask({ sub: 'ann' }, ['c', 'd']), 429)
  assert.equal(await ask({}, 'e'), 429)
  assert.equal(await ask({ sub: 'bob' }, 'ann'), 200)
})

test('options that ask for more than they get stop the start; with --lenient a warning says so', async (t) => {
  const key = tokenKey('HS256')
  const noKey = { scopes: ['read'] }
  const matcher = { scopes: ['read', 'write'], scopes_key: 'scope', scopes_matcher: 'ALL' }
  const refused = (options: object, message: RegExp) => assert.rejects(guarded(t, key, { ...options }), message)
  await refused(noKey, /extra_config\."auth\/validator": scopes are not checked without scopes_key/)
  await refused(matcher, /scopes_matcher "ALL" is taken for "any"/)
  const file = { alg: 'HS256', jwk_local_path: writeKeySet(t, [key.jwk]), disable_jwk_security: true }
  const endpoint = {
    endpoint: '/a',
    backend: [{ host: ['http://backend.example'], url_pattern: '/' }],
    extra_config: { 'auth/validator': { ...file, ...noKey } },
  }
  const { log } = await startGateway(t, { endpoints: [endpoint] }, { lenient: true })
  assert.ok(log.all.some((line) => /WARNING.*scopes are not checked/.test(line)))

  const empty = { issuer: '', audience: [], roles: [], jwk_fingerprints: ['x'] }
  const { gateway } = await guarded(t, key, empty)
  assert.deepEqual(
    gateway.diagnostics.map(({ path }) => path.slice(path.lastIndexOf('.') + 1)),
    ['issuer', 'audience', 'roles', 'jwk_fingerprints'],
  )
})

test('options that are wrong never open an endpoint, with --lenient neither', async (t) => {
  const backend = await startBackend(t, { '*': { json: {} } })
  const config = {
    endpoints: [
      {
        endpoint: '/a',
        backend: [{ host: [backend.url], url_pattern: '/ok' }],
        extra_config: { 'auth/validator': { alg: 'none', roles: { admin: true } } },
      },
    ],
  }
  await assert.rejects(startGateway(t, config), /"none" is not one of/)
  const gateway = await startGateway(t, config, { lenient: true })
  assert.equal((await gateway.request('/a')).status, 401)
  assert.equal((await gateway.request('/a', bearer(tokenKey().sign({ roles: ['admin'] })))).status, 401)
  assert.equal(backend.received.length, 0)
})
