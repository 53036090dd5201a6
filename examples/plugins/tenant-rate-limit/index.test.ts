import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { definePlugin } from 'loligo/plugin'
import { ConfigError, createClock, createTestGateway, type TestGateway } from 'loligo/testing'
import { tenantRateLimit } from './index.ts'

/** Stands at the service, as what verifies who asks. */
const login = definePlugin({
  name: 'login',
  server: () => (next) => (request, context) => {
    const user = request.headers.get('X-User')
    if (user !== null) context.store.set('client', user)
    return next(request, context)
  },
})

const backend = [{ url_pattern: '/stock' }]

function configWith(options: object) {
  const limit = { limit: 2, window: '1m', header: 'X-Tenant', tenants: { acme: {}, globex: { limit: 3 } }, ...options }
  const extra_config = { 'plugin/http-server': { name: ['tenant-rate-limit'], 'tenant-rate-limit': limit } }
  return {
    host: ['http://stock.test'],
    endpoints: [
      { endpoint: '/stock', backend, extra_config },
      { endpoint: '/orders', backend, extra_config },
    ],
    extra_config: { 'plugin/http-server': { name: ['login'] } },
  }
}

async function open(t: TestContext, options: object = {}) {
  const clock = createClock({ now: '2026-03-01T12:00:15.500Z' })
  const upstreams = { 'http://stock.test': { json: {} } }
  const gateway = await createTestGateway({
    ...{ t, clock, upstreams, plugins: [tenantRateLimit, login], config: configWith(options) },
  })
  return { gateway, clock }
}

async function statuses(gateway: TestGateway, count: number, headers: Record<string, string>, path = '/stock') {
  const found: number[] = []
  for (let i = 0; i < count; i++) found.push((await gateway.fetch(path, { headers })).status)
  return found
}

test('each tenant has its limit, and the answers tell what is left', async (t) => {
  const { gateway } = await open(t)
  const told: (string | null)[][] = []
  for (let i = 0; i < 3; i++) {
    const { status, headers } = await gateway.fetch('/stock', { headers: { 'X-Tenant': 'acme' } })
    const names = ['RateLimit-Limit', 'RateLimit-Policy', 'RateLimit-Remaining', 'RateLimit-Reset', 'Retry-After']
    told.push([String(status), ...names.map((name) => headers.get(name))])
  }
  assert.deepEqual(told, [
    ['200', '2', '2;w=60', '1', '60', null],
    ['200', '2', '2;w=60', '0', '60', null],
    ['429', '2', '2;w=60', '0', '60', '60'],
  ])
  assert.equal(gateway.calls().length, 2)
  assert.deepEqual(await statuses(gateway, 4, { 'X-Tenant': 'globex' }), [200, 200, 200, 429])
})

test('a refusal says so, and that nobody shall keep it', async (t) => {
  const { gateway } = await open(t, { shared_limit: 0 })
  const answer = await gateway.fetch('/stock')
  assert.deepEqual(await answer.json(), { error: 'too many requests' })
  assert.equal(answer.headers.get('Cache-Control'), 'no-store')
})

test('a window begins with the first request, and after it the next one', async (t) => {
  const { gateway, clock } = await open(t)
  assert.deepEqual(await statuses(gateway, 3, { 'X-Tenant': 'acme' }), [200, 200, 429])
  await clock.advance(59_900)
  const last = await gateway.fetch('/stock', { headers: { 'X-Tenant': 'acme' } })
  assert.deepEqual([last.status, last.headers.get('Retry-After')], [429, '1'])
  await clock.advance(100)
  assert.deepEqual(await statuses(gateway, 3, { 'X-Tenant': 'acme' }), [200, 200, 429])
})

test('unknown tenants and requests without one share a window', async (t) => {
  const { gateway } = await open(t, { shared_limit: 3 })
  assert.deepEqual(await statuses(gateway, 1, {}), [200])
  assert.deepEqual(await statuses(gateway, 1, { 'X-Tenant': 'evil-1' }), [200])
  assert.deepEqual(await statuses(gateway, 1, { 'X-Tenant': '' }), [200])
  assert.deepEqual(await statuses(gateway, 1, { 'X-Tenant': 'evil-2' }), [429])
  assert.deepEqual(await statuses(gateway, 1, { 'X-Tenant': 'acme' }), [200])
})

test('each endpoint counts for itself, unless they are one group', async (t) => {
  const apart = await open(t)
  assert.deepEqual(await statuses(apart.gateway, 2, { 'X-Tenant': 'acme' }), [200, 200])
  assert.deepEqual(await statuses(apart.gateway, 1, { 'X-Tenant': 'acme' }, '/orders'), [200])
  const together = await open(t, { group: 'api' })
  assert.deepEqual(await statuses(together.gateway, 2, { 'X-Tenant': 'acme' }), [200, 200])
  assert.deepEqual(await statuses(together.gateway, 1, { 'X-Tenant': 'acme' }, '/orders'), [429])
})

test('names that were verified may have windows of their own without being listed', async (t) => {
  const { gateway } = await open(t, { header: undefined, store: 'client', unlisted: 'own', shared_limit: 1 })
  assert.deepEqual(await statuses(gateway, 3, { 'X-User': 'ada' }), [200, 200, 429])
  assert.deepEqual(await statuses(gateway, 3, { 'X-User': 'bob' }), [200, 200, 429])
  assert.deepEqual(await statuses(gateway, 4, { 'X-User': 'globex' }), [200, 200, 200, 429])
  assert.deepEqual(await statuses(gateway, 2, {}), [200, 429])
  assert.deepEqual(await statuses(gateway, 1, { 'X-User': 'x'.repeat(129) }), [429], 'too long for a name')
})

test('what cannot work stops the start', async () => {
  const atService = {
    endpoints: [{ endpoint: '/a', backend: [{ host: ['http://stock.test'], url_pattern: '/a' }] }],
    extra_config: { 'plugin/http-server': { name: ['tenant-rate-limit'], 'tenant-rate-limit': { limit: 1 } } },
  }
  for (const [config, message] of [
    [atService, /this stands at an endpoint/],
    [configWith({ param: 'tenant' }), /give one of/],
    [configWith({ header: undefined }), /give one of/],
    [configWith({ header: undefined, param: 'tenant' }), /the path \/stock has no parameter \{tenant\}/],
    [configWith({ limit: 0 }), /\.limit/],
    [configWith({ tenants: { acme: { limit: 0 } } }), /acme\.limit/],
  ] as const) {
    await assert.rejects(
      createTestGateway({ plugins: [tenantRateLimit, login], config }),
      (error) => error instanceof ConfigError && message.test(error.message),
    )
  }
})

test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    ...{ upstreams: { 'http://localhost:8080': { json: {} } }, clock: createClock() },
  })
  assert.deepEqual(await statuses(gateway, 3, {}, '/hello/acme'), [200, 200, 429])
  assert.deepEqual(await statuses(gateway, 6, {}, '/hello/globex'), [200, 200, 200, 200, 200, 429])
  assert.deepEqual(await statuses(gateway, 2, {}, '/hello/stranger'), [200, 429])
})
