import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

test('a sequence passes values on where the endpoint has no parameter of its own', async (t) => {
  const upstream = await startBackend(t, {
    '/first': [{ json: { id: 7 } }, { json: {} }],
    '/second/7': { json: { ok: true } },
  })
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: [
      {
        endpoint: '/fixed',
        backend: [{ url_pattern: '/first' }, { url_pattern: '/second/{resp0_id}' }],
        extra_config: { proxy: { sequential: true } },
      },
    ],
  })
  assert.deepEqual((await gateway.request('/fixed')).json(), { id: 7, ok: true })
  await gateway.request('/fixed')
  const targets = upstream.received.map(({ target }) => target)
  assert.deepEqual(targets, ['/first', '/second/7', '/first'], 'and no later request has them')
})

test('a modifier may add a parameter where the endpoint has none', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-parameters-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const source = `
    import { definePlugin } from 'loligo/plugin'
    export default definePlugin({
      name: 'tenant',
      modifier: () => ({ request: (request) => { request.params.tenant ??= request.query.get('tenant') } }),
    })`
  writeFileSync(join(folder, 'tenant.mjs'), source)
  const upstream = await startBackend(t, { '*': { json: { ok: true } } })
  const gateway = await startGateway(t, {
    plugin: { folder, pattern: '' },
    host: [upstream.url],
    endpoints: [
      {
        ...{ endpoint: '/fixed', input_query_strings: ['tenant'], backend: [{ url_pattern: '/up' }] },
        extra_config: { 'plugin/req-resp-modifier': { name: ['tenant'] } },
      },
    ],
  })
  assert.equal((await gateway.request('/fixed?tenant=a')).status, 200)
})
