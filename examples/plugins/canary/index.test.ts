import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, createTestGateway } from 'loligo/testing'
import { canary } from './index.ts'

const STABLE = 'http://stable.test'
const CANARY = 'http://canary.test'
const USERS = 200

function configWith(options: object) {
  const block = { host: CANARY, percent: 25, ...options }
  return {
    host: [STABLE],
    endpoints: [
      {
        endpoint: '/users/{id}',
        input_headers: ['X-User', 'Cookie', 'X-Variant'],
        input_query_strings: ['q'],
        backend: [
          {
            url_pattern: '/users/{id}?fixed=1',
            extra_config: { 'plugin/middleware': { name: ['canary'], canary: block } },
          },
        ],
      },
    ],
  }
}

const open = (t: { after(close: () => Promise<void>): void }, options: object = {}) =>
  createTestGateway({
    ...{ t, plugins: [canary], config: configWith(options) },
    upstreams: { [STABLE]: { json: { from: 'stable' } }, [CANARY]: { json: { from: 'canary' } } },
  })

type Gateway = Awaited<ReturnType<typeof open>>

async function variantOf(gateway: Gateway, headers: Record<string, string> = {}): Promise<string> {
  const answer = await gateway.fetch('/users/7?q=a', { headers })
  return (await answer.json<{ from: string }>()).from
}

test('nobody and everybody get the canary at 0 and 100 percent; the call stays the same', async (t) => {
  const none = await open(t, { percent: 0 })
  const all = await open(t, { percent: 100, host: `${CANARY}/next/` })
  for (let i = 0; i < 20; i++) {
    assert.equal(await variantOf(none), 'stable')
    assert.equal(await variantOf(all), 'canary')
  }
  assert.equal(none.calls(STABLE)[0]?.url, `${STABLE}/users/7?fixed=1&q=a`)
  assert.equal(all.calls(CANARY)[0]?.url, `${CANARY}/next/users/7?fixed=1&q=a`)
})

test('without anything to bind it to, each call is decided anew', async (t) => {
  t.mock.method(Math, 'random', () => shares.shift() ?? 0.5)
  const shares = [0, 0.2499, 0.25, 0.9]
  const gateway = await open(t)
  const variants: string[] = []
  for (let i = 0; i < 4; i++) variants.push(await variantOf(gateway))
  assert.deepEqual(variants, ['canary', 'canary', 'stable', 'stable'])
})

test('equal values of a header go the same way, and the shares come out about right', async (t) => {
  const gateway = await open(t, { sticky_header: 'X-User' })
  const other = await open(t, { sticky_header: 'X-User', salt: 'next release' })
  let canaries = 0
  let both = 0
  for (let i = 0; i < USERS; i++) {
    const headers = { 'X-User': `user-${i}` }
    const first = await variantOf(gateway, headers)
    assert.equal(await variantOf(gateway, headers), first)
    if (first !== 'canary') continue
    canaries++
    if ((await variantOf(other, headers)) === 'canary') both++
  }
  assert.ok(canaries > USERS * 0.18 && canaries < USERS * 0.32, `${canaries} of ${USERS}`)
  assert.ok(both < canaries * 0.5, `another salt chose ${both} of ${canaries} again`)
})

test('a cookie may bind it, whatever other cookies there are', async (t) => {
  const gateway = await open(t, { sticky_cookie: 'sid', percent: 50 })
  const variants = new Map<string, string>()
  for (let i = 0; i < 20; i++) variants.set(`s${i}`, await variantOf(gateway, { Cookie: `sid=s${i}` }))
  assert.equal(new Set(variants.values()).size, 2)
  for (const [sid, variant] of variants) {
    assert.equal(await variantOf(gateway, { Cookie: `a=1; xsid=s0; sid=${sid}; b=sid=s1` }), variant)
  }
})

test('a header may decide; another value of it does not count', async (t) => {
  const gateway = await open(t, { percent: 0, override_header: 'X-Variant' })
  assert.equal(await variantOf(gateway, { 'X-Variant': 'canary' }), 'canary')
  assert.equal(await variantOf(gateway, { 'X-Variant': 'stable' }), 'stable')
  assert.equal(await variantOf(gateway, { 'X-Variant': 'yes' }), 'stable')
  const closed = await open(t, { percent: 0 })
  assert.equal(await variantOf(closed, { 'X-Variant': 'canary' }), 'stable')
})

test('a canary that fails is a failed call; requests, failures and times are counted for each variant', async (t) => {
  const config = {
    ...configWith({ percent: 0, override_header: 'X-Variant' }),
    extra_config: { 'telemetry/plugins': {} },
  }
  const gateway = await createTestGateway({
    ...{ t, plugins: [canary], config },
    upstreams: { [STABLE]: { json: {} }, [CANARY]: [new Error('refused'), { status: 503 }, { json: {} }] },
  })
  const statuses: number[] = []
  for (const variant of ['canary', 'canary', 'canary', 'stable']) {
    statuses.push((await gateway.fetch('/users/7', { headers: { 'X-Variant': variant } })).status)
  }
  assert.deepEqual(statuses, [500, 500, 200, 200])
  assert.equal(gateway.calls(STABLE).length, 1)

  const report = await (await gateway.fetch('/__plugins')).json<{ metrics: Record<string, unknown>[] }>()
  const counted = report.metrics.map(({ name, value, count }) => [name, value ?? count])
  assert.deepEqual(Object.fromEntries(counted), {
    'stable.requests': 1,
    'stable.failures': 0,
    'stable.ms': 1,
    'canary.requests': 3,
    'canary.failures': 2,
    'canary.ms': 3,
  })
})

test('with no-op a status from 500 on is a failure too', async (t) => {
  const config = configWith({ percent: 100 })
  const endpoints = config.endpoints.map((endpoint) => ({ ...endpoint, output_encoding: 'no-op' }))
  const gateway = await createTestGateway({
    ...{ t, plugins: [canary], config: { ...config, endpoints, extra_config: { 'telemetry/plugins': {} } } },
    upstreams: { [CANARY]: [{ status: 503 }, { status: 404 }] },
  })
  assert.equal((await gateway.fetch('/users/7')).status, 503)
  assert.equal((await gateway.fetch('/users/7')).status, 404)
  const report = await (await gateway.fetch('/__plugins')).json<{ metrics: Record<string, unknown>[] }>()
  assert.equal(report.metrics.find(({ name }) => name === 'canary.failures')?.value, 1)
})

test('what cannot work stops the start', async () => {
  const atEndpoint = {
    host: [STABLE],
    endpoints: [
      {
        endpoint: '/a',
        backend: [{ url_pattern: '/a' }],
        extra_config: { 'plugin/middleware': { name: ['canary'], canary: { host: CANARY, percent: 1 } } },
      },
    ],
  }
  for (const [config, message] of [
    [atEndpoint, /this stands at a backend/],
    [configWith({ host: 'canary.test' }), /\.host/],
    [configWith({ percent: 101 }), /\.percent/],
    [configWith({ sticky_header: 'A', sticky_cookie: 'b' }), /not both/],
  ] as const) {
    await assert.rejects(
      createTestGateway({ plugins: [canary], config }),
      (error) => error instanceof ConfigError && message.test(error.message),
    )
  }
})

test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    upstreams: { 'http://localhost:8080': { json: {} }, 'http://127.0.0.1:8080': { json: {} } },
  })
  assert.equal((await gateway.fetch('/hello', { headers: { 'X-Variant': 'canary' } })).status, 200)
  assert.equal((await gateway.fetch('/hello', { headers: { 'X-Variant': 'stable' } })).status, 200)
  assert.deepEqual(
    gateway.calls().map(({ url }) => url),
    ['http://127.0.0.1:8080/__echo/hello', 'http://localhost:8080/__echo/hello'],
  )
})
