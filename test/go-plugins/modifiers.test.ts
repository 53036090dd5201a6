import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Answer } from '../support/client.ts'
import { withoutGo } from '../support/go-plugin.ts'
import { type Endpoint, modifier, startPipes } from './sources/pipes/start.ts'

const options = { skip: withoutGo }
const BODY = '{"a":1}'

type Level = 'endpoint' | 'backend'

function at(level: Level, extra: Record<string, unknown>, urlPattern: string, more: Endpoint = {}): Endpoint {
  const isText = more.output_encoding === 'no-op'
  const backend = { url_pattern: urlPattern, ...(isText && { encoding: 'no-op' }) }
  return level === 'endpoint'
    ? { ...more, extra_config: extra, backend: [backend] }
    : { ...more, backend: [{ ...backend, extra_config: extra }] }
}

/** What a request modifier makes the upstream see, or the client. */
const REQUESTS: readonly [level: Level, action: string, sent: string][] = [
  ['endpoint', 'live', 'GET /u/changed?added=1&q=new+value X-Live: 1 X-Live: 2 x-odd-Live: odd '],
  ['backend', 'live', 'GET /u/7?gone=2&q=1 X-Live: 1 X-Live: 2 x-odd-Live: odd '],
  ['endpoint', 'live-string', 'GET /u/7?gone=2&q=1 X-In: in X-Live: 1 '],
  ['endpoint', 'value', 'GET /u/7?z=1 X-Own: 1 own body'],
  ['endpoint', 'pointer', 'GET /u/ptr?gone=2&q=1 X-In: in '],
  ['endpoint', 'embedded', 'GET /u/7?gone=2&q=1 X-Embedded: yes X-In: in '],
  ['backend', 'embedded', 'GET /u/7?gone=2&q=1 X-Embedded: yes X-In: in '],
  ['endpoint', 'embedded-nochange', 'GET /u/7?gone=2&q=1 X-In: in '],
  ['endpoint', 'embedded-query', 'GET /u/a%20b%2Fc?a=1&a=2&b+c=d%26e X-In: in '],
  ['backend', 'embedded-query', 'GET /u/7?gone=2&q=1 X-In: in '],
  ['endpoint', 'url', 'GET /u/7?gone=2&q=1 X-In: in '],
  ['backend', 'url', 'GET /json/urlchanged?u=1 X-In: in '],
  ['endpoint', 'params-new', 'GET /u/7?gone=2&q=1 X-In: in '],
  ['endpoint', 'reflect', 'GET /u/7?gone=2&q=1 X-In: in X-Reflect: 7 X-Reflect: true '],
  ['endpoint', 'nilfactory', 'GET /u/7?gone=2&q=1 X-In: in '],
]

/** The same with a body. */
const BODIES: readonly [action: string, sent: string][] = [
  ['embedded-body', 'X-In: in [{"a":1}]'],
  ['buffer', 'X-In: in {"a":1}!'],
  ['pipe', 'X-In: in <{"a":1}>'],
  ['bufio', 'X-In: in {"a":1}'],
]

const REFUSALS: readonly [action: string, told: string][] = [
  ['err', '500 text/plain; charset=utf-8 plain <error>'],
  ['err-status', '418 text/plain; charset=utf-8 teapot'],
  ['err-enc', '422 application/json {"error":"x"}'],
  ['err-head', '429 application/json {"error":"x"}'],
  ['err-emb', '403 text/plain; charset=utf-8 embedded'],
  ['err-wrapped', '500 text/plain; charset=utf-8 wrapped: inner'],
  ['err-302', '302 text/plain; charset=utf-8 moved'],
  ['panic', '500 null '],
]

test('request modifiers of all shapes', options, async (t) => {
  const cases = REQUESTS.map(([level, action, sent]) => ({
    ...{ sent, action },
    endpoint: at(level, modifier('mod-request', action), '/u/{id}'),
  }))
  const bodies = BODIES.map(([action, sent]) => ({
    ...{ sent, action },
    endpoint: at('endpoint', modifier('mod-request', action), '/u/{id}', { method: 'POST' }),
  }))
  const refusals = REFUSALS.flatMap(([action, told]) =>
    (['endpoint', 'backend'] as const).map((level) => ({
      ...{ told, action },
      endpoint: at(level, modifier('mod-request', action), '/u/{id}'),
    })),
  )
  const send = await startPipes(
    t,
    [...cases, ...bodies, ...refusals].map(({ endpoint }) => endpoint),
  )
  for (const { endpoint, action, sent } of cases) assert.deepEqual((await send(endpoint)).json(), { sent }, action)
  for (const { endpoint, action, sent } of bodies) {
    const answer = await send(endpoint, { method: 'POST', body: BODY, headers: { 'X-In': 'in' } })
    assert.deepEqual(answer.json(), { sent: `POST /u/7?gone=2&q=1 ${sent}` }, action)
  }
  for (const { endpoint, action, told } of refusals) assert.equal(tell(await send(endpoint)), told, action)
})

function tell(answer: Answer): string {
  return `${answer.status} ${answer.header('content-type')} ${answer.body}`
}

test('response modifiers of all shapes', options, async (t) => {
  const make = (action: string, path = '/data', level: Level = 'backend') =>
    at(level, modifier('mod-response', action), path)
  const described = make('describe', '/data', 'endpoint')
  const numbers = make('numbers', '/numbers')
  const live = make('live')
  const own = make('own')
  const incomplete = make('incomplete')
  const none = make('nildata')
  const types = make('types')
  const [nan, cycle, panic, refused] = ['nan', 'cycle', 'panic', 'err-status'].map((action) => make(action)) as [
    Endpoint,
    Endpoint,
    Endpoint,
    Endpoint,
  ]
  const list = {
    backend: [{ url_pattern: '/list', is_collection: true, extra_config: modifier('mod-response', 'collection') }],
  }
  const merged = {
    extra_config: modifier('mod-response', 'describe'),
    backend: [
      { url_pattern: '/a', extra_config: modifier('mod-response', 'live') },
      { url_pattern: '/b', extra_config: modifier('mod-request', 'err-status') },
      { url_pattern: '/b', group: 'g', extra_config: modifier('mod-request', 'panic') },
    ],
  }
  const sequence = {
    extra_config: { proxy: { sequential: true } },
    backend: [{ url_pattern: '/b' }, { url_pattern: '/u/{resp0_id}', extra_config: modifier('mod-request', 'live') }],
  }
  const all = [described, numbers, live, own, incomplete, none, types, nan, cycle, panic, refused, list]
  const send = await startPipes(t, [...all, merged, sequence])

  const { described: what, request } = (await send(described)).json() as Record<string, string>
  assert.equal(what, 'io=<nil> complete=true headers=map[] status=0 isReq=true')
  assert.match(request ?? '', /^GET \/data http:.*\/data\?gone=2&q=1 map\[Id:7\] map\[gone:\[2\] q:\[1\]\]$/)
  assert.equal(
    (await send(numbers)).body,
    '{"a":12345678901234567890,"a_seen":"json.Number 12345678901234567890","b":1.50,"b_seen":"json.Number 1.50",' +
      '"c":[-7,1e3,-0],"c_seen":"[]interface {} [-7 1e3 -0]"}',
  )
  const changed = await send(live)
  assert.deepEqual(changed.json(), { open: 'x', live: true, list: [1, { a: null }] })
  assert.equal(changed.header('x-live'), '1')
  const made = await send(own)
  assert.equal(tell(made), '200 application/vnd.own+json {"own":1}')
  assert.equal(made.header('x-own'), 'a')
  assert.equal((await send(incomplete)).header('x-krakend-completed'), 'false')
  assert.equal((await send(none)).body, 'null')
  const data = (await send(types)).json() as Record<string, unknown>
  const time = '2020-01-02T03:04:05+01:00'
  const { bytes, raw, dur, mis, ptr, f32, array, html } = data
  assert.deepEqual(
    { bytes, raw, time: data.time, dur, mis, ptr, f32, array, html },
    {
      ...{
        bytes: 'aGVsbG8=',
        raw: { a: [1, 2.5, '<x>'] },
        time,
        dur: 1e9,
        mis: { 1: 'a', 2: 'b' },
        ptr: [1],
        f32: 0.1,
      },
      ...{ array: [true, false], html: "<a href='x'>&amp;\u2028</a>" },
    },
  )
  for (const endpoint of [nan, cycle, panic]) assert.equal(tell(await send(endpoint)), '500 null ')
  assert.equal(tell(await send(refused)), '409 text/plain; charset=utf-8 resp status')
  assert.deepEqual((await send(list)).json(), { collection: [1, { a: 2 }, true], n: 2 })
  const part = await send(merged)
  assert.deepEqual([part.status, part.header('x-krakend-completed'), part.json()], [200, 'false', { a: 1, live: true }])
  assert.match(((await send(sequence)).json() as { sent: string }).sent, /^GET \/u\/b7\?gone=2&q=1 X-Live: 1 /)
})

test('response modifiers of no-op', options, async (t) => {
  const actions = [
    'noop-describe',
    'noop-upper',
    'noop-status',
    'noop-embed',
    'noop-gzip',
    'noop-lazy',
    'live',
  ] as const
  const make = (action: string, path: string, level: Level) =>
    at(level, modifier('mod-response', action), path, { output_encoding: 'no-op' })
  const both = (['endpoint', 'backend'] as const).map(
    (level) => new Map(actions.map((action) => [action, make(action, '/text', level)])),
  )
  const large = make('noop-lazy', '/large', 'endpoint')
  const zipped = make('noop-gunzip', '/zipped', 'endpoint')
  const send = await startPipes(t, [...both.flatMap((endpoints) => [...endpoints.values()]), large, zipped])
  for (const endpoints of both) {
    const ask = (action: (typeof actions)[number]) => send(endpoints.get(action) as Endpoint)
    const described = await ask('noop-describe')
    assert.equal(described.header('x-d'), 'data=map[] io=true complete=true status=200 up=[yes]')
    assert.equal(described.rawHeaders.filter((name) => name === 'Set-Cookie').length, 2)
    const upper = await ask('noop-upper')
    assert.deepEqual([upper.body, upper.header('x-changed'), upper.header('x-up')], ['HELLO', '1', 'yes'])
    const other = await ask('noop-status')
    assert.deepEqual(
      [other.status, other.header('x-only'), other.header('x-up'), other.body],
      [418, '1', null, 'hello'],
    )
    assert.equal((await ask('noop-embed')).body, 'E:hello')
    assert.equal(String(gunzipSync((await ask('noop-gzip')).bytes)), 'hello')
    assert.equal((await ask('noop-lazy')).body, 'HELLO')
    assert.deepEqual([(await ask('live')).body, (await ask('live')).header('x-live')], ['hello', '1'])
  }
  assert.equal((await send(large)).body, 'Z'.repeat(3_000_000))
  assert.equal((await send(zipped)).body, 'zipped')
})
