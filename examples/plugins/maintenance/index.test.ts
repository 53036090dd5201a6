import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, createTestGateway } from 'loligo/testing'
import { maintenance } from './index.ts'

const TOKEN = 'only-the-operators-know-it'
const SWITCH = { switch_path: '/__maintenance', token_hash: hash('sha256', TOKEN) }
const upstreams = { 'http://stock.test': { json: { ink: 3 } } }

function configWith(options: object, atEndpoint: object | null = null) {
  const block = (given: object) => ({ 'plugin/http-server': { name: ['maintenance'], maintenance: given } })
  return {
    host: ['http://stock.test'],
    extra_config: block(options),
    endpoints: ['/api/stock', '/apis', '/status/all'].map((endpoint) => ({
      endpoint,
      backend: [{ url_pattern: '/stock' }],
      ...(atEndpoint === null ? {} : { extra_config: block(atEndpoint) }),
    })),
  }
}

const open = (t: { after(close: () => Promise<void>): void }, options: object, atEndpoint: object | null = null) =>
  createTestGateway({ t, plugins: [maintenance], config: configWith(options, atEndpoint), upstreams })

type Gateway = Awaited<ReturnType<typeof open>>
const statusOf = async (gateway: Gateway, path: string, options: object = {}) =>
  (await gateway.fetch(path, options)).status
const authorized = (method: string, token = TOKEN) => ({ method, headers: { Authorization: `Bearer ${token}` } })

test('it is out of the way until it is turned on', async (t) => {
  const gateway = await open(t, {})
  assert.equal(await statusOf(gateway, '/api/stock'), 200)
})

test('in maintenance the answer is 503 and says when to come back; health stays open', async (t) => {
  const gateway = await open(t, { enabled: true, retry_after: '90s' })
  const answer = await gateway.fetch('/api/stock')
  assert.equal(answer.status, 503)
  assert.equal(answer.headers.get('Retry-After'), '90')
  assert.equal(answer.headers.get('Cache-Control'), 'no-store')
  assert.deepEqual(await answer.json(), { error: 'in maintenance' })
  assert.equal(await statusOf(gateway, '/__health'), 200)
  assert.equal(await statusOf(gateway, '/unknown'), 503)
  assert.equal(gateway.calls().length, 0)
})

test('body, type and status are as configured', async (t) => {
  const page = { enabled: true, status: 500, body: '<h1>Back soon</h1>', content_type: 'text/html' }
  const answer = await (await open(t, page)).fetch('/apis')
  assert.equal(answer.status, 500)
  assert.equal(answer.headers.get('Content-Type'), 'text/html')
  assert.equal(await answer.text(), '<h1>Back soon</h1>')
})

test('paths count with all that is below them, however they are written', async (t) => {
  const gateway = await open(t, { enabled: true, paths: ['/api', '/status/'], allow_paths: ['/status/all'] })
  for (const path of ['/api/stock', '/%61pi/stock', '//api/stock', '/api', '/api/%ff', '/status/other']) {
    assert.equal(await statusOf(gateway, path), 503, path)
  }
  assert.equal(await statusOf(gateway, '/apis'), 200)
  assert.equal(await statusOf(gateway, '/status/all'), 200)
})

test('those who work on it are let in by their address', async (t) => {
  const gateway = await open(t, { enabled: true, allow_addresses: ['10.1.0.0/16', '192.0.2.7', '2001:db8::/32'] })
  for (const clientAddress of ['10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7', '2001:db8::1']) {
    assert.equal(await statusOf(gateway, '/apis', { clientAddress }), 200, clientAddress)
  }
  for (const clientAddress of ['10.2.0.1', '192.0.2.8', '2001:db9::1', '']) {
    assert.equal(await statusOf(gateway, '/apis', { clientAddress }), 503, clientAddress)
  }
})

test('the switch turns it on and off, for every place of the same flag', async (t) => {
  const gateway = await open(t, { ...SWITCH, flag: 'api', paths: ['/none'] }, { flag: 'api', paths: ['/api'] })
  assert.equal(await statusOf(gateway, '/api/stock'), 200)
  for (let i = 0; i < 2; i++) {
    const on = await gateway.fetch('/__maintenance', authorized('PUT'))
    assert.deepEqual(await on.json(), { maintenance: true })
  }
  assert.equal(await statusOf(gateway, '/api/stock'), 503)
  assert.equal(await statusOf(gateway, '/apis'), 200)
  const told = await gateway.fetch('/__maintenance', authorized('GET'))
  assert.deepEqual(await told.json(), { maintenance: true })
  for (let i = 0; i < 2; i++) {
    const off = await gateway.fetch('/__maintenance', authorized('DELETE'))
    assert.deepEqual(await off.json(), { maintenance: false })
  }
  assert.equal(await statusOf(gateway, '/api/stock'), 200)
  assert.equal(gateway.log.find('maintenance was turned on', 'WARNING').length, 2)
})

test('the switch is for those who have the token', async (t) => {
  const gateway = await open(t, SWITCH)
  for (const options of [{ method: 'PUT' }, authorized('PUT', 'guessed'), authorized('GET', SWITCH.token_hash)]) {
    const answer = await gateway.fetch('/__maintenance', options)
    assert.equal(answer.status, 401)
    assert.equal(answer.headers.get('WWW-Authenticate'), 'Bearer realm="maintenance"')
  }
  assert.equal(await statusOf(gateway, '/apis'), 200)
  const other = await gateway.fetch('/__maintenance', authorized('POST'))
  assert.equal(other.status, 405)
  assert.equal(other.headers.get('Allow'), 'GET, HEAD, PUT, DELETE')
})

test('what cannot work stops the start', async () => {
  for (const [config, message] of [
    [configWith({ switch_path: '/m' }), /"switch_path" and "token_hash" go together/],
    [configWith({}, SWITCH), /"switch_path" works at the service alone/],
    [configWith({ allow_addresses: ['10.0.0.0/33'] }), /"10\.0\.0\.0\/33" is neither an address nor a network/],
    [configWith({ allow_addresses: ['localhost'] }), /"localhost" is neither/],
    [configWith({ paths: ['api'] }), /paths\[0\]/],
  ] as const) {
    await assert.rejects(
      createTestGateway({ plugins: [maintenance], config }),
      (error) => error instanceof ConfigError && message.test(error.message),
    )
  }
})

test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    upstreams: { 'http://localhost:8080': { json: {} } },
  })
  const authorized = { method: 'PUT', headers: { Authorization: 'Bearer demo-token' } }
  assert.equal(await statusOf(gateway, '/hello'), 200)
  assert.equal(await statusOf(gateway, '/__maintenance', authorized), 200)
  assert.equal(await statusOf(gateway, '/hello'), 503)
})
