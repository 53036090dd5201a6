import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { hashSync } from 'bcryptjs'
import { startBackend } from './support/start-backend.ts'
import { type StartOptions, startGateway } from './support/start-gateway.ts'
import { temporaryFolder } from './support/tokens.ts'

type Options = Readonly<Record<string, unknown>>

const ANN = hashSync('secret', 4)
const CHALLENGE = 'Basic realm="Restricted", charset="UTF-8"'

const login = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
const as = (user: string, password: string) => ({ headers: { Authorization: login(user, password) } })

/** `/guarded` with the block of an endpoint, and `/open`. */
async function start(t: TestContext, block: Options, service: Options = {}, options: StartOptions = {}) {
  const backend = await startBackend(t, { '/': { json: { ok: true } } })
  const gateway = await startGateway(
    t,
    {
      host: [backend.url],
      extra_config: service,
      endpoints: [
        { endpoint: '/guarded', backend: [{ url_pattern: '/' }], extra_config: { 'auth/basic': block } },
        { endpoint: '/open', backend: [{ url_pattern: '/' }] },
      ],
    },
    options,
  )
  const statusOf = async (user: string, password: string) =>
    (await gateway.request('/guarded', as(user, password))).status
  return { backend, gateway, statusOf }
}

describe('an endpoint with users', () => {
  test('asks for a password and takes the right one', async (t) => {
    const { gateway, backend, statusOf } = await start(t, { users: { ann: ANN } })
    const refused = await gateway.request('/guarded')
    assert.deepEqual([refused.status, refused.body, refused.header('www-authenticate')], [401, '', CHALLENGE])
    assert.equal(refused.header('x-krakend-completed'), null)
    assert.equal(refused.header('x-krakend'), null)
    assert.deepEqual([await statusOf('ann', 'wrong'), await statusOf('eve', 'secret')], [401, 401])
    assert.equal(backend.received.length, 0)
    assert.deepEqual([await statusOf('ann', 'secret'), await statusOf('ann', 'secret')], [200, 200])
    assert.equal((await gateway.request('/open')).status, 200)
    assert.deepEqual(backend.received[0]?.values('authorization'), [], 'the password stays here')
  })

  test('refuses what is no such field', async (t) => {
    const { gateway, backend } = await start(t, { users: { ann: ANN } })
    const right = login('ann', 'secret')
    for (const Authorization of [
      ...['', 'Basic', 'Basic ', `Bearer ${right.slice(6)}`, 'Basic !!!', `${right}!`, right.slice(6)],
      ...[`Basic ${Buffer.from('ann').toString('base64')}`, `Basic ${'A'.repeat(8000)}`],
      [right, right],
      [right, login('ann', 'wrong')],
    ]) {
      assert.equal(
        (await gateway.request('/guarded', { headers: { Authorization } })).status,
        401,
        String(Authorization),
      )
    }
    assert.equal(backend.received.length, 0)
    assert.equal(
      (await gateway.request('/guarded', { headers: { Authorization: right.replace('B', 'b') } })).status,
      200,
    )
  })

  test('the log names neither user nor password', async (t) => {
    const { gateway, statusOf } = await start(t, { users: { ann: ANN } })
    await statusOf('hidden-name', 'hidden-word')
    assert.match(await gateway.accessLog.find(/401/), /Error #01: basic authentication: wrong credentials$/)
    assert.doesNotMatch([...gateway.log.all, ...gateway.accessLog.all].join('\n'), /hidden|secret|\$2/)
  })

  test('names and passwords may hold any characters, a colon only the password', async (t) => {
    const users = { änn: hashSync('pä:ss "wörd"', 4) }
    const { statusOf } = await start(t, { users })
    assert.equal(await statusOf('änn', 'pä:ss "wörd"'), 200)
    assert.equal(await statusOf('änn', 'pä'), 401)
  })

  test('the realm is told as it is', async (t) => {
    const { gateway } = await start(t, { users: { ann: ANN }, realm: 'my "own" place' })
    const { header } = await gateway.request('/guarded')
    assert.equal(header('www-authenticate'), String.raw`Basic realm="my \"own\" place", charset="UTF-8"`)
  })

  test('forwards the field only where the allow-list names it', async (t) => {
    const backend = await startBackend(t, { '/': { json: {} } })
    const gateway = await startGateway(t, {
      host: [backend.url],
      endpoints: [
        {
          ...{ endpoint: '/a', input_headers: ['Authorization'] },
          backend: [{ url_pattern: '/' }],
          extra_config: { 'auth/basic': { users: { ann: ANN } } },
        },
      ],
    })
    assert.equal((await gateway.request('/a', as('ann', 'secret'))).status, 200)
    assert.deepEqual(backend.received[0]?.values('authorization'), [login('ann', 'secret')])
  })

  test('more passwords than can be checked are answered 503; who is known goes on', async (t) => {
    const { gateway, statusOf } = await start(t, { users: { ann: hashSync('secret', 8) } })
    assert.equal(await statusOf('ann', 'secret'), 200)
    const flood = Promise.all(
      Array.from({ length: 60 }, (_, i) => gateway.request('/guarded', as('ann', `guess ${i}`))),
    )
    assert.equal(await statusOf('ann', 'secret'), 200)
    const answers = await flood
    const busy = answers.filter(({ status }) => status === 503)
    assert.ok(busy.length > 0)
    assert.equal(busy[0]?.header('retry-after'), '1')
    assert.ok(answers.every(({ status }) => status === 401 || status === 503))
  })
})

describe('users', () => {
  function writeUsers(t: TestContext, text: string): string {
    const path = join(temporaryFolder(t), 'users')
    writeFileSync(path, text)
    return path
  }

  test('come from a file; those of the configuration count before them', async (t) => {
    const path = writeUsers(t, `# team\nann:${ANN}\nbob:${ANN}\n`)
    const { statusOf } = await start(t, { htpasswd_path: path, users: { bob: hashSync('other', 4) } })
    assert.deepEqual([await statusOf('ann', 'secret'), await statusOf('bob', 'other')], [200, 200])
    assert.equal(await statusOf('bob', 'secret'), 401)
  })

  test('of the service are for endpoints whose block is empty; another block replaces it whole', async (t) => {
    const service = { 'auth/basic': { users: { ann: ANN }, realm: 'All' } }
    const inheriting = await start(t, { '@comment': 'as the service' }, service)
    assert.equal(await inheriting.statusOf('ann', 'secret'), 200)
    assert.match((await inheriting.gateway.request('/guarded')).header('www-authenticate') ?? '', /realm="All"/)
    assert.equal((await inheriting.gateway.request('/open')).status, 200)
    const replacing = await start(t, { users: { bob: ANN } }, service)
    assert.deepEqual([await replacing.statusOf('ann', 'secret'), await replacing.statusOf('bob', 'secret')], [401, 200])
    assert.match((await replacing.gateway.request('/guarded')).header('www-authenticate') ?? '', /realm="Restricted"/)
  })

  test('that are nowhere let nobody pass, and the log says so', async (t) => {
    const { gateway, statusOf } = await start(t, {})
    assert.equal(await statusOf('', ''), 401)
    assert.match(gateway.log.all.join('\n'), /\[ENDPOINT: \/guarded\]\[BasicAuth\] neither here .* answered 401/)
  })

  test('that cannot be used stop the start', async (t) => {
    const told = (block: Options, reason: RegExp, service: Options = {}) =>
      assert.rejects(
        start(t, block, service),
        (error: Error) => reason.test(error.message) && !/hidden/.test(error.message),
      )
    await told({ htpasswd_path: '/nowhere/users' }, /endpoints\[0\]\.extra_config\."auth\/basic": .*\/nowhere\/users/)
    await told({}, /^extra_config\."auth\/basic": .*\/nowhere/, { 'auth/basic': { htpasswd_path: '/nowhere/users' } })
    await told({ htpasswd_path: writeUsers(t, 'ann:{SHA}hidden') }, /users:1: the password is no bcrypt hash/)
    await told({ users: { ann: 'hidden' } }, /the password is no bcrypt hash: make one with `htpasswd -nB USER`/)
    await told({ users: { 'a:b': ANN } }, /cannot contain a colon/)
    await told({ users: { ann: ANN.replace('$04$', '$20$') } }, /the cost of the bcrypt hash is 20/)
    await told({ users: { ann: ANN }, realm: 'a\r\nb' }, /ASCII characters only/)
  })

  test('that are wrong let nobody pass with --lenient, not even the users of the service', async (t) => {
    const service = { 'auth/basic': { users: { ann: ANN } } }
    const { statusOf } = await start(t, { users: { ann: 'plain' } }, service, { lenient: true })
    assert.equal(await statusOf('ann', 'secret'), 401)
  })
})
