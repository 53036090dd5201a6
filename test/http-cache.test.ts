import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { definePlugin } from '../src/sdk/define-plugin.ts'
import type { Answer, RequestOptions } from './support/client.ts'
import { type Backend, type Reply, startBackend } from './support/start-backend.ts'
import { type StartedGateway, type StartOptions, startGateway } from './support/start-gateway.ts'
import { startThreads } from './support/start-threads.ts'
import { tokenKey, writeKeySet } from './support/tokens.ts'

const NAMESPACE = 'qos/http-cache'

interface Setup {
  readonly headers?: readonly string[]
  readonly options?: object
  readonly noop?: boolean
  readonly endpoint?: object
  readonly extra?: object
  readonly start?: StartOptions
}

/** An endpoint `/x` whose backend numbers its answers, each with these header fields. */
async function cached(
  t: TestContext,
  fields: Readonly<Record<string, string>>,
  setup: Setup = {},
): Promise<{ gateway: StartedGateway; backend: Backend; ask: (options?: RequestOptions) => Promise<number> }> {
  let count = 0
  const backend = await startBackend(t, {
    '/x': (_, response) => {
      for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ n: ++count }))
    },
  })
  const gateway = await serving(t, backend, setup)
  const ask = async (options?: RequestOptions) => ((await gateway.request('/x', options)).json() as { n: number }).n
  return { gateway, backend, ask }
}

function serving(t: TestContext, backend: Backend, setup: Setup): Promise<StartedGateway> {
  const { headers = [], options = {}, noop = false, endpoint = {}, extra = {}, start } = setup
  const backends = [
    {
      host: [backend.url],
      url_pattern: '/x',
      extra_config: { [NAMESPACE]: options, ...extra },
      ...(noop ? { encoding: 'no-op' } : {}),
    },
  ]
  const output = noop ? { output_encoding: 'no-op' } : {}
  const config = { endpoints: [{ endpoint: '/x', input_headers: headers, backend: backends, ...output, ...endpoint }] }
  return startGateway(t, config, start)
}

const headers = (fields: Record<string, string>) => ({ headers: fields })

describe('answers for one user', () => {
  const cases: readonly [
    title: string,
    fields: Record<string, string>,
    request: Record<string, string>,
    stored: boolean,
  ][] = [
    ['an answer to a request with Authorization', { 'Cache-Control': 'max-age=60' }, { Authorization: 'a' }, false],
    ['an answer to a request with a cookie', { 'Cache-Control': 'max-age=60' }, { Cookie: 'a=1' }, false],
    ['the same that is public', { 'Cache-Control': 'public, max-age=60' }, { Authorization: 'a', Cookie: 'a=1' }, true],
    ['one with must-revalidate', { 'Cache-Control': 'max-age=60, must-revalidate' }, { Authorization: 'a' }, true],
    ['that for a cookie', { 'Cache-Control': 'max-age=60, must-revalidate' }, { Cookie: 'a=1' }, false],
    ['one with s-maxage', { 'Cache-Control': 'max-age=60, s-maxage=60' }, { Cookie: 'a=1' }, true],
    ['a private answer', { 'Cache-Control': 'private, max-age=60' }, {}, false],
    ['a private answer, quoted', { 'Cache-Control': 'private="x", max-age=60' }, {}, false],
    ['an answer that sets a cookie', { 'Cache-Control': 'public, max-age=60', 'Set-Cookie': 'a=1' }, {}, false],
    ['an answer to anybody', { 'Cache-Control': 'max-age=60' }, {}, true],
  ]
  for (const [title, fields, request, stored] of cases) {
    test(`${title} is ${stored ? '' : 'not '}stored`, async (t) => {
      const { ask } = await cached(t, fields, { headers: ['Authorization', 'Cookie'] })
      assert.equal(await ask({ headers: request }), 1)
      assert.equal(await ask({ headers: request }), stored ? 1 : 2)
    })
  }

  test('what is stored for nobody in particular is no answer to a user', async (t) => {
    const { ask } = await cached(t, { 'Cache-Control': 'max-age=60' }, { headers: ['Authorization'] })
    assert.equal(await ask(), 1)
    assert.equal(await ask(headers({ Authorization: 'a' })), 2)
    assert.equal(await ask(), 1)
  })

  test('allow_private stores them all, for all', async (t) => {
    const fields = { 'Cache-Control': 'private, max-age=60', 'Set-Cookie': 'a=1' }
    const { ask } = await cached(t, fields, { headers: ['Authorization', 'Cookie'], options: { allow_private: true } })
    assert.equal(await ask(headers({ Authorization: 'a', Cookie: 'b=1' })), 1)
    assert.equal(await ask(headers({ Authorization: 'c' })), 1)
  })

  test('a token in a field of its own is a credential, and so is what is made of its claims', async (t) => {
    const key = tokenKey()
    const validator = {
      ...{ alg: 'HS256', jwk_local_path: writeKeySet(t, [key.jwk]), auth_header_name: 'X-Token' },
      propagate_claims: [['sub', 'X-User']],
    }
    for (const forwarded of ['X-Token', 'X-User']) {
      const endpoint = { extra_config: { 'auth/validator': validator } }
      const { ask } = await cached(t, { 'Cache-Control': 'max-age=60' }, { headers: [forwarded], endpoint })
      assert.equal(await ask(headers({ 'X-Token': key.sign({ sub: 'ann' }) })), 1)
      assert.equal(await ask(headers({ 'X-Token': key.sign({ sub: 'bob' }) })), 2, forwarded)
      assert.equal(await ask(headers({ 'X-Token': key.sign({}) })), 3, forwarded)
    }
  })

  test('is for others no longer than s-maxage says', async (t) => {
    const fields = { 'Cache-Control': 'public, max-age=60, s-maxage=0' }
    const { ask } = await cached(t, fields, { headers: ['Authorization', 'Cache-Control'] })
    assert.equal(await ask(headers({ Authorization: 'a' })), 1)
    assert.equal(await ask(headers({ Authorization: 'b' })), 2)
    assert.equal(await ask(headers({ Authorization: 'b', 'Cache-Control': 'max-stale' })), 3)
    assert.equal(await ask(), 4)
    assert.equal(await ask(), 4, 'without credentials it does not change the time')
  })

  test('what the gateway got as itself is not found by places that call as nobody', async (t) => {
    let count = 0
    const backend = await startBackend(t, {
      '/token': { json: { access_token: 'secret', token_type: 'bearer' } },
      '/x': (_, response) => {
        response.setHeader('Cache-Control', 'max-age=60').setHeader('Content-Type', 'application/json')
        response.end(JSON.stringify({ n: ++count }))
      },
    })
    const credentials = { client_id: 'a', client_secret: 'b', token_url: `${backend.url}/token` }
    const as = (endpoint: string, extra: object) => ({
      endpoint,
      backend: [{ host: [backend.url], url_pattern: '/x', extra_config: { [NAMESPACE]: { shared: true }, ...extra } }],
    })
    const gateway = await startGateway(t, {
      endpoints: [as('/itself', { 'auth/client-credentials': credentials }), as('/nobody', {}), as('/too', {})],
    })
    const ask = async (path: string) => ((await gateway.request(path)).json() as { n: number }).n
    assert.deepEqual([await ask('/itself'), await ask('/itself')], [1, 1])
    assert.deepEqual([await ask('/nobody'), await ask('/too')], [2, 2])
  })

  test('credentials that are not forwarded do not matter', async (t) => {
    const { ask } = await cached(t, { 'Cache-Control': 'max-age=60' })
    assert.equal(await ask(headers({ Authorization: 'a' })), 1)
    assert.equal(await ask(headers({ Authorization: 'b', Cookie: 'c=1' })), 1)
  })
})

describe('the key', () => {
  test('holds the host that the client named, which upstreams repeat', async (t) => {
    const { ask } = await cached(t, { 'Cache-Control': 'max-age=60' })
    assert.equal(await ask(headers({ Host: 'a.example' })), 1)
    assert.equal(await ask(headers({ Host: 'evil.example' })), 2)
    assert.equal(await ask(headers({ Host: 'a.example' })), 1)
  })

  test('is not enough for a GET with a body, nor for a part', async (t) => {
    const { ask } = await cached(t, { 'Cache-Control': 'max-age=60' }, { headers: ['Range'] })
    assert.equal(await ask({ body: 'one', headers: { 'Content-Length': '3' } }), 1)
    assert.equal(await ask({ body: 'two', headers: { 'Content-Length': '3' } }), 2)
    assert.equal(await ask(), 3)
    assert.equal(await ask(headers({ Range: 'bytes=0-3' })), 4)
    assert.equal(await ask(), 3)
  })

  test('is used by no other method', async (t) => {
    const { ask } = await cached(t, { 'Cache-Control': 'max-age=60' }, { endpoint: { method: 'POST' } })
    assert.equal(await ask({ method: 'POST' }), 1)
    assert.equal(await ask({ method: 'POST' }), 2)
  })

  test('tells clients apart that decode something else, although the upstream does not', async (t) => {
    const body = gzipSync('{"n":1}')
    const fields = { 'Cache-Control': 'max-age=60' }
    const backend = await startBackend(t, {
      '/x': (request, response) => {
        const zipped = request.values('accept-encoding').includes('gzip')
        for (const [name, value] of Object.entries(fields)) response.setHeader(name, value)
        response.setHeader('Content-Type', 'application/json')
        if (zipped) response.setHeader('Content-Encoding', 'gzip')
        response.end(zipped ? body : '{"n":1}')
      },
    })
    const gateway = await serving(t, backend, { headers: ['Accept-Encoding'], noop: true })
    const zipped = await gateway.request('/x', headers({ 'Accept-Encoding': 'gzip' }))
    assert.deepEqual(zipped.bytes, body)
    const plain = await gateway.request('/x', headers({ 'Accept-Encoding': 'identity' }))
    assert.equal(plain.body, '{"n":1}')
    assert.equal(backend.received.length, 2)
  })
})

describe("a request's own Cache-Control", () => {
  const forwarded = { headers: ['Cache-Control'] }

  test('no-cache passes by what is stored, and replaces it', async (t) => {
    const { ask } = await cached(t, { 'Cache-Control': 'max-age=60' }, forwarded)
    assert.equal(await ask(), 1)
    assert.equal(await ask(headers({ 'Cache-Control': 'no-cache' })), 2)
    assert.equal(await ask(), 2)
  })

  test('no-store stores nothing', async (t) => {
    const { ask } = await cached(t, { 'Cache-Control': 'max-age=60' }, forwarded)
    assert.equal(await ask(headers({ 'Cache-Control': 'no-store' })), 1)
    assert.equal(await ask(), 2)
  })

  test('only-if-cached is answered as if by the backend when nothing is there', async (t) => {
    const { ask, gateway, backend } = await cached(t, { 'Cache-Control': 'max-age=60' }, { ...forwarded, noop: true })
    const only = headers({ 'Cache-Control': 'only-if-cached' })
    assert.equal((await gateway.request('/x', only)).status, 504)
    assert.equal(backend.received.length, 0)
    assert.equal(await ask(), 1)
    assert.equal(await ask(only), 1)
  })

  test('max-age, min-fresh and max-stale move the limit', async (t) => {
    const { ask } = await cached(t, { 'Cache-Control': 'max-age=60' }, forwarded)
    assert.equal(await ask(), 1)
    assert.equal(await ask(headers({ 'Cache-Control': 'max-age=0' })), 2)
    assert.equal(await ask(headers({ 'Cache-Control': 'min-fresh=30' })), 2)
    assert.equal(await ask(headers({ 'Cache-Control': 'min-fresh=90' })), 3)
    assert.equal(await ask(headers({ 'Cache-Control': 'max-age=0, max-stale=30' })), 3)
    assert.equal(await ask(headers({ 'Cache-Control': 'max-age=0, max-stale' })), 3)
  })

  test('counts only where it is forwarded', async (t) => {
    const { ask } = await cached(t, { 'Cache-Control': 'max-age=60' })
    assert.equal(await ask(headers({ 'Cache-Control': 'no-cache' })), 1)
    assert.equal(await ask(headers({ 'Cache-Control': 'no-cache' })), 1)
  })
})

describe('freshness', () => {
  const past = new Date(Date.now() - 60_000).toUTCString()
  const future = new Date(Date.now() + 60_000).toUTCString()
  const cases: readonly [title: string, fields: Record<string, string>, fresh: boolean][] = [
    ['Expires in the future', { Expires: future }, true],
    ['Expires in the past', { Expires: past }, false],
    ['max-age before Expires', { 'Cache-Control': 'max-age=0', Expires: future }, false],
    ['counts from Date', { 'Cache-Control': 'max-age=30', Date: past }, false],
    ['still counts from Date', { 'Cache-Control': 'max-age=90', Date: past }, true],
    ['a date that is none', { 'Cache-Control': 'max-age=90', Date: 'yesterday' }, false],
    ['no-cache', { 'Cache-Control': 'no-cache, max-age=60' }, false],
    ['s-maxage alone', { 'Cache-Control': 's-maxage=60' }, false],
    ['Vary: *', { 'Cache-Control': 'max-age=60', Vary: '*' }, false],
  ]
  for (const [title, fields, fresh] of cases) {
    test(title, async (t) => {
      const { ask } = await cached(t, fields)
      assert.equal(await ask(), 1)
      assert.equal(await ask(), fresh ? 1 : 2)
    })
  }
})

describe('a stale answer', () => {
  test('is validated by its date, and given out with the newer fields', async (t) => {
    const since = new Date(Date.now() - 3_600_000).toUTCString()
    const first = { 'Cache-Control': 'max-age=0', 'Last-Modified': since, 'X-Kept': 'a', 'X-Changed': 'old' }
    const second = { 'Cache-Control': 'max-age=60', 'X-Changed': 'new' }
    const backend = await startBackend(t, {
      '/x': [
        { headers: first, body: 'text' },
        { status: 304, headers: second },
      ],
    })
    const gateway = await serving(t, backend, { noop: true })
    for (const changed of ['old', 'new', 'new']) {
      const answer = await gateway.request('/x')
      assert.equal(answer.status, 200)
      assert.equal(answer.body, 'text')
      assert.equal(answer.header('x-kept'), 'a')
      assert.equal(answer.header('x-changed'), changed)
    }
    assert.deepEqual(
      backend.received.map((request) => request.values('if-modified-since')),
      [[], [since]],
    )
  })

  test('stands in for failures as long as stale-if-error says', async (t) => {
    const good: Reply = { headers: { 'Cache-Control': 'max-age=0, stale-if-error=60' }, body: 'good' }
    const reset: Reply = (_, response) => response.destroy() // twice: the call is repeated once
    const backend = await startBackend(t, {
      '/x': [good, { status: 503, body: 'down' }, reset, reset, { status: 404, body: 'gone' }, reset],
    })
    const gateway = await serving(t, backend, { noop: true })
    for (let i = 0; i < 3; i++) assert.equal((await gateway.request('/x')).body, 'good')
    assert.equal((await gateway.request('/x')).status, 404)
    assert.equal((await gateway.request('/x')).status, 500, 'any other answer ends it')
  })

  test('does not stand in without it', async (t) => {
    const good: Reply = { headers: { 'Cache-Control': 'max-age=0', ETag: '"a"' }, body: 'good' }
    const backend = await startBackend(t, { '/x': [good, { status: 503, body: 'down' }] })
    const gateway = await serving(t, backend, { noop: true })
    assert.equal((await gateway.request('/x')).body, 'good')
    assert.equal((await gateway.request('/x')).body, 'down')
  })
})

describe('what is stored', () => {
  test('with no-op every status, without it only 200 and 201', async (t) => {
    const reply: Reply = { status: 404, headers: { 'Cache-Control': 'max-age=60', 'X-A': '1' }, body: 'none' }
    for (const noop of [true, false]) {
      const backend = await startBackend(t, { '/x': reply })
      const gateway = await serving(t, backend, { noop })
      for (let i = 0; i < 2; i++) assert.equal((await gateway.request('/x')).status, noop ? 404 : 500)
      assert.equal(backend.received.length, noop ? 1 : 2)
    }
  })

  test('with its header fields, and nothing added', async (t) => {
    const fields = { 'Cache-Control': 'max-age=60', 'X-A': '1', 'Content-Length': '4' }
    const backend = await startBackend(t, { '/x': { headers: fields, body: 'text' } })
    const gateway = await serving(t, backend, { noop: true })
    const [first, again] = [await gateway.request('/x'), await gateway.request('/x')]
    const withoutTime = ({ rawHeaders }: Answer) => rawHeaders.filter((_, i) => rawHeaders[i - (i % 2)] !== 'Date')
    assert.deepEqual(withoutTime(again), withoutTime(first))
    assert.equal(again.header('content-length'), '4')
    assert.equal(again.header('age'), null)
  })

  test('HEAD apart from GET', async (t) => {
    const backend = await startBackend(t, {
      '/x': { headers: { 'Cache-Control': 'max-age=60', 'X-A': '1' }, body: 'text' },
    })
    const call = {
      host: [backend.url],
      url_pattern: '/x',
      encoding: 'no-op',
      extra_config: { [NAMESPACE]: { shared: true } },
    }
    const gateway = await startGateway(t, {
      endpoints: [
        { endpoint: '/get', output_encoding: 'no-op', backend: [call] },
        { endpoint: '/head', output_encoding: 'no-op', backend: [{ ...call, method: 'HEAD' }] },
      ],
    })
    for (const path of ['/head', '/get', '/head', '/get']) {
      const answer = await gateway.request(path)
      assert.equal(answer.body, path === '/get' ? 'text' : '')
      assert.equal(answer.header('x-a'), '1')
    }
    assert.deepEqual(
      backend.received.map(({ method }) => method),
      ['HEAD', 'GET'],
    )
  })

  test('what came in pieces and in gzip, decoded once', async (t) => {
    const text = JSON.stringify({ list: Array.from({ length: 5000 }, (_, i) => `entry ${i}`) })
    const zipped = gzipSync(text)
    const backend = await startBackend(t, {
      '/x': (_, response) => {
        response.setHeader('Content-Encoding', 'gzip').setHeader('Cache-Control', 'max-age=60')
        response.setHeader('Content-Type', 'application/json')
        response.write(zipped.subarray(0, 1000))
        response.end(zipped.subarray(1000))
      },
    })
    for (const noop of [true, false]) {
      const gateway = await serving(t, backend, { noop })
      for (let i = 0; i < 2; i++) assert.equal((await gateway.request('/x')).body, text)
    }
    assert.equal(backend.received.length, 2)
  })

  test('nothing that broke off', async (t) => {
    const broken: Reply = (_, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Length': '10' }).write('half')
      setImmediate(() => response.destroy())
    }
    const backend = await startBackend(t, {
      '/x': [broken, { headers: { 'Cache-Control': 'max-age=60' }, body: 'whole' }],
    })
    const gateway = await serving(t, backend, { noop: true })
    await assert.rejects(gateway.request('/x'))
    assert.equal((await gateway.request('/x')).body, 'whole')
  })

  test('nothing that takes the whole max_size', async (t) => {
    const replies = { small: 'a'.repeat(100), large: 'a'.repeat(2000) }
    for (const [size, body] of Object.entries(replies)) {
      const backend = await startBackend(t, { '/x': { headers: { 'Cache-Control': 'max-age=60' }, body } })
      const gateway = await serving(t, backend, { noop: true, options: { max_size: 1000, max_items: 10 } })
      for (let i = 0; i < 2; i++) assert.equal((await gateway.request('/x')).body, body)
      assert.equal(backend.received.length, size === 'small' ? 1 : 2, size)
    }
  })

  test('what a plugin writes into the body is in its own answer alone', async (t) => {
    const scribbler = definePlugin({
      name: 'scribbler',
      modifier: () => ({
        async response(response) {
          const bytes = await response.bytes()
          bytes.fill(0x78)
          response.body = bytes
        },
      }),
    })
    const backend = await startBackend(t, { '/x': { headers: { 'Cache-Control': 'max-age=60' }, body: 'text' } })
    const extra = { 'plugin/req-resp-modifier': { name: ['scribbler'] } }
    const plain = {
      host: [backend.url],
      url_pattern: '/x',
      encoding: 'no-op',
      extra_config: { [NAMESPACE]: { shared: true } },
    }
    const changed = { ...plain, extra_config: { ...plain.extra_config, ...extra } }
    const gateway = await startGateway(
      t,
      {
        endpoints: [
          { endpoint: '/plain', output_encoding: 'no-op', backend: [plain] },
          { endpoint: '/changed', output_encoding: 'no-op', backend: [changed] },
        ],
      },
      { plugins: [scribbler] },
    )
    for (const path of ['/plain', '/changed', '/plain', '/changed', '/plain']) {
      assert.equal((await gateway.request(path)).body, path === '/plain' ? 'text' : 'xxxx')
    }
    assert.equal(backend.received.length, 1)
  })

  test('data that is decoded, shaped and encoded once, where nothing changes it', async (t) => {
    const reply: Reply = {
      headers: { 'Cache-Control': 'max-age=60' },
      json: { id: 1, list: [1], drop: 1 },
    }
    const backend = await startBackend(t, { '/x': reply })
    const call = {
      host: [backend.url],
      url_pattern: '/x',
      deny: ['drop'],
      extra_config: { [NAMESPACE]: { shared: true } },
    }
    const appending = definePlugin({
      name: 'appending',
      modifier: () => ({
        response(response) {
          const data = response.data as { list: number[] }
          data.list.push(2)
        },
      }),
    })
    const extra = { 'plugin/req-resp-modifier': { name: ['appending'] } }
    const gateway = await startGateway(
      t,
      {
        endpoints: [
          { endpoint: '/plain', cache_ttl: '5s', backend: [call] },
          { endpoint: '/grouped', backend: [{ ...call, group: 'g' }] },
          { endpoint: '/changed', extra_config: extra, backend: [call] },
          { endpoint: '/merged', backend: [call, { ...call, group: 'g' }] },
          { endpoint: '/any', output_encoding: 'negotiate', backend: [call] },
        ],
      },
      { plugins: [appending] },
    )
    const data = { id: 1, list: [1] }
    for (let i = 0; i < 3; i++) {
      const plain = await gateway.request('/plain')
      assert.deepEqual(plain.json(), data)
      assert.equal(plain.header('cache-control'), 'public, max-age=5')
      assert.equal(plain.header('x-krakend-completed'), 'true')
      assert.deepEqual((await gateway.request('/grouped')).json(), { g: data })
      assert.deepEqual((await gateway.request('/changed')).json(), { ...data, list: [1, 2] })
      assert.deepEqual((await gateway.request('/merged')).json(), { ...data, g: data })
      assert.match((await gateway.request('/any', headers({ Accept: 'application/xml' }))).body, /^</)
      assert.deepEqual((await gateway.request('/any')).json(), data)
    }
    assert.equal(backend.received.length, 1)
  })
})

describe('requests at once', () => {
  /** A backend that answers when it is told to. */
  async function waiting(t: TestContext, fields: Record<string, string>, more: Setup = {}) {
    const answer = Promise.withResolvers<void>()
    const backend = await startBackend(t, {
      '/x': (_, response) => {
        void answer.promise.then(() => response.writeHead(200, fields).end('text'))
      },
    })
    const gateway = await serving(t, backend, { noop: true, endpoint: { timeout: '5s' }, ...more })
    return { gateway, backend, answer }
  }

  const arrivals = async (backend: Backend, count: number): Promise<void> => {
    while (backend.received.length < count) await new Promise(setImmediate)
  }

  test('for the same make one call', async (t) => {
    const { gateway, backend, answer } = await waiting(t, { 'Cache-Control': 'max-age=60' })
    const answers = Array.from({ length: 5 }, () => gateway.request('/x'))
    await arrivals(backend, 1)
    await gateway.request('/__health')
    answer.resolve()
    for (const { body } of await Promise.all(answers)) assert.equal(body, 'text')
    assert.equal(backend.received.length, 1)
  })

  test('go on by themselves when the one call brings nothing that can be shared', async (t) => {
    const { gateway, backend, answer } = await waiting(t, { 'Cache-Control': 'no-store' })
    const answers = Array.from({ length: 3 }, () => gateway.request('/x'))
    await arrivals(backend, 1)
    answer.resolve()
    for (const { body } of await Promise.all(answers)) assert.equal(body, 'text')
    assert.equal(backend.received.length, 3)
  })

  test('do not hang on one whose client went away', async (t) => {
    const { gateway, backend, answer } = await waiting(t, { 'Cache-Control': 'max-age=60' })
    const leaving = gateway.connect()
    leaving.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
    await arrivals(backend, 1)
    const other = gateway.request('/x', headers({ Host: 'a' }))
    await gateway.request('/__health')
    leaving.reset()
    await arrivals(backend, 2)
    answer.resolve()
    assert.equal((await other).body, 'text')
  })

  test('keep to their own time', async (t) => {
    const { gateway, backend } = await waiting(t, { 'Cache-Control': 'max-age=60' }, { endpoint: { timeout: '100ms' } })
    const answers = [gateway.request('/x'), gateway.request('/x')]
    for (const { status } of await Promise.all(answers)) assert.equal(status, 500)
    assert.ok(backend.received.length >= 1)
  })

  test('are not held up by a client that reads slowly', async (t) => {
    const body = 'a'.repeat(4 * 1024 * 1024)
    const backend = await startBackend(t, { '/x': { headers: { 'Cache-Control': 'max-age=60' }, body } })
    const gateway = await serving(t, backend, { noop: true, endpoint: { timeout: '5s' } })
    const { promise, resolve } = Promise.withResolvers<void>()
    const slow = (await import('node:net')).connect(gateway.port, '127.0.0.1', resolve)
    t.after(() => slow.destroy())
    await promise
    slow.pause().write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
    while (backend.received.length < 1) await new Promise(setImmediate)
    assert.equal((await gateway.request('/x', headers({ Host: 'a' }))).body.length, body.length)
    assert.equal(backend.received.length, 1)
  })

  test('of concurrent_calls race each other', async (t) => {
    let calls = 0
    const backend = await startBackend(t, {
      '/x': (_, response) => {
        if (++calls === 2) response.setHeader('Content-Type', 'application/json').end('{}')
      },
    })
    const gateway = await serving(t, backend, { endpoint: { concurrent_calls: 2, timeout: '5s' } })
    assert.equal((await gateway.request('/x')).status, 200)
  })
})

describe('with several threads', () => {
  test('what one stores all have, over a reload too', async (t) => {
    const backend = await startBackend(t, { '/x': { headers: { 'Cache-Control': 'max-age=60' }, json: { a: 1 } } })
    const endpoints = [
      { endpoint: '/x', backend: [{ host: [backend.url], url_pattern: '/x', extra_config: { [NAMESPACE]: {} } }] },
    ]
    const { request, reload, supervisor } = await startThreads(t, { listen_ip: '127.0.0.1', endpoints })
    const ask = async (times: number) => {
      for (let i = 0; i < times; i++) assert.equal((await request('/x', headers({ Host: 'a' }))).body, '{"a":1}')
    }
    await ask(20)
    assert.equal(backend.received.length, 1)
    const added = { endpoint: '/y', backend: [{ host: [backend.url], url_pattern: '/y' }] }
    await reload({ listen_ip: '127.0.0.1', endpoints: [...endpoints, added] })
    assert.equal((await request('/y')).status, 500)
    await ask(20)
    assert.equal(backend.received.filter(({ target }) => target === '/x').length, 1)
    assert.ok(supervisor.port > 0)
  })
})
