import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

/** A server plugin that changes the answer of the gateway with `body`, a function body over `response`. */
async function start(t: TestContext, body: string) {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-unsendable-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const source = `
    import { definePlugin } from 'loligo/plugin'
    export default definePlugin({
      name: 'spoiler',
      server: () => (next) => async (request, context) => {
        const response = await next(request, context)
        if (request.path !== '/fine') { ${body} }
        return response
      },
    })`
  writeFileSync(join(folder, 'spoiler.mjs'), source)
  const backend = await startBackend(t, { '*': { json: { ok: true }, headers: { 'X-Upstream': '1' } } })
  const gateway = await startGateway(t, {
    plugin: { folder, pattern: '' },
    host: [backend.url],
    extra_config: { 'plugin/http-server': { name: ['spoiler'] } },
    endpoints: ['/a', '/stream', '/fine'].map((path) => ({
      endpoint: path,
      output_encoding: path === '/stream' ? 'no-op' : 'json',
      backend: [{ url_pattern: '/up' }],
    })),
  })
  return gateway
}

/** `set` and `append` refuse such fields; what is put into the raw list is found out when the answer is sent. */
const SPOILERS: readonly (readonly [title: string, body: string])[] = [
  ['a line break in the value of a header', "response.headers.raw.push('X-Split', 'a\\r\\nX-Injected: 1')"],
  ['a line break in the name of a header', "response.headers.raw.push('X-Split\\r\\nX-Injected', '1')"],
  ['a character that no header can hold', "response.headers.raw.push('X-Wide', '\\u{1F991}')"],
]

for (const [title, body] of SPOILERS) {
  test(`${title} answers 500, is logged, and harms no other request`, async (t) => {
    const { request, log, accessLog, listener } = await start(t, body)
    for (const path of ['/a', '/stream', '/none']) {
      const answer = await request(path)
      assert.equal(answer.status, 500)
      assert.equal(answer.header('x-injected'), null)
      assert.equal(answer.body, '')
      await log.find(new RegExp(`ERROR: .*${path}.*header`, 'i'))
      assert.match(await accessLog.find(new RegExp(`"${path}"`)), / \| 500 \| /)
      assert.equal((await request('/fine')).status, 200)
    }
    assert.equal(listener.active, 0)
  })
}
