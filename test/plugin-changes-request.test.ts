import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Backend, startBackend } from './support/start-backend.ts'
import { type StartedGateway, startGateway } from './support/start-gateway.ts'

/** A gateway with a server plugin that runs `change`, statements over `request`, before and `after`, over `response`. */
async function start(
  t: TestContext,
  change: string,
  after = '',
): Promise<{ gateway: StartedGateway; backend: Backend }> {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-changes-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const source = `
    import { definePlugin } from 'loligo/plugin'
    export default definePlugin({
      name: 'changes',
      server: () => (next) => async (request, context) => {
        ${change}
        const response = await next(request, context)
        ${after}
        return response
      },
    })`
  writeFileSync(join(folder, 'changes.mjs'), source)
  const backend = await startBackend(t, { '*': { json: { ok: true } } })
  const gateway = await startGateway(t, {
    plugin: { folder, pattern: '' },
    host: [backend.url],
    extra_config: { 'plugin/http-server': { name: ['changes'] } },
    endpoints: [
      { endpoint: '/some', input_query_strings: ['tenant'], backend: [{ url_pattern: '/some' }] },
      { endpoint: '/all', input_query_strings: ['*'], backend: [{ url_pattern: '/all' }] },
    ],
  })
  return { gateway, backend }
}

for (const path of ['/some', '/all']) {
  test(`a query that a plugin adds to a request without one goes on: ${path}`, async (t) => {
    const { gateway, backend } = await start(t, "request.query.set('tenant', 'a b')")
    await gateway.request(path)
    assert.equal(backend.received[0]?.target, `${path}?tenant=a+b`)
    await gateway.accessLog.find(new RegExp(`"${path}\\?tenant=a\\+b"`))
  })

  test(`a query that a plugin empties does not go on: ${path}`, async (t) => {
    const { gateway, backend } = await start(t, "request.query.delete('tenant')")
    await gateway.request(`${path}?tenant=a`)
    assert.equal(backend.received[0]?.target, path)
  })
}

for (const value of ['{ no: 1 }', '7', 'true', 'undefined']) {
  test(`a plugin that sets a body to ${value} is told what a body can be`, async (t) => {
    const { gateway } = await start(t, '', `response.body = ${value}`)
    const answer = await gateway.request('/some')
    if (value === 'undefined') {
      assert.deepEqual([answer.status, answer.body], [200, ''])
      return
    }
    assert.equal(answer.status, 500)
    await gateway.log.find(/ERROR: .*plugin "changes".*a body must be .*JSON\.stringify/)
  })
}
