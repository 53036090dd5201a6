import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, type TestContext, test } from 'node:test'
import { fnv128 } from '../src/auth/revocation-hashes.ts'
import { createClock } from '../src/testing/clock.ts'
import { createTestGateway } from '../src/testing/gateway.ts'
import type { RequestOptions } from './support/client.ts'
import { startBackend } from './support/start-backend.ts'
import { type StartOptions, startGateway } from './support/start-gateway.ts'
import { startThreads } from './support/start-threads.ts'

type Options = Readonly<Record<string, unknown>>

const NAMESPACE = 'auth/api-keys'
const KEYS = [
  { key: 'key-of-ann', roles: ['reader', 'writer'] },
  { key: 'key-of-bob', roles: ['writer'] },
  { '@for': 'nobody yet', key: 'key-of-eve' },
]

/** `/guarded` with the block of an endpoint, and `/open`. */
async function start(t: TestContext, service: Options | null, block: Options, options: StartOptions = {}) {
  const backend = await startBackend(t, { '*': { json: { ok: true } } })
  const gateway = await startGateway(
    t,
    {
      host: [backend.url],
      extra_config: service === null ? {} : { [NAMESPACE]: service },
      endpoints: [
        {
          ...{ endpoint: '/guarded', input_headers: ['X-Role', 'X-Key'], input_query_strings: ['page'] },
          backend: [{ url_pattern: '/' }],
          extra_config: { [NAMESPACE]: block },
        },
        { endpoint: '/open', backend: [{ url_pattern: '/' }] },
      ],
    },
    options,
  )
  const statusOf = async (headers: RequestOptions['headers'] = {}, target = '/guarded') =>
    (await gateway.request(target, { headers })).status
  return { backend, gateway, statusOf }
}

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` })

describe('an endpoint that wants keys', () => {
  test('takes known ones with one of its roles', async (t) => {
    const { gateway, backend, statusOf } = await start(t, { keys: KEYS }, { roles: ['reader', 'admin'] })
    const refused = await gateway.request('/guarded')
    assert.deepEqual([refused.status, refused.body, refused.header('x-krakend')], [401, '', null])
    assert.equal(refused.header('x-krakend-completed'), null)
    for (const key of ['key-of-bob', 'key-of-eve', 'key-of-an', 'key-of-annx', 'KEY-OF-ANN', 'x'.repeat(5000)]) {
      assert.equal(await statusOf({ Authorization: key }), 401, key)
    }
    assert.equal(backend.received.length, 0)
    for (const Authorization of ['key-of-ann', 'Bearer key-of-ann', 'bearer key-of-ann']) {
      assert.equal(await statusOf({ Authorization }), 200, Authorization)
    }
    assert.equal(await statusOf({ Authorization: 'Basic key-of-ann' }), 401)
    assert.equal(await statusOf({ Authorization: ['key-of-ann', 'key-of-ann'] }), 401, 'which of both?')
    assert.equal(await statusOf({}, '/open'), 200)
  })

  test('without roles takes every known one', async (t) => {
    const { statusOf } = await start(t, { keys: KEYS }, { roles: [] })
    for (const { key } of KEYS) assert.equal(await statusOf(bearer(key)), 200)
    assert.equal(await statusOf(bearer('other')), 401)
  })

  test('roles are told apart by case', async (t) => {
    const { statusOf } = await start(t, { keys: KEYS }, { roles: ['Reader'] })
    assert.equal(await statusOf(bearer('key-of-ann')), 401)
  })

  test('looks at the header that it or the service names', async (t) => {
    const service = { keys: KEYS, strategy: 'header', identifier: 'X-Key' }
    const inheriting = await start(t, service, { roles: [] })
    assert.equal(await inheriting.statusOf({ 'x-key': 'key-of-ann' }), 200)
    assert.equal(await inheriting.statusOf({ 'X-Key': 'Bearer key-of-ann' }), 401)
    assert.equal(await inheriting.statusOf(bearer('key-of-ann')), 401)
    const other = await start(t, service, { roles: [], strategy: 'header', identifier: 'X-Other' })
    assert.equal(await other.statusOf({ 'X-Other': 'key-of-ann' }), 200)
    assert.equal(await other.statusOf({ 'X-Key': 'key-of-ann' }), 401)
  })

  test('looks at the query, and no log shows the key', async (t) => {
    const service = { keys: KEYS, strategy: 'header', identifier: 'X-Key' }
    const { gateway, backend, statusOf } = await start(t, service, { roles: [], strategy: 'query_string' })
    assert.equal(await statusOf({}, '/guarded?page=1&key=key-of-ann&x=key-of'), 200)
    assert.equal(backend.received[0]?.target, '/?page=1')
    assert.match(await gateway.accessLog.find(/ 200 /), /"\/guarded\?page=1&key=\*\*\*&x=key-of"/)
    assert.equal(await statusOf({}, '/guarded?k%65y=key%2Dof%2Dann'), 200)
    assert.match(await gateway.accessLog.find(/k%65y/), /"\/guarded\?k%65y=\*\*\*"/)
    for (const query of [
      '',
      '?',
      '?key',
      '?key=',
      '?key=wrong-one',
      '?key=key-of-ann&key=key-of-ann',
      '?Key=key-of-ann',
    ]) {
      assert.equal(await statusOf({ 'X-Key': 'key-of-ann' }, `/guarded${query}`), 401, query)
    }
    assert.doesNotMatch(gateway.log.all.join('\n'), /key-of-ann|wrong-one/)
    assert.doesNotMatch(gateway.accessLog.all.join('\n'), /[?&]key=key-of-ann|wrong-one/)
  })

  test('tells backends the role, and nobody else can', async (t) => {
    const service = { keys: KEYS, propagate_role: 'x-role' }
    const some = await start(t, service, { roles: ['writer', 'reader'] })
    const forged = { 'X-Role': ['admin', 'root'], 'x-ROLE': 'owner', Connection: 'close, x-role' }
    assert.equal(await some.statusOf({ ...bearer('key-of-ann'), ...forged }), 200)
    assert.deepEqual(some.backend.received[0]?.values('x-role'), ['reader'], 'the first of the key')
    const any = await start(t, service, { roles: [] })
    assert.equal(await any.statusOf({ ...bearer('key-of-eve'), ...forged }), 200)
    assert.deepEqual(any.backend.received[0]?.values('x-role'), ['ANY'])
  })
})

test('a refused request costs no token of the rate limit, and the cache gives no key the answer of another', async (t) => {
  const backend = await startBackend(t, {
    '/': (request, response) => {
      response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Type', 'application/json')
      response.end(
        JSON.stringify({ role: request.values('x-role')[0] ?? null, key: request.values('x-key')[0] ?? null }),
      )
    },
  })
  const gateway = await startGateway(t, {
    host: [backend.url],
    extra_config: { [NAMESPACE]: { keys: KEYS, identifier: 'X-Key', propagate_role: 'X-Role' } },
    endpoints: [['X-Role'], ['X-Key']].map((input_headers, i) => ({
      ...{ endpoint: `/${i}`, input_headers },
      backend: [{ url_pattern: '/', extra_config: { 'qos/http-cache': {} } }],
      extra_config: {
        [NAMESPACE]: { roles: ['reader', 'writer'] },
        'qos/ratelimit/router': { max_rate: 2, capacity: 2, every: '1h' },
      },
    })),
  })
  for (const path of ['/0', '/1']) {
    const ask = async (key: string) => await gateway.request(path, { headers: { 'X-Key': key } })
    for (let i = 0; i < 3; i++) assert.equal((await ask('unknown')).status, 401)
    const [ann, bob] = [await ask('key-of-ann'), await ask('key-of-bob')]
    assert.deepEqual([ann.status, bob.status, (await ask('key-of-ann')).status], [200, 200, 503])
    assert.notEqual(ann.body, bob.body)
  }
})

describe('stored keys', () => {
  const digests = {
    sha1: (text: string) => createHash('sha1').update(text).digest('hex'),
    sha256: (text: string) => createHash('sha256').update(text).digest('hex'),
    fnv128: (text: string) => fnv128(Buffer.from(text)).toString('hex'),
  }
  for (const [hash, digest] of Object.entries(digests)) {
    test(`may be hashed with ${hash}, and salted`, async (t) => {
      const keys = [{ key: digest('salt/first') }, { key: digest('salt/sécond').toUpperCase() }]
      const { statusOf } = await start(t, { keys, hash, salt: 'salt/' }, { roles: [] })
      assert.equal(await statusOf(bearer('first')), 200)
      assert.equal(await statusOf(bearer(Buffer.from('sécond').toString('latin1'))), 200)
      assert.equal(await statusOf(bearer(digest('salt/first'))), 401, 'what is stored is no key')
      assert.equal(await statusOf(bearer('salt/first')), 401)
    })
  }

  test('may come from the environment', async (t) => {
    process.env.LOLIGO_TEST_API_KEY = 'from-outside'
    t.after(() => delete process.env.LOLIGO_TEST_API_KEY)
    const { statusOf } = await start(t, { keys: [{ key_env: 'LOLIGO_TEST_API_KEY', roles: ['a'] }] }, { roles: ['a'] })
    assert.equal(await statusOf(bearer('from-outside')), 200)
    assert.equal(await statusOf(bearer('')), 401)
  })
})

describe('the limit of a key', () => {
  test('is counted for each key and endpoint', async (t) => {
    const clock = createClock()
    const block = { [NAMESPACE]: { roles: [], client_max_rate: 2 } }
    const gateway = await createTestGateway({
      ...{ t, clock, upstreams: { 'http://api.test': { json: {} } } },
      config: {
        host: ['http://api.test'],
        extra_config: { [NAMESPACE]: { keys: KEYS } },
        endpoints: ['/a', '/b'].map((endpoint) => ({ endpoint, backend: [{ url_pattern: '/' }], extra_config: block })),
      },
    })
    const statuses = async (requests: number, key: string, path = '/a') => {
      const list: number[] = []
      for (let i = 0; i < requests; i++) list.push((await gateway.fetch(path, { headers: bearer(key) })).status)
      return list.join(' ')
    }
    assert.equal(await statuses(4, 'key-of-ann'), '200 200 429 429')
    assert.equal(await statuses(3, 'key-of-bob'), '200 200 429')
    assert.equal(await statuses(3, 'key-of-ann', '/b'), '200 200 429')
    assert.equal(await statuses(3, 'unknown'), '401 401 401')
    await clock.advance(500)
    assert.equal(await statuses(2, 'key-of-ann'), '200 429')
    assert.match(gateway.accessLog.join('\n'), /429[\s\S]*Error #01: rate limit exceded/)
  })

  test('holds for all threads together, over a reload too', { timeout: 30_000 }, async (t) => {
    const backend = await startBackend(t, { '/': { json: {} } })
    const config = (more: Options) => ({
      ...{ listen_ip: '127.0.0.1', host: [backend.url], extra_config: { [NAMESPACE]: { keys: KEYS } } },
      endpoints: [
        {
          endpoint: '/a',
          backend: [{ url_pattern: '/' }],
          // One token in 1,000 seconds.
          extra_config: { [NAMESPACE]: { roles: [], client_max_rate: 0.001 } },
        },
      ],
      ...more,
    })
    const gateway = await startThreads(t, config({}))
    const passed = async (key: string) => {
      const requests = Array.from({ length: 16 }, () => gateway.request('/a', { headers: bearer(key) }))
      return (await Promise.all(requests)).filter(({ status }) => status === 200).length
    }
    assert.equal(await passed('key-of-ann'), 1)
    await gateway.reload(config({ extra_config: { [NAMESPACE]: { keys: [...KEYS, { key: 'new' }] } } }))
    assert.equal(await passed('key-of-ann'), 0, 'another key in the list changes nothing')
    assert.equal(await passed('new'), 1)
  })
})

describe('options that could not guard', () => {
  const told = (t: TestContext, service: Options | null, block: Options, reason: RegExp) =>
    assert.rejects(
      start(t, service, block),
      (error: Error) => reason.test(error.message) && !/hidden/.test(error.message),
    )

  test('stop the start, and no message shows a key', async (t) => {
    const keys = [{ key: 'hidden', roles: [] }]
    await told(t, null, { roles: [] }, /endpoints\[0\]\.extra_config\."auth\/api-keys": there are no keys/)
    await told(t, { keys }, {}, /"roles" \(an empty list takes every key\) is missing/)
    await told(t, {}, { roles: [] }, /"keys" is missing/)
    await told(t, { keys, hash: 'md5' }, { roles: [] }, /"md5" is not one of "plain"/)
    await told(t, { keys, hash: 'sha256' }, { roles: [] }, /keys\[0\].*stored as 64 hexadecimal digits/s)
    await told(t, { keys: [{ roles: [] }] }, { roles: [] }, /either "key" or "key_env"/)
    await told(t, { keys: [{ key: 'hidden', key_env: 'A' }] }, { roles: [] }, /either "key" or "key_env"/)
    await told(t, { keys: [{ key_env: 'LOLIGO_NOT_SET' }] }, { roles: [] }, /keys\[0\]: the variable LOLIGO_NOT_SET/)
    await told(t, { keys: [...keys, ...keys] }, { roles: [] }, /the same key as keys\[0\]/)
    await told(t, { keys: [{ key: 'hidden', roles: ['a\nb'] }] }, { roles: [] }, /a role consists of ASCII/)
    await told(t, { keys, propagate_role: 'x role' }, { roles: [] }, /no name of a header field/)
    await told(t, { keys, identifier: 'x key' }, { roles: [] }, /no name of a header field/)
    await told(t, { keys }, { roles: [], strategy: 'cookie' }, /"cookie" is not one of/)
    await told(t, { keys }, { roles: [], client_max_rate: -1 }, /-1 is less than 0/)
  })

  test('refuse every request with --lenient', async (t) => {
    for (const [service, block] of [
      [null, { roles: [] }],
      [{ keys: KEYS }, { roles: [], strategy: 'cookie' }],
      [{ keys: KEYS, hash: 'md5' }, { roles: [] }],
    ] as const) {
      const { statusOf } = await start(t, service, block, { lenient: true })
      assert.equal(await statusOf(bearer('key-of-ann')), 401)
    }
  })

  test('at the wrong level are told', async (t) => {
    const { gateway } = await start(t, { keys: KEYS, salt: 'x', roles: ['a'] }, { roles: [], hash: 'sha1' })
    const messages = gateway.diagnostics.map(({ message }) => message).join('\n')
    assert.match(messages, /nothing to salt/)
    assert.match(messages, /"roles" has no effect here: it belongs to the endpoints/)
    assert.match(messages, /"hash" has no effect here: it belongs to the service/)
  })
})
