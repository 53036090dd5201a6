import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { definePlugin } from 'loligo/plugin'
import { ConfigError, createTestGateway } from 'loligo/testing'
import { maskByRole } from './index.ts'

/** Stands in for whatever finds the roles out: it takes them from a header and puts them into the request's store. */
const login = definePlugin({
  name: 'login',
  server: () => (next) => (request, context) => {
    const roles = request.headers.get('X-Login')
    if (roles !== null) {
      context.store.set('roles', roles.split('|'))
      context.store.set('claims', { realm: { roles } })
    }
    return next(request, context)
  },
})

const USER = {
  name: 'Ada',
  card: { number: '4111', holder: 'A. L.' },
  orders: [
    { id: 1, price: 3 },
    { id: 2, price: 5 },
  ],
}
const ROLES = { admin: [], support: ['card.number'], sales: ['card', 'name'], clerk: ['orders.price', 'card.holder'] }

function configWith(options: object, place: 'backend' | 'endpoint' = 'backend', kind = 'plugin/req-resp-modifier') {
  const mask = { [kind]: { name: ['mask-by-role'], 'mask-by-role': { roles: ROLES, ...options } } }
  const backend = { url_pattern: '/users/{id}', ...(place === 'backend' ? { extra_config: mask } : {}) }
  return {
    host: ['http://users.test'],
    extra_config: { 'plugin/http-server': { name: ['login'] } },
    endpoints: [
      {
        endpoint: '/users/{id}',
        input_headers: ['X-Role'],
        backend: place === 'backend' ? [backend] : [backend, { url_pattern: '/broken', group: 'other' }],
        ...(place === 'endpoint' ? { extra_config: mask } : {}),
      },
    ],
  }
}

const plugins = [maskByRole, login]
const upstreams = { 'http://users.test': { '/users/{id}': { json: USER }, '/broken': { status: 500 } } }

async function ask(config: object, headers: Record<string, string> = {}) {
  await using gateway = await createTestGateway({ plugins, upstreams, config: { ...config } })
  const answer = await gateway.fetch('/users/7', { headers })
  return { status: answer.status, text: await answer.text(), log: gateway.log }
}

const asked = async (config: object, login: string) => JSON.parse((await ask(config, { 'X-Login': login })).text)

test('a role sees all but its fields, several roles see what one of them may see', async () => {
  const config = configWith({})
  const expected: [roles: string, user: object][] = [
    ['admin', USER],
    ['support', { ...USER, card: { ...USER.card, number: '***' } }],
    ['sales', { ...USER, card: '***', name: '***' }],
    ['support|sales', { ...USER, card: { ...USER.card, number: '***' } }],
    ['support|clerk', USER],
    ['clerk|sales', { ...USER, card: { ...USER.card, holder: '***' } }],
    ['sales|unknown', { ...USER, card: '***', name: '***' }],
    ['sales|admin', USER],
  ]
  for (const [roles, user] of expected) assert.deepEqual(await asked(config, roles), user, roles)
})

test('who has no known role sees what no role is kept from, and nothing of `otherwise`', async () => {
  const masked = { name: '***', card: '***', orders: [1, 2].map((id) => ({ id, price: '***' })) }
  const config = configWith({})
  assert.deepEqual(JSON.parse((await ask(config)).text), masked)
  assert.deepEqual(await asked(config, 'unknown'), masked)
  assert.deepEqual(await asked(configWith({ otherwise: ['orders'] }), ''), { ...masked, orders: '***' })
})

test('fields may be removed, and masked by another text', async () => {
  assert.deepEqual(await asked(configWith({ mode: 'remove' }), 'sales'), { orders: USER.orders })
  assert.deepEqual(await asked(configWith({ mask: '' }), 'support'), { ...USER, card: { ...USER.card, number: '' } })
})

test('the roles may be found deeper in the store, or in a header that the gateway sets', async () => {
  assert.deepEqual(await asked(configWith({ store: 'claims.realm.roles' }), 'unknown, admin'), USER)
  assert.deepEqual(await asked(configWith({ store: 'claims.realm.missing' }), 'admin'), await asked(configWith({}), ''))
  const config = configWith({ header: 'X-Role' })
  assert.deepEqual(JSON.parse((await ask(config, { 'X-Role': 'admin' })).text), USER)
  assert.equal(
    JSON.parse((await ask(config, { 'X-Login': 'admin' })).text).card,
    '***',
    'the store does not count then',
  )
})

test('as middleware of an endpoint it masks partial answers too', async () => {
  const config = configWith({}, 'endpoint', 'plugin/middleware')
  const { status, text } = await ask(config, { 'X-Login': 'support' })
  assert.equal(status, 200)
  assert.deepEqual(JSON.parse(text), { ...USER, card: { ...USER.card, number: '***' } })
})

test('as modifier of an endpoint, which would leave partial answers open, it is refused', async () => {
  await assert.rejects(
    createTestGateway({ plugins, config: configWith({}, 'endpoint') }),
    (error) => error instanceof ConfigError && /at an endpoint, name it in "plugin\/middleware"/.test(error.message),
  )
})

test('an answer that is passed through is not let out', async () => {
  const config = configWith({})
  const endpoints = config.endpoints.map((endpoint) => ({ ...endpoint, output_encoding: 'no-op' }))
  const { status, text, log } = await ask({ ...config, endpoints }, { 'X-Login': 'admin' })
  assert.equal(status, 500)
  assert.equal(text, '')
  assert.equal(log.find('there is no data to mask with "no-op"').length > 0, true)
})

test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    upstreams: {
      'http://localhost:8080': { json: { req_uri: '/a', req_headers: { 'User-Agent': ['x'], Accept: ['*'] } } },
    },
  })
  const seen = async (role: string) => await (await gateway.fetch('/hello', { headers: { 'X-Role': role } })).json()
  assert.deepEqual(await seen('admin'), { req_uri: '/a', req_headers: { 'User-Agent': ['x'], Accept: ['*'] } })
  assert.deepEqual(await seen('support'), { req_uri: '/a', req_headers: { 'User-Agent': '***', Accept: ['*'] } })
  assert.deepEqual(await seen(''), { req_uri: '***', req_headers: '***' })
})
