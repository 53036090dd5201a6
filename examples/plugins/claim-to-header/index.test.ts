import assert from 'node:assert/strict'
import { createHmac, createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, createClock, createTestGateway } from 'loligo/testing'
import { claimToHeader } from './index.ts'
import { createTokenCheck } from './jwt/token.ts'

const SECRET = 'a secret of at least thirty-two bytes'
const NOW = Date.parse('2026-03-01T12:00:00Z') / 1000
const CLAIMS = {
  ...{ sub: 'ada', exp: NOW + 600, iss: 'https://id.test', aud: ['shop', 'stock'] },
  realm: { roles: ['reader', 'a,admin'] },
  'https://id.test/tenant': 'naïve\r\nX-Evil: 1',
}
const HEADERS = { sub: 'X-User', 'realm.roles': 'X-Roles', 'https://id.test/tenant': 'X-Tenant', level: 'X-Level' }
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function token(claims: object, head: object = { alg: 'HS256', typ: 'JWT' }, seal = hs256): string {
  const signed = `${base64url(head)}.${base64url(claims)}`
  return `${signed}.${seal(signed).toString('base64url')}`
}

const hs256 = (signed: string) => createHmac('sha256', SECRET).update(signed).digest()
const rs256 = (signed: string) => sign('sha256', Buffer.from(signed), rsa.privateKey)
const es256 = (signed: string) => sign('sha256', Buffer.from(signed), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' })

function configWith(options: object) {
  const block = { alg: 'HS256', key: SECRET, claims: HEADERS, ...options }
  return {
    host: ['http://users.test'],
    endpoints: [
      {
        endpoint: '/me',
        input_headers: ['Authorization', ...Object.values(HEADERS)],
        backend: [{ url_pattern: '/me' }],
        extra_config: { 'plugin/http-server': { name: ['claim-to-header'], 'claim-to-header': block } },
      },
    ],
  }
}

const open = (t: { after(close: () => Promise<void>): void }, options: object = {}) =>
  createTestGateway({
    ...{ t, plugins: [claimToHeader], config: configWith(options) },
    ...{ upstreams: { 'http://users.test': { json: {} } }, clock: createClock({ now: NOW * 1000 }) },
  })

const bearer = (text: string) => ({ headers: { Authorization: `Bearer ${text}`, 'X-User': 'root', 'X-Level': '9' } })

test('claims become headers, and what the client sent under these names is gone', async (t) => {
  const gateway = await open(t, { issuer: 'https://id.test', audience: 'stock' })
  assert.equal((await gateway.fetch('/me', bearer(token(CLAIMS)))).status, 200)
  const headers = gateway.calls()[0]?.headers
  assert.deepEqual(headers?.getAll('X-User'), ['ada'])
  assert.equal(headers.get('X-Roles'), 'reader,a%2Cadmin')
  assert.equal(headers.get('X-Tenant'), 'na%C3%AFve%0D%0AX-Evil: 1')
  assert.equal(headers.get('X-Level'), null)
  assert.match(headers.get('Authorization') ?? '', /^Bearer /)
})

test('numbers and booleans are written, objects are not, and the token may be kept back', async (t) => {
  const gateway = await open(t, { remove_token: true })
  await gateway.fetch(
    '/me',
    bearer(token({ exp: NOW + 1, sub: { name: 'ada' }, level: 3, realm: { roles: [true, {}] } })),
  )
  const headers = gateway.calls()[0]?.headers
  assert.equal(headers?.get('X-Level'), '3')
  assert.equal(headers.get('X-User'), null)
  assert.equal(headers.get('X-Roles'), null)
  assert.equal(headers.get('Authorization'), null)
})

const wrong = (signed: string) => createHmac('sha256', 'another secret').update(signed).digest()
const refused: [what: string, token: string, reason: string][] = [
  ['no token', 'a.b', 'it is no signed JWT'],
  ['an unsigned one', `${base64url({ alg: 'none' })}.${base64url(CLAIMS)}.`, 'it is no signed JWT'],
  ['one that says it is unsigned', token(CLAIMS, { alg: 'none' }), 'its algorithm is not the one that is expected'],
  ['another algorithm', token(CLAIMS, { alg: 'RS256' }, rs256), 'its algorithm is not the one that is expected'],
  ['another key', token(CLAIMS, { alg: 'HS256' }, wrong), 'its signature is not valid'],
  ['an extension', token(CLAIMS, { alg: 'HS256', crit: ['exp'] }), 'it demands an extension'],
  ['no object', token([1], { alg: 'HS256' }), 'it holds no claims'],
  ['no end', token({ sub: 'ada' }), 'it has no time of expiry'],
  ['an end that is no number', token({ ...CLAIMS, exp: '9999999999' }), 'it has no time of expiry'],
  ['one that has ended', token({ ...CLAIMS, exp: NOW - 30 }), 'it has expired'],
  ['one that has not begun', token({ ...CLAIMS, nbf: NOW + 31 }), 'it is not valid yet'],
  ['another issuer', token({ ...CLAIMS, iss: 'https://evil.test' }), 'it is of another issuer'],
  ['another audience', token({ ...CLAIMS, aud: 'bank' }), 'it is meant for others'],
  ['a very long one', token({ ...CLAIMS, pad: 'x'.repeat(9000) }), 'it is no signed JWT'],
]

test('a token that does not fulfil all demands is refused, with the reason', async (t) => {
  const gateway = await open(t, { issuer: 'https://id.test', audience: 'stock' })
  for (const [what, text, reason] of refused) {
    const answer = await gateway.fetch('/me', bearer(text))
    assert.equal(answer.status, 401, what)
    assert.equal(
      answer.headers.get('WWW-Authenticate'),
      `Bearer realm="gateway", error="invalid_token", error_description="${reason}"`,
    )
  }
  assert.equal(gateway.calls().length, 0)
})

test('clocks may be apart by the leeway', async (t) => {
  const gateway = await open(t)
  for (const claims of [{ exp: NOW - 29 }, { exp: NOW + 60, nbf: NOW + 30 }]) {
    assert.equal((await gateway.fetch('/me', bearer(token(claims)))).status, 200)
  }
})

test('a request without a token is refused, or passes without any of the headers', async (t) => {
  const strict = await open(t)
  for (const headers of [{}, { Authorization: 'Basic YTpi' }, { Authorization: 'Bearer' }]) {
    const answer = await strict.fetch('/me', { headers })
    assert.equal(answer.status, 401)
    assert.equal(answer.headers.get('WWW-Authenticate'), 'Bearer realm="gateway"')
  }
  const loose = await open(t, { required: false })
  assert.equal((await loose.fetch('/me', { headers: { 'X-User': 'root' } })).status, 200)
  assert.equal(loose.calls()[0]?.headers.get('X-User'), null)
  assert.equal((await loose.fetch('/me', bearer('a.b.c'))).status, 401, 'a bad token is worse than none')
})

test('tokens may be signed with RSA and with elliptic curves; the key may come from a file', async (t) => {
  const file = join(tmpdir(), `claim-to-header-${process.pid}.pem`)
  writeFileSync(file, pem(ec.publicKey))
  t.after(() => rmSync(file))
  const byRsa = await open(t, { alg: 'RS256', key: pem(rsa.publicKey) })
  const byCurve = await open(t, { alg: 'ES256', key: undefined, key_file: file })
  const rsaToken = token(CLAIMS, { alg: 'RS256' }, rs256)
  const curveToken = token(CLAIMS, { alg: 'ES256' }, es256)
  assert.equal((await byRsa.fetch('/me', bearer(rsaToken))).status, 200)
  assert.equal((await byCurve.fetch('/me', bearer(curveToken))).status, 200)
  assert.equal((await byRsa.fetch('/me', bearer(curveToken))).status, 401)
  // The public key as the secret of an HMAC: the attack that a pinned algorithm is for.
  const confused = (signed: string) => createHmac('sha256', pem(rsa.publicKey)).update(signed).digest()
  assert.equal((await byRsa.fetch('/me', bearer(token(CLAIMS, { alg: 'HS256' }, confused)))).status, 401)
  assert.equal((await byRsa.fetch('/me', bearer(token(CLAIMS, { alg: 'RS256' }, confused)))).status, 401)
})

test('a key that does not fit stops the start', async () => {
  const privateKey = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  for (const [options, message] of [
    [{ key: 'too short' }, /at least 32 bytes/],
    [{ key: undefined }, /give one of "key", "key_env" and "key_file"/],
    [{ key_env: 'A' }, /give one of/],
    [{ key: undefined, key_env: 'CLAIM_TO_HEADER_NOT_SET' }, /CLAIM_TO_HEADER_NOT_SET is not set/],
    [{ alg: 'RS256', key: pem(ec.publicKey) }, /RS256 needs an RSA key/],
    [{ alg: 'ES256', key: pem(rsa.publicKey) }, /ES256 needs a key on the curve P-256/],
    [{ alg: 'RS256', key: privateKey }, /this is a private key/],
    [{ alg: 'RS256' }, /the key is no public key in PEM/],
    [{ alg: 'HS512' }, /\.alg/],
  ] as const) {
    await assert.rejects(
      createTestGateway({ plugins: [claimToHeader], config: configWith(options) }),
      (error) => error instanceof ConfigError && message.test(error.message),
    )
  }
})

test('the examples of RFC 7515, sections A.1 and A.3, are read', () => {
  const payload = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'
  const claims = { iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true }
  const secret = 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow'
  const point = {
    x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
    y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
  }
  const common = { leewayMs: 0, issuer: 'joe', audience: null }
  const hmac = createTokenCheck({
    ...{ algorithm: 'HS256', key: createSecretKey(Buffer.from(secret, 'base64url')), ...common },
  })
  const curve = createTokenCheck({
    algorithm: 'ES256',
    key: createPublicKey({ key: { kty: 'EC', crv: 'P-256', ...point }, format: 'jwk' }),
    ...common,
  })
  const byHmac = `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`
  const byCurve = `eyJhbGciOiJFUzI1NiJ9.${payload}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`
  assert.deepEqual(hmac(byHmac, 1300819379_999), claims)
  assert.deepEqual(curve(byCurve, 1300819379_999), claims)
  assert.equal(hmac(byHmac, 1300819380_000), 'it has expired')
})

test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    upstreams: { 'http://localhost:8080': { json: {} } },
  })
  const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  const [authorization = ''] = /Bearer \S+(?=')/.exec(readme) ?? []
  assert.equal((await gateway.fetch('/hello')).status, 401)
  assert.equal((await gateway.fetch('/hello', { headers: { Authorization: authorization } })).status, 200)
  assert.equal(gateway.calls()[0]?.headers.get('X-User'), 'ada')
  assert.equal(gateway.calls()[0]?.headers.get('X-Roles'), 'reader,writer')
})
