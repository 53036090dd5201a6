import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import {
  createClock,
  createTestGateway,
  type FetchOptions,
  type PlainReply,
  type Reply,
  type Script,
} from 'loligo/testing'
import { cachingClient } from './index.ts'

const HOST = 'http://shop.test'

async function open(t: TestContext, upstream: Script, options: object = {}) {
  const block = { max_age: '10s', ...options }
  const config = {
    host: [HOST],
    endpoints: ['GET', 'POST'].map((method) => ({
      ...{
        endpoint: '/items/{id}',
        method,
        output_encoding: 'no-op',
        input_headers: ['*'],
        input_query_strings: ['*'],
      },
      backend: [
        {
          ...{ url_pattern: '/v1/items/{id}', method },
          extra_config: { 'plugin/http-client': { name: 'caching-client', 'caching-client': block } },
        },
      ],
    })),
    extra_config: { 'telemetry/plugins': {} },
  }
  const clock = createClock({ now: '2026-03-01T12:00:00Z' })
  const gateway = await createTestGateway({
    t,
    plugins: [cachingClient],
    config,
    upstreams: { [HOST]: upstream },
    clock,
  })
  const get = async (target = '/items/7', init: FetchOptions = {}) => {
    const answer = await gateway.fetch(target, init)
    const { status, headers } = answer
    return { status, text: await answer.text(), age: headers.get('Age'), told: headers.get('Cache-Status'), headers }
  }
  return { gateway, clock, get, calls: () => gateway.calls().length }
}

/** Answers `1`, `2`, `3`, … with these header fields. */
function counting(headers: PlainReply['headers'] = {}): Reply {
  let n = 0
  return () => ({ body: String(++n), headers })
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn()
}

test('an answer is kept as long as it is fresh, and its age is told', async (t) => {
  const { get, clock, calls } = await open(
    t,
    counting({ 'Content-Type': 'text/x-count', ETag: '"a"', Connection: 'x' }),
  )
  const first = await get()
  assert.deepEqual([first.text, first.age, first.told], ['1', null, 'caching-client; fwd=uri-miss'])
  await clock.advance(9_000)
  const second = await get()
  assert.deepEqual([second.text, second.age, second.told], ['1', '9', 'caching-client; hit; ttl=1'])
  assert.equal(second.headers.get('Content-Type'), 'text/x-count')
  assert.equal(second.headers.get('ETag'), '"a"')
  await clock.advance(1_000)
  assert.equal((await get()).text, '2')
  assert.equal(calls(), 2)
})

test('other URLs and other values of chosen headers have answers of their own', async (t) => {
  const { get } = await open(t, counting(), { headers: ['Accept-Language'] })
  assert.equal((await get('/items/7')).text, '1')
  assert.equal((await get('/items/8')).text, '2')
  assert.equal((await get('/items/7?page=2')).text, '3')
  assert.equal((await get('/items/7', { headers: { 'Accept-Language': 'de' } })).text, '4')
  assert.equal((await get('/items/7', { headers: { 'Accept-Language': 'de', 'User-Agent': 'x' } })).text, '4')
  assert.equal((await get('/items/7', { headers: { 'Accept-Encoding': 'br' } })).text, '5')
  assert.equal((await get('/items/7')).text, '1')
})

for (const [what, headers] of [
  ['no-store', { 'Cache-Control': 'no-store' }],
  ['no-cache', { 'Cache-Control': 'public, no-cache="a, max-age=9"' }],
  ['private', { 'Cache-Control': 'Private' }],
  ['max-age=0', { 'Cache-Control': 'max-age=0' }],
  ['a max-age that is none', { 'Cache-Control': 'max-age=soon' }],
  ['an age beyond it', { 'Cache-Control': 'max-age=5', Age: '5' }],
  ['Expires in the past', { Expires: '0' }],
  ['Vary by another header', { Vary: 'Accept, X-Theme' }],
  ['Vary by anything', { Vary: '*' }],
  ['a cookie', { 'Set-Cookie': 'a=1' }],
] as const) {
  test(`an answer with ${what} is not kept`, async (t) => {
    const { get } = await open(t, counting(headers))
    assert.equal((await get()).text, '1')
    assert.equal((await get()).text, '2')
  })
}

test('the upstream says how long an answer is fresh', async (t) => {
  const expires = { Date: 'Sun, 01 Mar 2026 12:00:00 GMT', Expires: 'Sun, 01 Mar 2026 12:01:00 GMT' }
  for (const [headers, ms] of [
    [{ 'Cache-Control': 'max-age=60', Vary: 'accept-encoding' }, 60_000],
    [{ 'Cache-Control': 'max-age=60', Age: '20' }, 40_000],
    [{ 'Cache-Control': 'max-age=5, S-MaxAge=60, max-age=90' }, 60_000],
    [expires, 60_000],
    [{ ...expires, 'Cache-Control': 'max-age=20' }, 20_000],
  ] as const) {
    const { get, clock } = await open(t, counting(headers), { max_age: '0s' })
    await get()
    await clock.advance(ms - 1)
    assert.equal((await get()).text, '1', JSON.stringify(headers))
    await clock.advance(1)
    assert.equal((await get()).text, '2', JSON.stringify(headers))
  }
})

test('an age that the answer had before is counted on', async (t) => {
  const { get, clock } = await open(t, counting({ Age: '3' }))
  await get()
  await clock.advance(4_000)
  assert.equal((await get()).age, '7')
})

test('without max_age only what the upstream allows is kept', async (t) => {
  const { get } = await open(t, counting(), { max_age: '0s' })
  await get()
  assert.equal((await get()).text, '2')
})

test('nothing is kept of other methods, ranges and errors', async (t) => {
  const { get } = await open(t, counting())
  await get('/items/7', { method: 'POST', body: 'x' })
  assert.equal((await get('/items/7', { headers: { Range: 'bytes=0-1' } })).text, '2')
  assert.equal((await get('/items/7', { headers: { Range: 'bytes=0-1' } })).text, '3')
  const missing = await open(t, [{ status: 404 }, { body: 'here' }])
  assert.equal((await missing.get()).status, 404)
  assert.equal((await missing.get()).text, 'here')
})

test('what is personal is not kept unless told, and then for each alone', async (t) => {
  const ada = { headers: { Authorization: 'Bearer ada' } }
  const eve = { headers: { Authorization: 'Bearer eve' } }
  const cookie = { headers: { Cookie: 'sid=1' } }
  const off = await open(t, counting())
  for (const [init, text] of [
    [ada, '1'],
    [ada, '2'],
    [cookie, '3'],
    [cookie, '4'],
    [{}, '5'],
    [{}, '5'],
  ] as const) {
    assert.equal((await off.get('/items/7', init)).text, text)
  }
  const on = await open(t, counting(), { personal: true })
  for (const [init, text] of [
    [ada, '1'],
    [eve, '2'],
    [cookie, '3'],
    [{}, '4'],
    [ada, '1'],
    [eve, '2'],
  ] as const) {
    assert.equal((await on.get('/items/7', init)).text, text)
  }
})

test('answers that set cookies may be kept, and the cookie goes to nobody else', async (t) => {
  const { get } = await open(t, counting({ 'Set-Cookie': 'sid=secret' }), { set_cookie: true })
  assert.deepEqual((await get()).headers.getSetCookie(), ['sid=secret'])
  const second = await get()
  assert.deepEqual([second.text, second.headers.getSetCookie()], ['1', []])
})

test('large bodies pass, whether their length is known or not', async (t) => {
  async function* pieces(...texts: string[]) {
    yield* texts
  }
  const known = await open(t, () => ({ body: 'x'.repeat(101), headers: { 'Content-Length': '101' } }), {
    max_bytes: 100,
  })
  const unknown = await open(t, () => ({ body: pieces('x'.repeat(60), 'y'.repeat(41)) }), { max_bytes: 100 })
  for (const { get, calls } of [known, unknown]) {
    for (let i = 1; i <= 2; i++) assert.deepEqual([(await get()).text.length, calls()], [101, i])
  }
  const small = await open(t, () => ({ body: pieces('x'.repeat(60), 'y'.repeat(40)) }), { max_bytes: 100 })
  const length = await open(t, () => ({ body: 'x'.repeat(100), headers: { 'Content-Length': '100' } }), {
    max_bytes: 100,
  })
  for (const { get, calls } of [small, length]) {
    for (let i = 1; i <= 2; i++) assert.deepEqual([(await get()).text.length, calls()], [100, 1])
  }
})

test('an answer that breaks off is not kept', async (t) => {
  async function* broken() {
    yield 'half'
    throw new Error('connection lost')
  }
  const { get, gateway } = await open(t, [() => ({ body: broken() }), { body: 'whole' }])
  const first = await gateway.fetch('/items/7')
  await assert.rejects(first.text(), /connection lost/)
  assert.equal((await get()).text, 'whole')
})

test('what is stale is served and refreshed in the background, once', async (t) => {
  const { gateway, get, clock, calls } = await open(t, [{ body: '1' }, { body: '2', delayMs: 500 }], {
    stale_while_revalidate: '20s',
  })
  await get()
  await clock.advance(12_000)
  const conditional = { headers: { 'If-None-Match': '"a"' } }
  const stale = await Promise.all([get('/items/7', conditional), get(), get()])
  for (const { text, age, told } of stale)
    assert.deepEqual([text, age, told], ['1', '12', 'caching-client; hit; ttl=-2'])
  assert.equal(calls(), 2)
  assert.equal(gateway.calls()[1]?.headers.get('If-None-Match'), null, 'the whole answer is wanted')
  await clock.advance(500)
  const fresh = await get()
  assert.deepEqual([fresh.text, fresh.told], ['2', 'caching-client; hit; ttl=10'])
  await clock.advance(31_000)
  const late = get()
  await clock.advance(500)
  assert.equal((await late).told, 'caching-client; fwd=uri-miss', 'too old to be served')
})

test('after a refresh the next one need not wait', async (t) => {
  const { get, clock } = await open(t, counting(), { max_age: '1s', stale_while_revalidate: '1h' })
  for (const expected of ['1', '1', '2', '3']) {
    assert.equal((await get()).text, expected)
    await clock.advance(1_000)
  }
})

test('a refresh that fails or hangs is not repeated at once, and what is kept stays', async (t) => {
  const { get, clock, calls } = await open(t, [{ body: '1' }, { status: 503 }, 'never', { body: '2' }], {
    ...{ stale_while_revalidate: '1h', refresh_timeout: '5s' },
  })
  await get()
  await clock.advance(10_000)
  for (let i = 0; i < 3; i++) assert.equal((await get()).text, '1')
  assert.equal(calls(), 2)
  await clock.advance(5_000)
  for (let i = 0; i < 3; i++) assert.equal((await get()).text, '1')
  assert.equal(calls(), 3)
  await clock.advance(5_000)
  assert.equal((await get()).text, '1')
  await until(() => calls() === 4)
  await clock.advance(1)
  assert.equal((await get()).text, '2')
})

test('an answer stands in for an error', async (t) => {
  const replies = [{ body: '1' }, { status: 503 }, new Error('connection refused'), { status: 404 }, { status: 502 }]
  const { get, clock } = await open(t, replies, { stale_if_error: '1m' })
  await get()
  await clock.advance(20_000)
  for (let i = 0; i < 2; i++) {
    const { status, text, age } = await get()
    assert.deepEqual([status, text, age], [200, '1', '20'])
  }
  assert.equal((await get()).status, 404, 'an answer that is no failure of the upstream counts')
  await clock.advance(50_000)
  assert.equal((await get()).status, 502, 'too old to stand in')
})

test('it stands in for an upstream that is too slow, too', async (t) => {
  const { get, clock } = await open(t, [{ body: '1' }, 'never'], { stale_if_error: '1m' })
  await get()
  await clock.advance(20_000)
  const answer = get()
  await clock.advance(2_000)
  assert.equal((await answer).text, '1')
})

test('the upstream may allow what is stale, or forbid it', async (t) => {
  const allows = 'max-age=10, stale-while-revalidate=5, stale-if-error=60'
  const allowed = await open(t, [{ body: '1', headers: { 'Cache-Control': allows } }, { status: 500 }])
  await allowed.get()
  await allowed.clock.advance(14_000)
  assert.equal((await allowed.get()).text, '1')
  await allowed.clock.advance(40_000)
  assert.equal((await allowed.get()).text, '1')
  const strict = { 'Cache-Control': 'max-age=10, must-revalidate' }
  const forbidden = await open(t, [{ body: '1', headers: strict }, { status: 500 }], {
    ...{ stale_while_revalidate: '1h', stale_if_error: '1h' },
  })
  await forbidden.get()
  await forbidden.clock.advance(10_000)
  assert.equal((await forbidden.get()).status, 500)
})

test('it counts', async (t) => {
  const { gateway, get, clock } = await open(t, counting(), { stale_while_revalidate: '1m' })
  for (let i = 0; i < 3; i++) await get()
  await clock.advance(10_000)
  await get()
  const report = await (await gateway.fetch('/__plugins')).json<{ metrics: { name: string; value: number }[] }>()
  const counted = Object.fromEntries(report.metrics.map(({ name, value }) => [name, value]))
  assert.deepEqual(counted, { hits: 3, misses: 1, stale: 1 })
})

test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    upstreams: { 'http://localhost:8080': counting() },
  })
  for (let i = 0; i < 2; i++) assert.equal(await (await gateway.fetch('/hello/ada')).text(), '1')
})
