import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { withoutGo } from '../support/go-plugin.ts'
import { startBackend } from '../support/start-backend.ts'
import type { StartedGateway } from '../support/start-gateway.ts'
import { ROUTES, startCases } from './sources/handlers/start.ts'

const options = { skip: withoutGo }

async function start(t: TestContext): Promise<StartedGateway> {
  const backend = await startBackend(t, ROUTES)
  return startCases(t, backend.url)
}

/** What a case answers. */
async function ask({ request }: StartedGateway, name: string, target = '/n/x'): Promise<string> {
  return (await request(target, { headers: { 'X-Case': name } })).body
}

test('a request has the values of the handlers around, no deadline, and a server', options, async (t) => {
  assert.equal(await ask(await start(t), 'context'), 'from outer <nil> false true')
})

test('the context ends when the client leaves', options, async (t) => {
  const gateway = await start(t)
  const leaving = connect(gateway.port, '127.0.0.1')
  leaving.write('GET /n/x HTTP/1.1\r\nHost: x\r\nX-Case: client leaves\r\n\r\n')
  for await (const chunk of leaving) if (String(chunk).includes('begun')) break
  leaving.destroy()
  assert.equal(await ask(gateway, 'has left'), 'context canceled')
})

for (const name of ['next', 'status', 'upper']) {
  test(`events come through a handler at once: ${name}`, options, async (t) => {
    const gateway = await start(t)
    const reading = connect(gateway.port, '127.0.0.1')
    reading.write(`GET /n/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Case: ${name}\r\n\r\n`)
    let seen = ''
    let told: Promise<unknown> | null = null
    for await (const chunk of reading) {
      seen += String(chunk)
      if (/first/i.test(seen)) told ??= gateway.request('/n/events', { headers: { 'X-Case': 'next', 'X-Seen': '1' } })
    }
    await told
    assert.match(seen, /data: first[\s\S]*data: second/i)
  })
}

test('a panic costs the request alone', options, async (t) => {
  const gateway = await start(t)
  assert.equal((await gateway.request('/n/x', { headers: { 'X-Case': 'panic' } })).status, 500)
  assert.match(await gateway.log.find(/oh no/), /plugin "cases".*panic: oh no/)
  assert.equal((await gateway.request('/n/x', { headers: { 'X-Case': 'abort' } })).status, 500)
  await assert.rejects(gateway.request('/n/x', { headers: { 'X-Case': 'panic after' } }))
  assert.equal(await ask(gateway, 'next-0'), 'own')
})

test('a hijacked connection takes one answer, or none, and no other protocol', options, async (t) => {
  const gateway = await start(t)
  const headers = { 'X-Case': 'hijack' }
  const { status, body, header } = await gateway.request('/n/x', { headers })
  assert.deepEqual([status, body, header('x-own'), header('x-outer')], [203, 'hijacked', '1', null])
  assert.equal((await gateway.request('/drop', { headers })).status, 500)
  const upgrade = { ...headers, Upgrade: 'other', Connection: 'close' }
  assert.equal((await gateway.request('/n/x', { headers: upgrade })).status, 501)
})

test('trailers are not announced', options, async (t) => {
  const answer = await (await start(t)).request('/n/x', { headers: { 'X-Case': 'trailer' } })
  assert.deepEqual([answer.status, answer.header('trailer'), answer.body], [200, null, 'body'])
})

test('next is called with requests and contexts that handlers have made', options, async (t) => {
  const gateway = await start(t)
  assert.match(await ask(gateway, 'own request'), /^up POST \/n\/own\?a=1 4 .* made$/)
  assert.match(await ask(gateway, 'context of its own'), /^up GET \/n\/x /)
  assert.equal(await ask(gateway, 'time of its own'), '500 context deadline exceeded')
  assert.equal(await ask(gateway, 'parallel', '/n/p'), '/n/p-0 /n/p-1 /n/p-2')
})

test('what a goroutine does after the answer has no effect', options, async (t) => {
  const gateway = await start(t)
  assert.equal(await ask(gateway, 'too late'), 'in time')
  assert.equal(await ask(gateway, 'was too late'), '500')
})

test('requests at once share the variables of the plugin', options, async (t) => {
  const gateway = await start(t)
  const paths = Array.from({ length: 64 }, (_, i) => `/n/${'x'.repeat(i % 7)}${i}`)
  const first = await Promise.all(paths.map((path) => ask(gateway, 'count', path)))
  assert.deepEqual(
    first,
    paths.map((path) => `${path}1`),
  )
  const second = await Promise.all(paths.flatMap((path) => [ask(gateway, 'count', path), ask(gateway, 'next', path)]))
  for (const [i, path] of paths.entries()) {
    assert.equal(second[2 * i], `${path}2`)
    assert.match(second[2 * i + 1] ?? '', new RegExp(`^up GET ${path} `))
  }
  assert.equal(await ask(gateway, 'ticks'), '64')
})
