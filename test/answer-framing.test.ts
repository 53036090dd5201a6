import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { type StartedGateway, startGateway } from './support/start-gateway.ts'
import { startRawBackend } from './support/start-raw-backend.ts'

/** A gateway with a server plugin that answers `/answer` with `answer`, an expression (null: no such plugin), and with modifiers. */
async function start(t: TestContext, answer: string | null): Promise<StartedGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-framing-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const source = `
    import { definePlugin, HttpError, HttpResponse } from 'loligo/plugin'
    const refusal = HttpResponse.json({ no: true }, { status: 403 })
    const fail = (error) => { throw error }
    export const server = definePlugin({
      name: 'server',
      server: () => (next) => (request, context) => request.path === '/answer' ? (${answer}) : next(request, context),
    })
    export const refuse = definePlugin({ name: 'refuse', modifier: () => ({ request: () => refusal }) })
    export const early = definePlugin({ name: 'early', modifier: () => ({ response: (response) => { response.status = 103 } }) })`
  writeFileSync(join(folder, 'answers.mjs'), source)
  const backend = await startBackend(t, { '*': { json: { ok: true } } })
  const endpoint = (path: string, modifier: string, output_encoding: string) => ({
    ...{ endpoint: path, output_encoding, backend: [{ url_pattern: '/up' }] },
    extra_config: { 'plugin/req-resp-modifier': { name: [modifier] } },
  })
  return startGateway(t, {
    plugin: { folder, pattern: '' },
    host: [backend.url],
    extra_config: answer === null ? {} : { 'plugin/http-server': { name: ['server'] } },
    endpoints: [endpoint('/refused', 'refuse', 'json'), endpoint('/early', 'early', 'no-op')],
  })
}

const MISFRAMED: readonly (readonly [title: string, answer: string, body: string])[] = [
  ['a Content-Length that is too large', "{ headers: { 'content-length': '1000' }, body: 'body' }", 'body'],
  ['a Content-Length that is too small', "{ headers: { 'Content-Length': '1' }, body: 'body' }", 'body'],
  ['Content-Length twice', "{ headers: { 'Content-Length': ['1', '4'] }, body: 'body' }", 'body'],
  ['Content-Length without a body', "{ headers: { 'Content-Length': '4' } }", ''],
  ['a Transfer-Encoding', "{ headers: { 'Transfer-Encoding': 'chunked' }, body: 'body' }", 'body'],
  [
    'a Content-Length of a stream',
    "{ headers: { 'Content-Length': '1' }, body: (async function* () { yield 'bo'; yield 'dy' })() }",
    'body',
  ],
  [
    'an error with a Content-Length',
    "fail(new HttpError(403, 'body', { headers: { 'Content-Length': '9' } }))",
    'body',
  ],
]

for (const [title, answer, body] of MISFRAMED) {
  test(`${title} that a plugin sets does not spoil the connection`, { timeout: 5_000 }, async (t) => {
    const gateway = await start(t, answer)
    assert.equal((await gateway.request('/answer')).body, body)
    const client = gateway.connect()
    client.write('GET /answer HTTP/1.1\r\nHost: g\r\n\r\nGET /none HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n')
    const [, first = '', second = ''] = (await client.closed).split('HTTP/1.1 ')
    const lengths = first.match(/content-length: \d+/gi) ?? []
    const chunked = first.match(/transfer-encoding: chunked/gi) ?? []
    assert.equal(lengths.length + chunked.length, 1, first)
    assert.match(second, /^404 .*404 page not found$/s)
  })
}

test('HEAD keeps the length that a plugin tells', async (t) => {
  const gateway = await start(t, "{ headers: { 'Content-Length': '1000' } }")
  const answer = await gateway.request('/answer', { method: 'HEAD' })
  assert.equal(answer.header('content-length'), '1000')
})

for (const answer of ['{ status: 101 }', "fail(new HttpError(103, 'x'))"]) {
  test(`no client waits after an answer that is not final: ${answer}`, { timeout: 5_000 }, async (t) => {
    const gateway = await start(t, answer)
    assert.equal((await gateway.request('/answer')).status, 500)
    await gateway.log.find(/ERROR: .*plugin "server".*200 to 599/)
  })
}

test('no client waits after a modifier made the status one that is not final', { timeout: 5_000 }, async (t) => {
  const gateway = await start(t, null)
  assert.equal((await gateway.request('/early')).status, 500)
  await gateway.log.find(/ERROR: .*\/early: the answer cannot be sent: 103 is not the status of a final answer/)
})

test('an answer that a modifier returns again and again stays as it is', async (t) => {
  const gateway = await start(t, null)
  const first = await gateway.request('/refused')
  const second = await gateway.request('/refused')
  assert.equal(second.status, 403)
  assert.deepEqual(
    second.rawHeaders.filter((name) => /^x-krakend/i.test(name)),
    ['X-Krakend', 'X-Krakend-Completed'],
  )
  assert.equal(second.body, first.body)
})

const BROKEN: readonly (readonly [title: string, body: string, reason: RegExp])[] = [
  ['throws', "(async function* () { yield 'first'; throw new Error('out of ink') })()", /out of ink/],
  ['yields what is no body', '(async function* () { yield { no: 1 } })()', /chunk/],
]

for (const [title, body, reason] of BROKEN) {
  test(`why an answer broke off is logged: a stream that ${title}`, { timeout: 5_000 }, async (t) => {
    const gateway = await start(t, `{ body: ${body} }`)
    await assert.rejects(gateway.request('/answer'))
    assert.match(await gateway.log.find(/ERROR: .*GET \/answer: the answer broke off: /), reason)
  })
}

test('an upstream that breaks off amid its answer is in both logs', { timeout: 5_000 }, async (t) => {
  const upstream = await startRawBackend(t, ({ socket }) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nfirst')
  })
  const gateway = await startGateway(t, {
    host: [upstream.url],
    endpoints: [{ endpoint: '/x', output_encoding: 'no-op', backend: [{ url_pattern: '/' }] }],
  })
  await assert.rejects(gateway.request('/x'))
  await gateway.log.find(/ERROR: .*GET \/x: the answer broke off: /)
  assert.match(await gateway.accessLog.find(/"\/x"/), /\nError #01: /)
})
