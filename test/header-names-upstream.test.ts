import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

for (const disable_keep_alives of [false, true]) {
  test(`a field whose name ends like Connection arrives whole, disable_keep_alives ${disable_keep_alives}`, async (t) => {
    const backend = await startBackend(t, { '*': { json: { ok: true } } })
    const { request } = await startGateway(t, {
      disable_keep_alives,
      host: [backend.url],
      endpoints: [{ endpoint: '/x', input_headers: ['*'], backend: [{ url_pattern: '/up' }] }],
    })
    const headers = { x_connection: 'keep-alive', 'X-Next': 'next' }
    assert.equal((await request('/x', { headers })).status, 200)
    const [call] = backend.received
    assert.deepEqual([call?.values('x_connection'), call?.values('x-next')], [['keep-alive'], ['next']])
  })
}
