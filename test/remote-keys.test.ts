import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type Received, type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'
import { bearer, type TokenKey, tokenKey } from './support/tokens.ts'

/** An endpoint whose keys come from a server that answers with what `set` holds at that moment. */
async function withKeyServer(t: TestContext, set: { reply: Reply }, options: Readonly<Record<string, unknown>> = {}) {
  const backend = await startBackend(t, {
    '/ok': { json: {} },
    '/jwks': (request: Received, response) => {
      const { reply } = set
      if (typeof reply === 'function') reply(request, response)
      else response.setHeader('Content-Type', 'application/json').end(JSON.stringify(reply.json))
    },
  })
  const validator = { alg: 'HS256', jwk_url: `${backend.url}/jwks`, disable_jwk_security: true, ...options }
  const gateway = await startGateway(t, {
    endpoints: ['/a', '/b'].map((endpoint) => ({
      endpoint,
      backend: [{ host: [backend.url], url_pattern: '/ok' }],
      extra_config: { 'auth/validator': validator },
    })),
  })
  const ask = async (key: TokenKey, path = '/a', header = {}) =>
    (await gateway.request(path, bearer(key.sign({ sub: 'ann' }, header)))).status
  const downloads = () => backend.received.filter(({ target }) => target === '/jwks').length
  return { gateway, ask, downloads }
}

const keySet = (...keys: readonly TokenKey[]): Reply => ({ json: { keys: keys.map(({ jwk }) => jwk) } })
const [first, second, other] = [tokenKey('HS256', 'k1'), tokenKey('HS256', 'k2'), tokenKey('HS256', 'k3')]

describe('cached keys', () => {
  test('one download for all endpoints; a new key is fetched when it is first used', async (t) => {
    const set = { reply: keySet(first) }
    const { ask, downloads } = await withKeyServer(t, set, { cache: true })
    assert.deepEqual(
      await Promise.all([ask(first), ask(first, '/b'), ask(first), ask(first, '/b')]),
      [200, 200, 200, 200],
    )
    assert.equal(downloads(), 1)
    set.reply = keySet(second)
    assert.equal(await ask(second), 200)
    assert.equal(downloads(), 2)
    assert.equal(await ask(first), 401, 'it is not in the set any more, though the token was known')
  })

  test('a key that is replaced under the same kid verifies no more', async (t) => {
    const replaced = tokenKey('HS256', 'k1')
    const set = { reply: keySet(first) }
    const { ask } = await withKeyServer(t, set, { cache: true })
    assert.equal(await ask(first), 200)
    set.reply = keySet(replaced, second)
    assert.equal(await ask(second), 200)
    assert.equal(await ask(first), 401)
    assert.equal(await ask(replaced), 200)
  })

  test('keys that are known go on while their server is down', async (t) => {
    const set: { reply: Reply } = { reply: keySet(first) }
    const { ask, downloads, gateway } = await withKeyServer(t, set, { cache: true, cache_duration: 0 })
    assert.equal(await ask(first), 200)
    set.reply = (_, response) => void response.destroy()
    const before = downloads()
    assert.deepEqual([await ask(first), await ask(first), await ask(first)], [200, 200, 200])
    assert.equal(downloads(), before + 1, 'it is not asked again at once')
    assert.equal(await ask(second), 401)
    assert.match(gateway.log.all.join('\n'), /\[JWTValidator\] the key set cannot be fetched/)
  })

  test('the cool-down holds for one unknown key, the limit for all of them', async (t) => {
    const set = { reply: keySet(first) }
    const { ask, downloads } = await withKeyServer(t, set, { cache: true, failed_jwk_key_cooldown: '1h' })
    assert.equal(await ask(first), 200)
    assert.deepEqual([await ask(other), await ask(other), await ask(other, '/b')], [401, 401, 401])
    assert.equal(downloads(), 2)
    for (let i = 0; i < 40; i++) assert.equal(await ask(other, '/a', { kid: `random-${i}` }), 401)
    assert.ok(downloads() <= 12, `${downloads()} downloads`)
    assert.equal(await ask(first), 200)
  })
})

describe('what a key server can do', () => {
  const answers: Readonly<Record<string, Reply>> = {
    'a page': { headers: { 'Content-Type': 'text/html' }, body: '<html>' },
    'a list': { json: [first.jwk] },
    'an empty set': { json: { keys: [] } },
    'keys that are none': { json: { keys: [{ kty: 'oct', kid: 'k1' }, { ...first.jwk, k: 7 }, 'k1'] } },
    'a huge set': { json: { keys: [first.jwk], filler: 'x'.repeat(300_000) } },
    'half a set': (_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' })
      response.write(JSON.stringify({ keys: [first.jwk] }))
      response.destroy()
    },
    'a redirect to itself': (_, response) => void response.writeHead(302, { Location: '/jwks' }).end(),
    nothing: (_, response) => void response.destroy(),
  }
  for (const [title, reply] of Object.entries(answers)) {
    test(`${title} opens no endpoint, and known keys go on`, async (t) => {
      const send: Reply = (request, response) => {
        if (typeof reply === 'function') return reply(request, response)
        const { json, headers = { 'Content-Type': 'application/json' }, body = JSON.stringify(json) } = reply
        response.writeHead(200, headers as Record<string, string>).end(body)
      }
      const set: { reply: Reply } = { reply: send }
      const { ask } = await withKeyServer(t, set)
      assert.equal(await ask(first), 401)
      set.reply = keySet(first)
      assert.equal(await ask(first), 200)
      const kept: { reply: Reply } = { reply: keySet(first) }
      const { ask: askKept } = await withKeyServer(t, kept, { cache: true })
      assert.equal(await askKept(first), 200)
      kept.reply = send
      assert.equal(await askKept(second), 401)
      if (title !== 'keys that are none') assert.equal(await askKept(first), 200)
    })
  }

  test('a slow one holds up nobody whose key is known', async (t) => {
    const set: { reply: Reply } = { reply: keySet(first) }
    const { ask, downloads } = await withKeyServer(t, set, { cache: true })
    assert.equal(await ask(first), 200)
    const asked = Promise.withResolvers<() => void>()
    set.reply = (_, response) => asked.resolve(() => response.destroy())
    const waiting = ask(second)
    const end = await asked.promise
    assert.deepEqual([await ask(first), await ask(first, '/b'), downloads()], [200, 200, 2])
    end()
    assert.equal(await waiting, 401)
  })

  test('two of them with keys of one name are not mixed up', async (t) => {
    const [one, two] = [tokenKey('HS256', 'same'), tokenKey('HS256', 'same')]
    const backend = await startBackend(t, {
      '/ok': { json: {} },
      '/one': { json: { keys: [one.jwk] } },
      '/two': { json: { keys: [two.jwk] } },
    })
    const gateway = await startGateway(t, {
      extra_config: { 'auth/validator': { shared_cache_duration: 60 } },
      endpoints: ['/one', '/two'].map((endpoint) => ({
        endpoint,
        backend: [{ host: [backend.url], url_pattern: '/ok' }],
        extra_config: {
          'auth/validator': {
            ...{ alg: 'HS256', jwk_url: backend.url + endpoint, disable_jwk_security: true, cache: true },
          },
        },
      })),
    })
    const ask = async (path: string, key: TokenKey) => (await gateway.request(path, bearer(key.sign({})))).status
    for (let i = 0; i < 2; i++) {
      assert.deepEqual([await ask('/one', one), await ask('/two', two)], [200, 200])
      assert.deepEqual([await ask('/one', two), await ask('/two', one)], [401, 401])
    }
  })
})

test('without cache each token asks the key server, at the same time once', async (t) => {
  const set = { reply: keySet(first) }
  const { ask, downloads } = await withKeyServer(t, set)
  assert.equal(await ask(first), 200)
  assert.equal(downloads(), 2)
  set.reply = keySet(second)
  assert.equal(await ask(first), 401)
  assert.equal(await ask(second), 200)
})

test('a validator that could not guard stops the start', async (t) => {
  const refused = (options: Readonly<Record<string, unknown>>) =>
    startGateway(t, {
      endpoints: [
        {
          endpoint: '/a',
          backend: [{ host: ['http://backend.example'], url_pattern: '/' }],
          extra_config: { 'auth/validator': options },
        },
      ],
    })
  const url = 'https://keys.example/jwks'
  const place = String.raw`endpoints\[0\]\.extra_config\."auth/validator": `
  const told = async (options: Readonly<Record<string, unknown>>, reason: string) =>
    assert.rejects(refused(options), new RegExp(place + reason))
  await told({ alg: 'HS256', jwk_url: 'http://keys.example/jwks' }, '.*insecure connection')
  await told({ alg: 'HS256' }, 'neither jwk_local_path nor jwk_url')
  await told({ jwk_url: url }, 'alg is missing')
  await told({ alg: 'HS256', jwk_local_path: '/nowhere/jwks.json' }, 'the key set /nowhere/jwks.json cannot be read')
  await told({ alg: 'HS256', jwk_url: url, jwk_local_ca: '/nowhere/ca.pem' }, '.*ca.pem')
  await told({ alg: 'HS256', jwk_url: url, cipher_suites: [7] }, 'the cipher suite 7')
  await told({ alg: 'HS256', jwk_url: url, propagate_claims: [['sub', 'no name']] }, '.*no name of a header')
})
