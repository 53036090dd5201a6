import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILDS, startExample } from '../start-example.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }

test('rest-to-rpc translates REST into calls, and their errors into statuses', BUILDS, async (t) => {
  const gateway = await startExample(t, import.meta.dirname)
  const ask = async (method: string, target: string, body?: object) => {
    const sent = body === undefined ? {} : { headers: JSON_TYPE, body: JSON.stringify(body) }
    const answer = await gateway.request(target, { method, ...sent })
    return { status: answer.status, location: answer.header('Location'), body: answer.body.trimEnd() }
  }
  const created = await ask('POST', '/v1/orders', { customer: 'bob', item: 'ink' })
  assert.equal(created.status, 201)
  const { id } = JSON.parse(created.body) as { id: string }
  assert.equal(created.location, `/v1/orders/${id}`)
  const order = JSON.stringify({ id, customer: 'bob', item: 'ink' })
  assert.deepEqual(await ask('GET', `/v1/orders/${id}`), { status: 200, location: null, body: order })
  assert.deepEqual(await ask('GET', '/v1/orders?customer=bob'), { status: 200, location: null, body: `[${order}]` })
  assert.deepEqual(await ask('DELETE', `/v1/orders/${id}`), { status: 204, location: null, body: '' })

  const gone = await ask('GET', `/v1/orders/${id}`)
  assert.deepEqual(
    [gone.status, JSON.parse(gone.body)],
    [404, { code: 'not_found', message: `there is no order ${id}` }],
  )
  assert.equal((await ask('POST', '/v1/orders', { customer: 'bob' })).status, 400)
  assert.equal((await ask('POST', '/v1/orders', { colour: 'red' })).status, 400)
})

test('its mux knows no other paths and methods; what is not below the prefix passes', BUILDS, async (t) => {
  const gateway = await startExample(t, import.meta.dirname)
  const wrong = await gateway.request('/v1/orders/1', { method: 'PUT' })
  assert.deepEqual([wrong.status, wrong.header('Allow')], [405, 'DELETE, GET, HEAD'])
  assert.equal((await gateway.request('/v1/customers')).status, 404)
  assert.deepEqual((await gateway.request('/users/ada')).json(), { name: 'Ada Lovelace' })
})
