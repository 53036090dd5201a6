import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { definePlugin, HttpError } from 'loligo/plugin'
import { ConfigError, createClock, createTestGateway, type RecordedLog } from 'loligo/testing'
import { auditLog } from './index.ts'

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/

/** Stands behind, as something that knows the user, or fails. */
const guard = definePlugin({
  name: 'guard',
  server: () => (next) => (request, context) => {
    context.store.set('claims', { sub: request.headers.get('x-user') })
    if (request.path === '/forbidden') throw new HttpError(403, 'no')
    if (request.path === '/broken') throw new Error('broken')
    return next(request, context)
  },
})

function configWith(options: object) {
  return {
    host: ['http://users.test'],
    endpoints: [
      {
        endpoint: '/users/{id}',
        input_headers: ['X-Request-Id', 'X-Trace'],
        backend: [{ url_pattern: '/users/{id}' }],
      },
    ],
    extra_config: { 'plugin/http-server': { name: ['guard', 'audit-log'], 'audit-log': options } },
  }
}

async function open(t: TestContext, options: object = {}) {
  const clock = createClock({ now: '2026-03-01T12:00:00Z' })
  const upstreams = {
    'http://users.test': {
      '/users/slow': { json: {}, delayMs: 40 },
      '/users/never': 'never' as const,
      '*': { json: {} },
    },
  }
  const gateway = await createTestGateway({
    ...{ t, clock, upstreams, plugins: [auditLog, guard], config: configWith(options) },
  })
  return { gateway, clock }
}

const TAG = '[PLUGIN: audit-log] {'
const notes = (log: RecordedLog): Record<string, unknown>[] =>
  log.find(TAG, 'INFO').map((line) => JSON.parse(line.slice(TAG.length - 1)))

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'audit-log-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

/** Waits for what the disk does in its own time. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await turn()
}

const linesOf = async (file: string): Promise<string[]> => (await readFile(file, 'utf8')).split('\n').slice(0, -1)

test('a request gets an id, which the upstream and the client learn, and a line', async (t) => {
  const { gateway, clock } = await open(t, { headers: ['User-Agent', 'X-None'], query: ['page'], user: 'claims.sub' })
  const headers = { 'User-Agent': 'curl/8', Authorization: 'Bearer secret', 'X-User': 'ada' }
  const pending = gateway.fetch('/users/slow?page=2&key=secret', { headers, clientAddress: '10.0.0.9' })
  await clock.advance(40)
  const answer = await pending
  const id = answer.headers.get('X-Request-Id') ?? ''
  assert.match(id, UUID)
  assert.equal(gateway.calls()[0]?.headers.get('X-Request-Id'), id)
  assert.deepEqual(notes(gateway.log), [
    {
      ...{ time: '2026-03-01T12:00:00.000Z', id, client: '10.0.0.9', user: 'ada', method: 'GET', path: '/users/slow' },
      ...{ query: { page: '2' }, headers: { 'User-Agent': 'curl/8' }, route: '/users/{id}', status: 200, ms: 40 },
    },
  ])
  assert.equal(gateway.log.find('secret').length, 0)
})

test('a valid id of the client is taken over, any other is replaced', async (t) => {
  const { gateway } = await open(t)
  const idFor = async (given: string): Promise<string | null> =>
    (await gateway.fetch('/users/7', { headers: { 'X-Request-Id': given } })).headers.get('X-Request-Id')
  assert.equal(await idFor('order-4711_a.b~c'), 'order-4711_a.b~c')
  for (const bad of ['short', 'x'.repeat(129), 'has a blank', '{"id":"forged"}', 'one-valid-id, another-id']) {
    assert.match((await idFor(bad)) ?? '', UUID)
  }
})

test('without trust every request gets an id of its own, under the header that is wanted', async (t) => {
  const { gateway } = await open(t, { trust: false, header: 'X-Trace' })
  const answer = await gateway.fetch('/users/7', { headers: { 'X-Trace': 'a-valid-id' } })
  assert.match(answer.headers.get('X-Trace') ?? '', UUID)
  assert.equal(gateway.calls()[0]?.headers.get('X-Trace'), answer.headers.get('X-Trace'))
})

test('what is refused, fails or is not found is noted too', async (t) => {
  const { gateway } = await open(t)
  for (const path of ['/forbidden', '/broken', '/nowhere']) await gateway.fetch(path, { method: 'DELETE' })
  assert.deepEqual(
    notes(gateway.log).map(({ path, method, status, route }) => [path, method, status, route]),
    [
      ['/forbidden', 'DELETE', 403, ''],
      ['/broken', 'DELETE', 500, ''],
      ['/nowhere', 'DELETE', 404, ''],
    ],
  )
})

test('a client that goes away is noted with 499', async (t) => {
  const { gateway } = await open(t)
  const leaving = new AbortController()
  const answer = gateway.fetch('/users/never', { signal: leaving.signal })
  await until(() => gateway.calls().length === 1)
  leaving.abort()
  await assert.rejects(answer)
  await until(() => notes(gateway.log).length === 1)
  assert.equal(notes(gateway.log)[0]?.status, 499)
})

test('paths may be left out, and long ones are cut', async (t) => {
  const { gateway } = await open(t, { skip_paths: ['/users'] })
  await gateway.fetch('/users/7')
  await gateway.fetch('/usersettings')
  await gateway.fetch(`/${'a'.repeat(5000)}`)
  assert.deepEqual(
    notes(gateway.log).map(({ path }) => String(path).length),
    [13, 2049],
  )
})

test('lines go to a file in batches, and the rest when the gateway closes', async (t) => {
  const file = join(await folder(t), 'audit.log')
  const { gateway, clock } = await open(t, { file, flush: '1s' })
  for (const id of ['1', '2']) await gateway.fetch(`/users/${id}`)
  assert.deepEqual(await linesOf(file), [])
  await clock.advance(1000)
  await until(async () => (await linesOf(file)).length === 2)
  await rename(file, `${file}.1`)
  await gateway.fetch('/users/3')
  await gateway.close()
  const paths = (await linesOf(file)).map((line) => JSON.parse(line).path)
  assert.deepEqual(paths, ['/users/3'], 'a file that was renamed is begun anew')
  assert.deepEqual(notes(gateway.log), [])
})

test('many lines do not wait for the time', async (t) => {
  const file = join(await folder(t), 'audit.log')
  const { gateway } = await open(t, { file })
  for (let i = 0; i < 500; i++) await gateway.fetch('/nowhere')
  await until(async () => (await linesOf(file)).length === 500)
})

test('while the file cannot be written lines are kept, up to a limit', async (t) => {
  const path = await folder(t)
  const file = join(path, 'sub', 'audit.log')
  const moved = join(path, 'moved')
  await mkdir(join(path, 'sub'))
  const { gateway, clock } = await open(t, { file, max_pending: 1000 })
  await rename(join(path, 'sub'), moved)
  for (let i = 0; i < 1003; i++) await gateway.fetch('/nowhere')
  await until(() => gateway.log.find('lines are kept in memory, up to 1000: Error: ENOENT', 'ERROR').length === 1)
  await clock.advance(1000)
  await rename(moved, join(path, 'sub'))
  await gateway.close()
  const lines = (await linesOf(file)).filter((line) => line !== '')
  assert.equal(lines.length, 1000)
  assert.equal(gateway.log.find('is written again; 3 lines are missing', 'WARNING').length, 1)
})

test('lines that can be written no more are told of', async (t) => {
  const path = join(await folder(t), 'sub')
  await mkdir(path)
  const { gateway } = await open(t, { file: join(path, 'audit.log') })
  await gateway.fetch('/nowhere')
  await rm(path, { recursive: true })
  await gateway.close()
  assert.equal(gateway.log.find('1 lines were never written', 'ERROR').length, 1)
})

test('what cannot work stops the start', async (t) => {
  const file = join(await folder(t), 'missing', 'audit.log')
  for (const [options, message] of [
    [{ file }, /ENOENT/],
    [{ headers: ['Authorization'] }, /"Authorization" is never noted/],
    [{ headers: ['X-Api-Key'] }, /is never noted/],
    [{ query: ['access_token'] }, /is never noted/],
  ] as const) {
    await assert.rejects(
      createTestGateway({ plugins: [auditLog, guard], config: configWith(options) }),
      (error) => error instanceof ConfigError && message.test(error.message),
    )
  }
})

test('the example configuration works', async (t) => {
  const gateway = await createTestGateway({
    ...{ t, config: join(import.meta.dirname, 'krakend.json'), folder: import.meta.dirname },
    upstreams: { 'http://localhost:8080': { json: {} } },
  })
  assert.equal((await gateway.fetch('/hello/ada?page=2')).status, 200)
  assert.deepEqual(
    notes(gateway.log).map(({ path, query }) => [path, query]),
    [['/hello/ada', { page: '2' }]],
  )
})
