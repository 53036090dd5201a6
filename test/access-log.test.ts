import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

async function start(t: TestContext, router: Record<string, unknown> = {}) {
  const backend = await startBackend(t, { '/up': { json: { ok: true } }, '/bad': { status: 503 } })
  return startGateway(t, {
    host: [backend.url],
    extra_config: { router },
    debug_endpoint: true,
    endpoints: [
      { endpoint: '/a/{id}', backend: [{ url_pattern: '/up' }] },
      { endpoint: '/stream', output_encoding: 'no-op', backend: [{ url_pattern: '/up' }] },
      { endpoint: '/bad', backend: [{ url_pattern: '/bad' }] },
      { endpoint: '/half', backend: [{ url_pattern: '/up' }, { url_pattern: '/bad' }] },
    ],
  })
}

const LINE =
  /^\[GIN\] \d{4}\/\d\d\/\d\d - \d\d:\d\d:\d\d \| (\d{3}) \| +[\d.]+(?:ns|µs|ms|s) \| +([\d.]+) \| (\S+) +"(.*)"$/

test('every request has a line, whoever answers it', async (t) => {
  const { request, accessLog } = await start(t)
  const cases: readonly (readonly [method: string, target: string, status: number, logged: string])[] = [
    ['GET', '/a/1?x=1&y=%20', 200, '/a/1?x=1&y=%20'],
    ['GET', '/a/caf%C3%A9%20b?', 200, '/a/café b'],
    ['GET', '/stream', 200, '/stream'],
    ['GET', '/none', 404, '/none'],
    ['DELETE', '/a/1', 405, '/a/1'],
    ['GET', '/a/1/', 301, '/a/1/'],
    ['GET', '/a/x%3F', 400, '/a/x?'],
    ['GET', '/__health', 200, '/__health'],
    ['OPTIONS', '/__debug/z', 200, '/__debug/z'],
  ]
  for (const [method, target, status, logged] of cases) {
    accessLog.all.length = 0
    await request(target, { method })
    const line = LINE.exec(await accessLog.find(/./)) ?? []
    assert.deepEqual(line.slice(1), [String(status), '127.0.0.1', method, logged])
    assert.equal(accessLog.all.length, 1)
  }
})

test('the method is padded and the path quoted, so that no request can forge a line', async (t) => {
  const { request, accessLog } = await start(t)
  await request('/%0A[GIN]%22', { headers: { 'X-Forwarded-For': 'x\t| 200' } })
  assert.match(await accessLog.find(/404/), / \| GET {6}"\/\\n\[GIN\]\\""$/)
})

test('failures follow as lines, those of a partial answer too', async (t) => {
  const { request, accessLog } = await start(t)
  await request('/bad')
  const [line, ...errors] = (await accessLog.find(/\/bad/)).split('\n')
  assert.match(line ?? '', / \| 500 \| /)
  assert.equal(errors.length, 1)
  assert.match(errors[0] ?? '', /^Error #01: invalid status code 503/)
  assert.equal((await request('/half')).status, 200)
  assert.match(await accessLog.find(/\/half/), / \| 200 \| .*\nError #01: invalid status code 503/)
})

test('logger_skip_paths leaves exact paths out, whatever their query', async (t) => {
  const { request, accessLog } = await start(t, { logger_skip_paths: ['/__health', '/a/é'] })
  for (const target of ['/__health', '/__health?x=1', '/a/%C3%A9', '/__health/', '/a/e']) await request(target)
  await accessLog.find(/\/a\/e/)
  assert.deepEqual(
    accessLog.all.map((line) => LINE.exec(line)?.[4]),
    ['/__health/', '/a/e'],
  )
})

test('disable_access_log writes none', async (t) => {
  const { request, accessLog } = await start(t, { disable_access_log: true })
  await request('/a/1')
  await request('/none')
  assert.deepEqual(accessLog.all, [])
})

test('errors of an endpoint are logged under its path', async (t) => {
  const { request, log } = await start(t)
  await request('/bad')
  await log.find(/ERROR: \[ENDPOINT: \/bad\] invalid status code 503/)
  await request('/half')
  await log.find(/ERROR: \[ENDPOINT: \/half\] Error #0: invalid status code 503/)
})
