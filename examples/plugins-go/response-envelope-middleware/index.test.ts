import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend } from '../../../test/support/start-backend.ts'
import { BUILDS, startExample } from '../start-example.ts'

interface Envelope {
  readonly data: unknown
  readonly meta: { readonly complete: boolean; readonly attempts: number; readonly ms: number }
}

test('the middleware puts merged data into an envelope', BUILDS, async (t) => {
  const gateway = await startExample(t, import.meta.dirname)
  const { data, meta } = (await gateway.request('/users/ada')).json() as Envelope
  assert.deepEqual(data, { name: 'Ada Lovelace', orders: { count: 2, open: 1 } })
  assert.deepEqual([meta.complete, meta.attempts, typeof meta.ms], [true, 1, 'number'])
})

test('it says what is missing, and asks again when there is nothing at all', BUILDS, async (t) => {
  const backend = await startBackend(t, {
    '/users/ada': { json: { name: 'Ada' } },
    '/users/ada/orders': { status: 503 },
    '/users/bob': [{ status: 503 }, { json: { name: 'Bob' } }],
    '/users/bob/orders': [{ status: 503 }, { json: { count: 0 } }],
  })
  const gateway = await startExample(t, import.meta.dirname, (config) => ({ ...config, host: [backend.url] }))
  const partial = await gateway.request('/users/ada')
  assert.equal(partial.header('X-Krakend-Completed'), 'false')
  const ada = partial.json() as Envelope
  assert.deepEqual([ada.data, ada.meta.complete, ada.meta.attempts], [{ name: 'Ada' }, false, 1])
  const bob = (await gateway.request('/users/bob')).json() as Envelope
  assert.deepEqual([bob.data, bob.meta.attempts], [{ name: 'Bob', orders: { count: 0 } }, 2])
  assert.equal((await gateway.request('/users/eve')).status, 500)
})
