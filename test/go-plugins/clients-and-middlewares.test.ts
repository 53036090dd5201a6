import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../support/client.ts'
import { withoutGo } from '../support/go-plugin.ts'
import { type Endpoint, startPipes } from './sources/pipes/start.ts'

const options = { skip: withoutGo }

function tell(answer: Answer): string {
  return `${answer.status} ${answer.header('content-type')} ${answer.body}`
}

const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'

/** What a client answers, and how the endpoint tells of it. */
const CLIENTS: readonly [action: string, told: string, more?: Endpoint][] = [
  ['default', `200 ${JSON_TYPE} {"sent":"GET /u/7?gone=2&q=1 X-In: in "}`],
  ['own', `200 ${JSON_TYPE} {"sent":"GET /u/7?gone=2&q=1 X-In: in "}`],
  ['clone', `200 ${JSON_TYPE} {"sent":"GET /u/7?gone=2&q=1 X-In: in "}`],
  ['jar', `200 ${JSON_TYPE} {"sent":"GET /u/7?gone=2&q=1 Cookie: jar=1 X-In: in "}`],
  ['nothing', `500 ${TEXT_TYPE} the upstream's body cannot be decoded as json`],
  ['nothing', '200 null ', { output_encoding: 'no-op' }],
  ['400', `500 ${TEXT_TYPE} invalid status code 400`],
  ['400', `400 ${TEXT_TYPE} bad\n`, { output_encoding: 'no-op' }],
  ['panic', '500 null '],
  ['twice', `200 ${JSON_TYPE} {"a":1}`],
  ['tcp', `200 ${JSON_TYPE} {"n":true,"e":"<nil>"}`],
  // It does not look at its context, and would take twice as long.
  ['ignore', `500 ${TEXT_TYPE} context deadline exceeded`, { timeout: '100ms' }],
]

test('clients', options, async (t) => {
  const cases = CLIENTS.map(([action, told, more = {}]) => {
    const extra = { 'plugin/http-client': { name: 'c', case: action } }
    const backend = {
      url_pattern: '/u/{id}',
      extra_config: extra,
      ...(more.output_encoding === 'no-op' && { encoding: 'no-op' }),
    }
    return { action, told, endpoint: { ...more, backend: [backend] } }
  })
  const describing = {
    ...{ method: 'POST', timeout: '1s' },
    backend: [
      { url_pattern: '/u/{id}', extra_config: { 'plugin/http-client': { name: 'c', case: 'describe' } }, group: 'g' },
    ],
  }
  const send = await startPipes(t, [...cases.map(({ endpoint }) => endpoint), describing])
  for (const { action, told, endpoint } of cases) assert.equal(tell(await send(endpoint)), told, action)
  const { g } = (await send(describing, { method: 'POST', body: 'posted' })).json() as { g: { d: string } }
  assert.match(
    g.d,
    /^POST http:\/\/127.*\/u\/7\?gone=2&q=1 host=127.* uri="" scheme=http uhost=127.* remote="" len=6 body="posted" proto=HTTP\/1.1 deadline=true/,
  )
})

const U = { sent: 'GET /u/7?gone=2&q=1 X-In: in ' }

/** What a middleware answers; a pattern where that is all that matters. */
const MIDDLEWARES: readonly [action: string, status: number, body: unknown, path?: string][] = [
  ['pass', 200, U],
  ['short', 200, { err: 'context deadline exceeded', ctx: 'context deadline exceeded' }, '/slow'],
  ['twice', 200, { a: U, b: U }],
  ['parallel', 200, { all: [U, U, U, U] }],
  ['background', 200, U],
  ['embed', 200, { was: { sent: 'GET /u/7?gone=2&q=1 X-Emb: 1 []' } }],
  ['retry', 200, { sent: 'GET /u/7?gone=2&q=1 X-Try: 2 ' }],
  ['err-next', 200, { err: 'invalid status code 503', status: 500 }, '/fail'],
  ['err', 500, 'plain'],
  ['err-coded', 429, 'coded'],
  ['panic', 500, ''],
]

test('middlewares', options, async (t) => {
  const make = (action: string, level: 'endpoint' | 'backend', path: string, encoding?: string): Endpoint => {
    const extra = { 'plugin/middleware': { name: ['m'], case: action } }
    const backend = { url_pattern: path, ...(encoding && { encoding }) }
    const outer = encoding === undefined ? {} : { output_encoding: encoding }
    return level === 'endpoint'
      ? { ...outer, extra_config: extra, backend: [backend] }
      : { ...outer, backend: [{ ...backend, extra_config: extra }] }
  }
  const levels = ['endpoint', 'backend'] as const
  const cases = MIDDLEWARES.flatMap(([action, status, body, path = '/u/{id}']) =>
    levels.map((level) => ({ action, status, body, endpoint: make(action, level, path) })),
  )
  const upper = make('upper', 'backend', '/text', 'no-op')
  const own = make('skip-noop', 'endpoint', '/text', 'no-op')
  const failing = make('upper', 'endpoint', '/fail', 'no-op')
  const none = make('nil', 'endpoint', '/u/{id}')
  const edits = make('edit', 'endpoint', '/u/{id}')
  const send = await startPipes(t, [...cases.map(({ endpoint }) => endpoint), upper, own, failing, none, edits])
  for (const { action, status, body, endpoint } of cases) {
    const answer = await send(endpoint)
    assert.deepEqual([answer.status, typeof body === 'string' ? answer.body : answer.json()], [status, body], action)
  }
  assert.equal((await send(upper)).body, 'HELLO')
  assert.equal(tell(await send(own)), '202 text/m made here')
  assert.deepEqual([(await send(failing)).status, (await send(failing)).body], [503, 'FAILED'])
  assert.match((await send(none)).body, /returned no response/)
  const edited = await send(edits)
  assert.deepEqual(edited.json(), { edited: true, sent: 'GET /u/mw?gone=2&mw=1&q=1 X-In: in X-Mw: 1 ' })
  assert.equal(edited.header('x-back'), 'b')
})
