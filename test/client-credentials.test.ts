import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createClock } from '../src/testing/clock.ts'
import { createTestGateway } from '../src/testing/gateway.ts'
import { type Backend, type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'
import { startRawBackend } from './support/start-raw-backend.ts'
import { startThreads } from './support/start-threads.ts'

type Options = Readonly<Record<string, unknown>>

const FIRST = 'Basic Z3c6czNjcmV0'
const NAMESPACE = 'auth/client-credentials'

const credentials = (url: string, options: Options = {}) => ({
  [NAMESPACE]: { client_id: 'gw', client_secret: 's3cret', token_url: `${url}/token`, ...options },
})

/** Endpoints whose backends want tokens, by what each adds to the options. */
function endpointsFor(backend: Backend, all: readonly Options[], endpoint: Options = {}) {
  const client = { 'backend/http/client': { send_body_on_redirect: true } } // so that bodies are whole
  return all.map((options, i) => ({
    ...{ endpoint: `/${i}`, method: 'POST', input_headers: ['Authorization', 'Content-Type'], ...endpoint },
    backend: [
      { host: [backend.url], url_pattern: '/ok', extra_config: { ...client, ...credentials(backend.url, options) } },
    ],
  }))
}

async function start(
  t: TestContext,
  routes: Readonly<Record<string, Reply | readonly Reply[]>>,
  endpoint: Options = {},
) {
  const backend = await startBackend(t, { '/ok': { json: {} }, ...routes })
  const gateway = await startGateway(t, { endpoints: endpointsFor(backend, [{}], endpoint) })
  const calls = (path: string) => backend.received.filter(({ target }) => target === path)
  const post = (headers: Record<string, string> = {}) => gateway.request('/0', { method: 'POST', body: '{}', headers })
  return { backend, gateway, post, calls, tokens: () => calls('/ok').map((call) => call.values('authorization')) }
}

const token = (access_token: string, more: Options = {}): Reply => ({ json: { access_token, ...more } })

describe('the token of a backend', () => {
  test('is fetched once for simultaneous calls of all places with the same settings', async (t) => {
    let release = () => {}
    const asked = Promise.withResolvers<void>()
    const backend = await startBackend(t, {
      '/ok': { json: {} },
      '/token': (_, response) => {
        asked.resolve()
        release = () => {
          response.setHeader('Content-Type', 'application/json').end('{"access_token":"a","token_type":"bearer"}')
        }
      },
    })
    const gateway = await startGateway(t, { endpoints: endpointsFor(backend, [{}, {}]) })
    const answers = Promise.all(['/0', '/1', '/0', '/1'].map((path) => gateway.request(path, { method: 'POST' })))
    await asked.promise
    release()
    assert.deepEqual(
      (await answers).map(({ status }) => status),
      [200, 200, 200, 200],
    )
    const [first, ...others] = backend.received
    assert.equal(first?.values('authorization')[0], FIRST)
    assert.equal(first?.body, 'grant_type=client_credentials&scope=')
    assert.deepEqual(
      others.map((call) => call.values('authorization')),
      [['Bearer a'], ['Bearer a'], ['Bearer a'], ['Bearer a']],
    )
  })

  test('is another one where a setting is different', async (t) => {
    const backend = await startBackend(t, { '/ok': { json: {} }, '/token': [token('a'), token('b')] })
    const gateway = await startGateway(t, { endpoints: endpointsFor(backend, [{}, { scopes: 'read, write' }]) })
    for (const path of ['/0', '/1', '/0']) await gateway.request(path, { method: 'POST' })
    assert.deepEqual(
      backend.received.filter(({ target }) => target === '/ok').map((call) => call.values('authorization')[0]),
      ['Bearer a', 'Bearer b', 'Bearer a'],
    )
    assert.match(backend.received[2]?.body ?? '', /&scope=read\+write$/)
  })

  test('takes the place of what the client sends, and does not reach other backends', async (t) => {
    const backend = await startBackend(t, { '*': { json: {} }, '/token': token('a') })
    const gateway = await startGateway(t, {
      endpoints: [
        {
          endpoint: '/merged',
          input_headers: ['Authorization'],
          backend: [
            { host: [backend.url], url_pattern: '/with', extra_config: credentials(backend.url) },
            { host: [backend.url], url_pattern: '/without' },
            { host: [backend.url], url_pattern: '/off', extra_config: credentials(backend.url, { is_disabled: true }) },
          ],
        },
      ],
    })
    await gateway.request('/merged', { headers: { Authorization: 'Bearer own' } })
    const sent = (path: string) => backend.received.find(({ target }) => target === path)?.values('authorization')
    assert.deepEqual(sent('/with'), ['Bearer a'])
    assert.deepEqual(sent('/without'), ['Bearer own'])
    assert.deepEqual(sent('/off'), ['Bearer own'])
  })

  test('the credentials go into the form when basic authentication is refused, and stay there', async (t) => {
    const { post, calls, tokens } = await start(t, {
      '/ok': [{ json: {} }, { status: 401 }, { json: {} }],
      '/token': [{ status: 400, json: { error: 'invalid_request' } }, token('a', { token_type: 'mac' }), token('b')],
    })
    assert.deepEqual([(await post()).status, (await post()).status], [200, 200])
    assert.deepEqual(
      calls('/token').map((call) => [call.values('authorization').length, call.body]),
      [
        [1, 'grant_type=client_credentials&scope='],
        [0, 'client_id=gw&client_secret=s3cret&grant_type=client_credentials&scope='],
        [0, 'client_id=gw&client_secret=s3cret&grant_type=client_credentials&scope='],
      ],
    )
    assert.deepEqual(tokens(), [['MAC a'], ['MAC a'], ['Bearer b']])
  })

  test('may come as a form, and be of any type', async (t) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }
    const { post, tokens } = await start(t, {
      '/token': { headers, body: 'access_token=a%2Bb&token_type=Custom&expires_in=3600' },
    })
    await post()
    assert.deepEqual(tokens(), [['Custom a+b']])
  })
})

test('a hit of the cache needs no token, and the token does not make an answer one for a user', async (t) => {
  const backend = await startBackend(t, {
    '/ok': { headers: { 'Cache-Control': 'max-age=60', Vary: 'Authorization' }, json: { a: 1 } },
    '/token': token('a', { expires_in: 5 }),
  })
  const extra_config = { 'qos/http-cache': {}, ...credentials(backend.url) }
  const gateway = await startGateway(t, {
    endpoints: [{ endpoint: '/0', backend: [{ host: [backend.url], url_pattern: '/ok', extra_config }] }],
  })
  for (let i = 0; i < 3; i++) assert.equal((await gateway.request('/0')).body, '{"a":1}')
  assert.equal(backend.received.length, 2)
})

describe('a refusal of the backend', () => {
  test('leads to another token and the same call once more, with its body', async (t) => {
    const { post, calls, tokens } = await start(t, {
      '/ok': [{ json: {} }, { status: 401 }, { json: {} }],
      '/token': [token('a'), token('b')],
    })
    await post()
    assert.equal((await post()).status, 200)
    assert.deepEqual(tokens(), [['Bearer a'], ['Bearer a'], ['Bearer b']])
    assert.equal(calls('/token').length, 2)
    assert.deepEqual(
      calls('/ok').map(({ body }) => body),
      ['{}', '{}', '{}'],
    )
  })

  test('that another token does not help against is passed on, and not tried again for a while', async (t) => {
    const tokens = Array.from({ length: 9 }, (_, i) => token(`t${i}`))
    const { gateway, calls } = await start(t, { '/ok': { status: 401 }, '/token': tokens }, { method: 'GET' })
    for (let i = 0; i < 4; i++) assert.equal((await gateway.request('/0')).status, 500)
    assert.equal(calls('/token').length, 2)
    assert.equal(calls('/ok').length, 5)
  })

  test('for several calls at once fetches one other token', async (t) => {
    const { gateway, calls } = await start(
      t,
      {
        '/ok': (request, response) => {
          response.writeHead(request.values('authorization')[0] === 'Bearer b' ? 200 : 401).end('{}')
        },
        '/token': [token('a'), token('b'), token('c')],
      },
      { method: 'GET' },
    )
    const answers = await Promise.all(Array.from({ length: 8 }, () => gateway.request('/0')))
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
    assert.equal(calls('/token').length, 2)
  })

  test('is passed on when no other token can be had', async (t) => {
    const backend = await startBackend(t, {
      '/ok': { status: 401, body: 'not you' },
      '/token': [token('a'), { status: 503 }],
    })
    const extra_config = credentials(backend.url)
    const gateway = await startGateway(t, {
      endpoints: [
        {
          ...{ endpoint: '/0', output_encoding: 'no-op' },
          backend: [{ host: [backend.url], url_pattern: '/ok', encoding: 'no-op', extra_config }],
        },
      ],
    })
    const { status, body } = await gateway.request('/0')
    assert.deepEqual([status, body], [401, 'not you'])
    assert.match(gateway.log.all.join('\n'), /WARNING: .*oauth2: cannot fetch token: 503/)
    assert.equal(backend.received.filter(({ target }) => target === '/ok').length, 1)
  })
})

test('a call whose body is still on its way is not repeated, but the next one has another token', async (t) => {
  const tokens = await startBackend(t, { '/token': [token('a'), token('b'), token('c')] })
  const api = await startRawBackend(t, ({ socket, head }) => {
    const status = head.includes('Bearer b') ? '200 OK' : '401 Unauthorized'
    socket.write(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`)
  })
  const gateway = await startGateway(t, {
    endpoints: [
      {
        ...{ endpoint: '/0', method: 'POST' },
        backend: [{ host: [api.url], url_pattern: '/ok', extra_config: credentials(tokens.url) }],
      },
    ],
  })
  const client = gateway.connect()
  client.write('POST /0 HTTP/1.1\r\nHost: gateway\r\nContent-Length: 10\r\n\r\n{')
  assert.match(await client.until(/\r\n\r\n/), /^HTTP\/1\.1 500 /)
  assert.equal(api.heads.length, 1)
  assert.equal((await gateway.request('/0', { method: 'POST' })).status, 200)
  assert.equal(tokens.received.length, 2)
})

describe('without a token', () => {
  test('the backend is not called; the log says why and keeps the secret', async (t) => {
    const { post, gateway, calls } = await start(t, {
      '/token': { status: 401, json: { error: 'invalid_client', error_description: 'who\nare you', echo: 's3cret' } },
    })
    const answer = await post()
    assert.deepEqual([answer.status, answer.body, answer.header('x-krakend-completed')], [500, '', 'false'])
    assert.equal(calls('/ok').length, 0)
    const log = gateway.log.all.join('\n')
    assert.match(log, /ENDPOINT: \/0\] oauth2: cannot fetch token: 401: invalid_client: who are you$/m)
    assert.ok(!log.includes('s3cret'))
  })

  test('the token server is asked again after growing pauses', async (t) => {
    const clock = createClock()
    const gateway = await createTestGateway({
      ...{ t, clock, config: inMemory() },
      upstreams: {
        'http://tokens.test': [...Array.from({ length: 7 }, () => new Error('connection refused')), json('a')],
        'http://api.test': { json: {} },
      },
    })
    const asked = () => gateway.calls('http://tokens.test').length
    const statuses: number[] = []
    const ask = async () => statuses.push((await gateway.fetch('/a')).status)
    for (let i = 0; i < 5; i++) await ask()
    assert.equal(asked(), 2, 'two attempts at once, then a pause')
    for (const pause of [500, 1000, 2000, 4000, 8000]) {
      await clock.advance(pause - 1)
      await ask()
      const before = asked()
      await clock.advance(1)
      await ask()
      assert.equal(asked(), before + 1, `${pause}`)
    }
    assert.deepEqual(new Set(statuses), new Set([500]))
    await clock.advance(15_000)
    await ask()
    assert.equal(statuses.at(-1), 200)
  })

  test('a request waits no longer than its endpoint lets it, and the token serves the next one', async (t) => {
    let release = () => {}
    const { gateway, calls } = await start(
      t,
      {
        '/token': (_, response) => {
          release = () => {
            response.setHeader('Content-Type', 'application/json').end('{"access_token":"late"}')
          }
        },
      },
      { method: 'GET', timeout: '100ms' },
    )
    assert.equal((await gateway.request('/0')).status, 500)
    assert.match(gateway.log.all.join('\n'), /context deadline exceeded/)
    release()
    const answers = [await gateway.request('/0'), await gateway.request('/0')]
    assert.equal(answers.at(-1)?.status, 200)
    assert.equal(calls('/token').length, 1)
  })

  test('a token server that never answers is given up', async (t) => {
    const clock = createClock()
    const gateway = await createTestGateway({
      ...{ t, clock, config: inMemory({ timeout: '1m' }) },
      upstreams: { 'http://tokens.test': 'never', 'http://api.test': { json: {} } },
    })
    const answer = gateway.fetch('/a')
    await clock.advance(8_000)
    assert.equal((await answer).status, 500)
  })

  for (const [title, reply, reason] of [
    ['no JSON', { body: '<html>' }, 'cannot parse the answer'],
    ['a list', { json: [1] }, 'server response missing access_token'],
    ['nothing', { json: { error: 'slow_down' } }, 'server response missing access_token: slow_down'],
    ['a header', token('a\r\nX-Evil: 1'), 'cannot be sent in a header field'],
    ['too much', { body: 'x'.repeat(1024 * 1024 + 1) }, 'longer than 1048576 bytes'],
    ['a long token', token('x'.repeat(64 * 1024 + 1)), 'is too long'],
  ] as const) {
    test(`an answer with ${title} is refused`, async (t) => {
      const { post, gateway, calls } = await start(t, { '/token': reply })
      assert.equal((await post()).status, 500)
      assert.equal(calls('/ok').length, 0)
      assert.ok(gateway.log.all.some((line) => line.includes(`oauth2: `) && line.includes(reason)))
    })
  }

  test('a redirect does not take the secret to another server', async (t) => {
    const thief = await startBackend(t, { '*': token('stolen') })
    const { post } = await start(t, { '/token': { status: 307, headers: { Location: `${thief.url}/token` } } })
    assert.equal((await post()).status, 500)
    assert.equal(thief.received.length, 0)
  })
})

const json = (access_token: string, expires_in?: unknown) => ({ json: { access_token, expires_in } })

function inMemory(endpoint: Options = {}): Options {
  const extra_config = credentials('http://tokens.test')
  const backend = [{ host: ['http://api.test'], url_pattern: '/', extra_config }]
  return { endpoints: [{ endpoint: '/a', backend, ...endpoint }] }
}

describe('the life of a token', () => {
  async function start(t: TestContext, ...replies: readonly (ReturnType<typeof json> | Error)[]) {
    const clock = createClock()
    const gateway = await createTestGateway({
      ...{ t, clock, config: inMemory() },
      upstreams: { 'http://tokens.test': [...replies], 'http://api.test': { json: {} } },
    })
    const sent = async () => {
      await gateway.fetch('/a')
      await clock.advance(0)
      return gateway.calls('http://api.test').at(-1)?.headers.get('authorization')
    }
    return { clock, sent, asked: () => gateway.calls('http://tokens.test').length }
  }

  test('ends ten seconds early, and is renewed in the background before', async (t) => {
    const { clock, sent, asked } = await start(t, json('a', 110), json('b', '110'), json('c'))
    assert.equal(await sent(), 'Bearer a')
    await clock.advance(89_999)
    assert.equal(await sent(), 'Bearer a')
    assert.equal(asked(), 1)
    await clock.advance(1)
    assert.equal(await sent(), 'Bearer a', 'nobody waits for the renewal')
    assert.equal(asked(), 2)
    assert.equal(await sent(), 'Bearer b')
    await clock.advance(100_000)
    assert.equal(await sent(), 'Bearer c', 'it had ended')
    assert.equal(asked(), 3)
    await clock.advance(365 * 86_400_000)
    assert.equal(await sent(), 'Bearer c', 'without a time it does not end')
  })

  test('goes on while it counts and cannot be renewed', async (t) => {
    const { clock, sent, asked } = await start(t, json('a', 110), new Error('down'), new Error('down'), json('b'))
    await sent()
    await clock.advance(95_000)
    for (let i = 0; i < 5; i++) assert.equal(await sent(), 'Bearer a')
    assert.equal(asked(), 2)
    await clock.advance(1_000)
    for (let i = 0; i < 5; i++) assert.equal(await sent(), 'Bearer a')
    assert.equal(asked(), 3)
    await clock.advance(4_000)
    assert.equal(await sent(), 'Bearer b')
  })

  test('of less than ten seconds is over when it arrives: it serves those who waited', async (t) => {
    const { sent, asked } = await start(t, json('a', 5), json('b', 5))
    assert.equal(await sent(), 'Bearer a')
    assert.equal(await sent(), 'Bearer b')
    assert.equal(asked(), 2)
  })
})

test('threads share a token, over a reload too', { timeout: 30_000 }, async (t) => {
  const backend = await startBackend(t, { '/ok': { json: {} }, '/token': [token('a'), token('b')] })
  const config = (endpoint: string) => ({
    listen_ip: '127.0.0.1',
    endpoints: endpointsFor(backend, [{}], { endpoint, method: 'GET' }),
  })
  const gateway = await startThreads(t, config('/one'))
  const ask = async (path: string) => {
    // Each on a connection of its own, so that every thread gets some.
    const answers = await Promise.all(Array.from({ length: 24 }, () => gateway.request(path)))
    return [...new Set(answers.map(({ status }) => status))]
  }
  assert.deepEqual(await ask('/one'), [200])
  await gateway.reload(config('/two'))
  assert.deepEqual(await ask('/two'), [200])
  assert.equal(backend.received.filter(({ target }) => target === '/token').length, 1)
})

test('options with which no token can be had stop the start, or fail each call with --lenient', async (t) => {
  const backend = await startBackend(t, { '/ok': { json: {} } })
  const wrong = (options: Options, lenient = false) =>
    startGateway(t, { endpoints: endpointsFor(backend, [options], { method: 'GET' }) }, { lenient })
  for (const [options, reason] of [
    [{ client_id: '' }, /"client_id" is missing/],
    [{ token_url: '' }, /"token_url" is missing/],
    [{ token_url: 'ftp://tokens.example' }, /no URL of http or https/],
    [{ token_url: 'https://gw:hidden@tokens.example' }, /credentials belong into "client_id"/],
    [{ endpoint_params: { scope: ['a'] } }, /"scope" is sent already/],
    [{ scopes: { read: true } }, /expected a string/],
  ] as const) {
    await assert.rejects(wrong(options), (error: Error) => reason.test(error.message) && !/hidden/.test(error.message))
  }
  const { request } = await wrong({ scopes: { read: true } }, true)
  assert.equal((await request('/0')).status, 500)
  assert.equal(backend.received.length, 0)
})
