import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createClock } from '../src/testing/clock.ts'
import { createTestGateway } from '../src/testing/gateway.ts'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

type Options = Readonly<Record<string, unknown>>

const ROUTER = 'qos/ratelimit/router'
const PROXY = 'qos/ratelimit/proxy'
const SERVICE = 'qos/ratelimit/service'

/** A gateway in memory with a clock that the test moves: `/limited`, `/limited/{id}` and `/open`, and what of it passes. */
async function limited(t: TestContext, options: Options, service: Options = {}) {
  const clock = createClock()
  const extra_config = { [ROUTER]: options }
  const backend = [{ url_pattern: '/' }]
  const gateway = await createTestGateway({
    ...{ t, clock, upstreams: { 'http://upstream.test': { '*': { json: { ok: true } } } } },
    config: {
      host: ['http://upstream.test'],
      extra_config: service,
      endpoints: [
        { endpoint: '/limited', backend, extra_config },
        { endpoint: '/limited/{id}', backend, extra_config },
        { endpoint: '/open', backend },
      ],
    },
  })
  const statuses = async (requests: number, target: string, headers: Record<string, string> = {}) => {
    const list: number[] = []
    for (let i = 0; i < requests; i++) list.push((await gateway.fetch(target, { headers })).status)
    return list.join(' ')
  }
  return { gateway, clock, statuses }
}

describe('the limit of an endpoint', () => {
  test('answers 503 without a body and without fields of the gateway, and is noted in the access log', async (t) => {
    const backend = await startBackend(t, { '/': { json: { ok: true } } })
    const { request, accessLog } = await startGateway(t, {
      host: [backend.url],
      endpoints: [
        {
          endpoint: '/a',
          backend: [{ url_pattern: '/' }],
          extra_config: { [ROUTER]: { max_rate: 2, every: '1h', capacity: 2 } },
        },
      ],
      extra_config: { router: { return_error_msg: true } },
    })
    const answers = [await request('/a'), await request('/a'), await request('/a')]
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 503],
    )
    const [, , refused] = answers
    assert.equal(refused?.body, '')
    const names = refused?.rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()) ?? []
    assert.deepEqual(names.toSorted(), ['connection', 'content-length', 'date'])
    assert.equal(backend.received.length, 2)
    assert.match(await accessLog.find(/503/), / 503 .*"\/a"\nError #01: rate limit exceded$/)
  })

  test('lets as many pass as come back, not more after a pause', async (t) => {
    const { statuses, clock } = await limited(t, { max_rate: 2, every: '1s', capacity: 3 })
    assert.equal(await statuses(5, '/limited'), '200 200 200 503 503')
    await clock.advance(500)
    assert.equal(await statuses(2, '/limited'), '200 503')
    await clock.advance(60_000)
    assert.equal(await statuses(5, '/limited'), '200 200 200 503 503')
    assert.equal(await statuses(1, '/limited/1'), '200', 'each endpoint has its own')
  })

  test('without a capacity holds what comes in a second, at least 1', async (t) => {
    for (const [options, expected] of [
      [{ max_rate: 3 }, '200 200 200 503'],
      [{ max_rate: 3.9 }, '200 200 200 503'],
      [{ max_rate: 3, every: '1ms' }, '200 200 200 503'],
      [{ max_rate: 120, every: '1m' }, '200 200 503 503'],
      [{ max_rate: 30, every: '1h' }, '200 503 503 503'],
      [{ max_rate: -1 }, '200 200 200 200'],
      [{ client_max_rate: 3, strategy: 'ip' }, '200 429 429 429'],
      [{ client_max_rate: 3, strategy: 'ip', max_rate: 100 }, '200 200 200 429'],
      [{ client_max_rate: 3, strategy: 'ip', client_capacity: 2 }, '200 200 429 429'],
    ] as const) {
      const { statuses } = await limited(t, options)
      assert.equal(await statuses(4, '/limited'), expected, JSON.stringify(options))
    }
  })

  test('refuses a client before it costs a token of all', async (t) => {
    const { statuses } = await limited(t, {
      ...{ max_rate: 3, capacity: 3, client_max_rate: 2, client_capacity: 2, every: '1h', strategy: 'IP' },
    })
    assert.equal(await statuses(6, '/limited', { 'X-Forwarded-For': '10.0.0.1' }), '200 200 429 429 429 429')
    assert.equal(await statuses(3, '/limited', { 'X-Forwarded-For': '10.0.0.2' }), '200 503 429')
  })
})

describe('a client', () => {
  const client = (options: Options) => ({ client_max_rate: 1, every: '1h', ...options })

  test('is an address', async (t) => {
    const { statuses } = await limited(t, client({ strategy: 'ip' }))
    for (const address of ['10.0.0.1', '10.0.0.2', '2001:db8::1', '2001:db8::2']) {
      assert.equal(await statuses(2, '/limited', { 'X-Forwarded-For': address }), '200 429', address)
    }
    assert.equal(await statuses(1, '/limited', { 'X-Forwarded-For': '2001:0DB8:0::1' }), '429')
    assert.equal(await statuses(1, '/limited', { 'X-Forwarded-For': '::ffff:10.0.0.1' }), '429')
  })

  test('is a network of IPv6, if that is asked for', async (t) => {
    const { statuses } = await limited(t, client({ strategy: 'ip', ipv6_prefix: 64 }))
    assert.equal(await statuses(1, '/limited', { 'X-Forwarded-For': '2001:db8::1' }), '200')
    assert.equal(await statuses(1, '/limited', { 'X-Forwarded-For': '2001:db8::ffff:1' }), '429')
    assert.equal(await statuses(1, '/limited', { 'X-Forwarded-For': '2001:db8:0:1::1' }), '200')
  })

  test('is the first address of a header, whatever its form, else the peer', async (t) => {
    const { statuses } = await limited(t, client({ strategy: 'ip', key: 'x-real-client' }))
    const first = async (value: string) => await statuses(1, '/limited', { 'X-Real-Client': value })
    assert.equal(await first('192.0.2.1, 10.0.0.1'), '200')
    assert.equal(await first(' 192.0.2.1:4711 ,x'), '429')
    assert.equal(await first('2001:db8::1'), '200')
    assert.equal(await first('2001:db8::2'), '200')
    assert.equal(await first('[2001:db8::1]:443, 10.0.0.1'), '429')
    assert.equal(await first('[2001:db8::2]'), '429')
    assert.equal(await first('unknown'), '200')
    assert.equal(await first('[x]:1'), '429', 'the same peer')
    assert.equal(await first(', 192.0.2.1'), '429')
    assert.equal(await statuses(1, '/limited'), '429')
  })

  test('is the value of a header; without one it is refused', async (t) => {
    const { statuses } = await limited(t, client({ strategy: 'Header', key: 'x-api-USER' }))
    assert.equal(await statuses(2, '/limited', { 'X-Api-User': 'ann' }), '200 429')
    assert.equal(await statuses(2, '/limited', { 'x-api-user': 'bob' }), '200 429')
    assert.equal(await statuses(1, '/limited', { 'x-api-user': 'Bob' }), '200')
    assert.equal(await statuses(2, '/limited', { 'X-Api-User': '' }), '429 429')
    assert.equal(await statuses(2, '/limited'), '429 429')
  })

  test('is the value of a path parameter; without one it is refused', async (t) => {
    const { statuses, gateway } = await limited(t, client({ strategy: 'param', key: 'id' }))
    assert.equal(await statuses(2, '/limited/a'), '200 429')
    assert.equal(await statuses(2, '/limited/b'), '200 429')
    assert.equal(await statuses(2, '/limited'), '429 429')
    const warnings = gateway.log.lines.filter(({ level }) => level === 'WARNING').map(({ message }) => message)
    assert.deepEqual(warnings, [
      '[ENDPOINT: /limited][Ratelimit] the path has no parameter "id": every request is answered 429',
    ])
  })

  test('shares a bucket when there are more than the table holds, and that is logged', async (t) => {
    const { statuses, gateway } = await limited(t, client({ strategy: 'header', key: 'X-User', max_clients: 8 }))
    let passed = 0
    for (let user = 0; user < 60; user++) {
      if ((await statuses(1, '/limited', { 'X-User': `user ${user}` })) === '200') passed++
    }
    assert.ok(passed >= 8 && passed <= 17, String(passed))
    const told = gateway.log.lines.filter(({ message }) => message.includes('more than 8 clients at once'))
    assert.equal(told.length, 1)
  })
})

describe('header fields', () => {
  const fieldsOf = async (gateway: Awaited<ReturnType<typeof limited>>['gateway'], target = '/limited') => {
    const { status, headers } = await gateway.fetch(target)
    const names = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'retry-after']
    return [status, ...names.map((name) => headers.get(name))]
  }

  test('tell how many requests are left, and when to come again', async (t) => {
    const { gateway, clock } = await limited(t, { max_rate: 2, every: '1m', capacity: 2, headers: true })
    assert.deepEqual(await fieldsOf(gateway), [200, '2', '1', '30', null])
    assert.deepEqual(await fieldsOf(gateway), [200, '2', '0', '60', null])
    assert.deepEqual(await fieldsOf(gateway), [503, '2', '0', '60', '30'])
    await clock.advance(20_500)
    assert.deepEqual(await fieldsOf(gateway), [503, '2', '0', '40', '10'])
    await clock.advance(10_000)
    assert.deepEqual(await fieldsOf(gateway), [200, '2', '0', '60', null])
    assert.deepEqual(await fieldsOf(gateway, '/open'), [200, null, null, null, null])
  })

  test('are those of the limit that refuses, else those of the client', async (t) => {
    const { gateway } = await limited(t, {
      ...{ max_rate: 4, capacity: 4, client_max_rate: 3, client_capacity: 3, every: '1h', headers: true },
      ...{ strategy: 'header', key: 'X-User' },
    })
    const limitFor = async (user: string) => {
      const { status, headers } = await gateway.fetch('/limited', { headers: { 'X-User': user } })
      return [status, headers.get('ratelimit-limit'), headers.get('ratelimit-remaining')].join(' ')
    }
    const seen = []
    for (const user of ['ann', 'ann', 'ann', 'ann', 'bob', 'bob', '']) seen.push(await limitFor(user))
    assert.deepEqual(seen, ['200 3 2', '200 3 1', '200 3 0', '429 3 0', '200 3 2', '503 4 0', '429  '])
  })

  test('of an endpoint stay where the service has some of its own', async (t) => {
    const all = { max_rate: 9, capacity: 9, every: '1h', headers: true }
    const { gateway } = await limited(t, { ...all, capacity: 2 }, { [SERVICE]: all })
    assert.deepEqual((await fieldsOf(gateway)).slice(0, 3), [200, '2', '1'])
    assert.deepEqual((await fieldsOf(gateway, '/open')).slice(0, 3), [200, '9', '7'])
  })
})

describe('the limit of the service', () => {
  test('counts the requests to all endpoints together', async (t) => {
    const { statuses } = await limited(t, {}, { [SERVICE]: { max_rate: 4, capacity: 4, every: '1h' } })
    assert.equal(await statuses(2, '/open'), '200 200')
    assert.equal(await statuses(1, '/limited/1'), '200')
    assert.equal(await statuses(1, '/nowhere'), '404')
    assert.equal(await statuses(2, '/limited'), '503 503')
    assert.equal(await statuses(2, '/__health'), '200 200', 'who refuses clients is in good health')
  })

  test('knows clients by the address that the rules for proxies give, and by headers', async (t) => {
    const byAddress = await limited(t, {}, { [SERVICE]: { client_max_rate: 1, every: '1h', strategy: 'ip' } })
    assert.equal(await byAddress.statuses(2, '/open', { 'X-Forwarded-For': '10.0.0.1' }), '200 429')
    assert.equal(await byAddress.statuses(2, '/open', { 'X-Forwarded-For': '10.0.0.2' }), '200 429')
    const options = { client_max_rate: 1, every: '1h', strategy: 'header', key: 'X-User' }
    const byHeader = await limited(t, {}, { [SERVICE]: options })
    assert.equal(await byHeader.statuses(2, '/open', { 'X-User': 'ann' }), '200 429')
    assert.equal(await byHeader.statuses(1, '/limited', { 'X-User': 'bob' }), '200')
    assert.equal(await byHeader.statuses(1, '/limited'), '429')
  })

  test('is noted in the access log', async (t) => {
    const { gateway } = await limited(t, {}, { [SERVICE]: { max_rate: 1, every: '1h' } })
    await gateway.fetch('/open')
    await (await gateway.fetch('/open')).bytes()
    assert.match(gateway.accessLog.at(-1) ?? '', / 503 .*\nError #01: rate limit exceded$/)
  })
})

describe('the limit of a backend', () => {
  /** `/one` has one limited backend, `/two` another and one without a limit. */
  async function calls(t: TestContext, options: Options, router: Options = {}, endpoint: Options = {}) {
    const extra_config = { [PROXY]: { max_rate: 1, capacity: 1, every: '1h', ...options } }
    const clock = createClock()
    const gateway = await createTestGateway({
      ...{ t, clock, upstreams: { 'http://upstream.test': { '/a': { json: { a: 1 } }, '/b': { json: { b: 2 } } } } },
      config: {
        host: ['http://upstream.test'],
        extra_config: { router },
        endpoints: [
          { endpoint: '/one', backend: [{ url_pattern: '/a', extra_config }], ...endpoint },
          { endpoint: '/two', backend: [{ url_pattern: '/a', extra_config }, { url_pattern: '/b' }] },
          { endpoint: '/same', backend: [1, 2].map((n) => ({ url_pattern: '/a', group: `g${n}`, extra_config })) },
        ],
      },
    })
    const seen = async (target: string) => {
      const { status, headers, ...answer } = await gateway.fetch(target).then(async (got) => ({
        ...{ status: got.status, headers: got.headers, body: await got.text() },
      }))
      return [status, headers.get('x-krakend-completed'), headers.get('retry-after'), answer.body]
    }
    return { gateway, clock, seen }
  }

  test('fails without a call', async (t) => {
    const { gateway, seen } = await calls(t, {})
    assert.deepEqual(await seen('/one'), [200, 'true', null, '{"a":1}'])
    assert.deepEqual(await seen('/one'), [500, 'false', null, ''])
    assert.equal(gateway.calls().length, 1)
    assert.match(gateway.accessLog.at(-1) ?? '', / 500 .*\nError #01: rate limit exceded$/)
  })

  test('tells its reason where the router may', async (t) => {
    const { seen } = await calls(t, {}, { return_error_msg: true })
    await seen('/one')
    assert.deepEqual(await seen('/one'), [500, 'false', null, 'rate limit exceded'])
  })

  test('leaves its part out of a merged answer', async (t) => {
    const { seen } = await calls(t, { status: 503 })
    assert.deepEqual(await seen('/two'), [200, 'true', null, '{"a":1,"b":2}'])
    assert.deepEqual(await seen('/two'), [200, 'false', null, '{"b":2}'])
  })

  test('answers with another status and when to come again, if that is asked for', async (t) => {
    for (const status of [503, 429]) {
      const { seen, clock } = await calls(t, { status })
      await seen('/one')
      assert.deepEqual(await seen('/one'), [status, 'false', '3600', ''])
      await clock.advance(600_000)
      assert.deepEqual(await seen('/one'), [status, 'false', '3000', ''])
      await clock.advance(3_000_000)
      assert.equal((await seen('/one'))[0], 200)
    }
  })

  test('belongs to one entry of the list, and takes periods below a second', async (t) => {
    const { seen, clock } = await calls(t, { every: '100ms', capacity: 0 })
    assert.deepEqual(await seen('/same'), [200, 'true', null, '{"g1":{"a":1},"g2":{"a":1}}'])
    for (let i = 0; i < 9; i++) assert.equal((await seen('/one'))[0], 200, 'the capacity is 10')
    await seen('/one')
    assert.equal((await seen('/one'))[0], 500)
    await clock.advance(100)
    assert.equal((await seen('/one'))[0], 200)
  })

  test('counts each of concurrent calls', async (t) => {
    const { gateway, seen } = await calls(t, { capacity: 3 }, {}, { concurrent_calls: 3 })
    assert.equal((await seen('/one'))[0], 200)
    assert.equal((await seen('/one'))[0], 500)
    assert.equal(gateway.calls().length, 3)
  })
})
