import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, createTestGateway } from 'loligo/testing'
import { apiKey } from './index.ts'

const CLIENTS = [
  { name: 'shop', hash: hash('sha256', 'key-of-shop'), roles: ['reader', 'writer'] },
  { name: 'kiosk', hash: hash('sha256', 'key-of-kiosk').toUpperCase(), roles: ['reader'] },
  { name: 'guest', hash: hash('sha256', 'key-of-guest') },
]

const backend = [{ url_pattern: '/stock' }]
const input_headers = ['X-Api-Key', 'X-Client', 'X-Client-Roles']
const upstreams = { 'http://stock.test': { json: { ink: 3 } } }

function configWith(options: object) {
  return {
    host: ['http://stock.test'],
    endpoints: [
      { endpoint: '/stock', input_headers, input_query_strings: ['key', 'page'], backend },
      { endpoint: '/open', input_headers, backend },
    ],
    extra_config: { 'plugin/http-server': { name: ['api-key'], 'api-key': { clients: CLIENTS, ...options } } },
  }
}

const open = (t: { after(close: () => Promise<void>): void }, options: object = {}) =>
  createTestGateway({ t, plugins: [apiKey], config: configWith(options), upstreams })

test('a known key passes; the upstream gets the name and the roles, and not the key', async (t) => {
  const gateway = await open(t)
  const forged = { 'X-Client': 'root', 'X-Client-Roles': 'admin' }
  assert.equal((await gateway.fetch('/stock', { headers: { ...forged, 'x-api-key': 'key-of-shop' } })).status, 200)
  assert.equal((await gateway.fetch('/stock', { headers: { ...forged, 'X-Api-Key': 'key-of-guest' } })).status, 200)
  const [shop, guest] = gateway.calls()
  assert.equal(shop?.headers.get('X-Client'), 'shop')
  assert.equal(shop.headers.get('X-Client-Roles'), 'reader,writer')
  assert.equal(shop.headers.get('X-Api-Key'), null)
  assert.equal(guest?.headers.get('X-Client'), 'guest')
  assert.equal(guest.headers.get('X-Client-Roles'), null)
})

test('without a known key nothing passes, and the answer says what is asked for', async (t) => {
  const gateway = await open(t)
  const missing = await gateway.fetch('/stock')
  assert.equal(missing.status, 401)
  assert.equal(missing.headers.get('WWW-Authenticate'), 'ApiKey realm="gateway"')
  assert.deepEqual(await missing.json(), { error: 'an API key is needed' })
  for (const key of ['', 'key-of-nobody', CLIENTS[0]?.hash ?? '', 'key-of-shop, key-of-shop']) {
    const answer = await gateway.fetch('/stock', { headers: { 'X-Api-Key': key } })
    assert.equal(answer.status, 401)
    assert.equal(answer.headers.get('WWW-Authenticate'), 'ApiKey realm="gateway", error="invalid_key"')
  }
  assert.equal(
    (await gateway.fetch('/stock?key=key-of-shop')).status,
    401,
    'a query string counts only where it is named',
  )
  assert.equal(gateway.calls().length, 0)
})

test('a query string may bring the key and is taken away; a header counts more', async (t) => {
  const gateway = await open(t, { query: 'key' })
  assert.equal((await gateway.fetch('/stock?page=2&key=key-of-kiosk')).status, 200)
  assert.equal((await gateway.fetch('/stock?key=key-of-kiosk', { headers: { 'X-Api-Key': 'wrong' } })).status, 401)
  const [call] = gateway.calls()
  assert.equal(call?.url, 'http://stock.test/stock?page=2')
  assert.equal(call.headers.get('X-Client'), 'kiosk')
})

test('a client without a role that suffices is known and refused', async (t) => {
  const gateway = await open(t, { roles: ['writer', 'admin'] })
  assert.equal((await gateway.fetch('/stock', { headers: { 'X-Api-Key': 'key-of-shop' } })).status, 200)
  for (const key of ['key-of-kiosk', 'key-of-guest']) {
    const answer = await gateway.fetch('/stock', { headers: { 'X-Api-Key': key } })
    assert.equal(answer.status, 403)
    assert.deepEqual(await answer.json(), { error: 'the API key does not allow this' })
  }
})

test('open paths need no key, and nobody has a name there', async (t) => {
  const gateway = await open(t, { open_paths: ['/open'] })
  assert.equal((await gateway.fetch('/open', { headers: { 'X-Client': 'root', 'X-Api-Key': 'any' } })).status, 200)
  assert.equal((await gateway.fetch('/open/')).status, 401, 'a path is open exactly as it is written')
  assert.equal(gateway.calls()[0]?.headers.get('X-Client'), null)
  assert.equal(gateway.calls()[0]?.headers.get('X-Api-Key'), null)
})

test('it stands at an endpoint alone where it is named there', async (t) => {
  const guard = { 'plugin/http-server': { name: ['api-key'], 'api-key': { clients: CLIENTS, roles: ['writer'] } } }
  const config = {
    host: ['http://stock.test'],
    endpoints: [
      { endpoint: '/stock', backend },
      { endpoint: '/stock', method: 'POST', backend, extra_config: guard },
    ],
  }
  const gateway = await createTestGateway({ t, plugins: [apiKey], config, upstreams })
  assert.equal((await gateway.fetch('/stock')).status, 200)
  assert.equal((await gateway.fetch('/stock', { method: 'POST' })).status, 401)
})

test('what is wrong with the clients stops the start', async () => {
  const twice = [...CLIENTS, { name: 'other', hash: CLIENTS[1]?.hash.toLowerCase() }]
  for (const [clients, message] of [
    [twice, /"kiosk" and "other" have the same key/],
    [[{ name: 'shop', hash: 'key-of-shop' }], /clients\[0\]\.hash/],
    [[{ name: 'a,b', hash: CLIENTS[0]?.hash }], /clients\[0\]\.name/],
    [[], /clients/],
  ] as const) {
    await assert.rejects(
      createTestGateway({ plugins: [apiKey], config: configWith({ clients }) }),
      (error) => error instanceof ConfigError && message.test(error.message),
    )
  }
})

test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    upstreams: { 'http://localhost:8080': { json: {} } },
  })
  assert.equal((await gateway.fetch('/hello')).status, 401)
  assert.equal((await gateway.fetch('/hello?key=demo-key')).status, 200)
  assert.equal(gateway.calls()[0]?.headers.get('X-Client'), 'shop')
})
