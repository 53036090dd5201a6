import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const TARGETS: readonly (readonly [target: string, host: string])[] = [
  ['http://other/x', 'other'],
  ['http://user:secret@other:81/x', 'other:81'],
  ['HTTPS://a@b@other/x', 'other'],
]

for (const [target, host] of TARGETS) {
  test(`${target} on the request line names the path /x and the host ${host}`, async (t) => {
    const backend = await startBackend(t, { '*': { json: { ok: true } } })
    const { request } = await startGateway(t, {
      host: [backend.url],
      endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/up' }] }],
    })
    assert.equal((await request(target)).status, 200)
    assert.deepEqual(backend.received[0]?.values('x-forwarded-host'), [host])
  })
}
