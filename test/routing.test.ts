import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

/** A gateway whose endpoints call a path of their own number, `/0`, `/1` …, with the parameters behind it. */
async function route(t: TestContext, endpoints: readonly string[], root: Record<string, unknown> = {}) {
  const backend = await startBackend(t, { '*': { json: { ok: true } } })
  const gateway = await startGateway(t, {
    ...root,
    host: [backend.url],
    endpoints: endpoints.map((line, index) => {
      const [method = '', endpoint = ''] = line.includes(' ') ? line.split(' ') : ['GET', line]
      const params = [...new Set(endpoint.match(/\{[^}]*\}/g) ?? [])]
      return { endpoint, method, backend: [{ url_pattern: ['', index, ...params].join('/') }] }
    }),
  })
  /** What the backend was asked for, or the status of an answer of the router itself. */
  const ask = async (target: string, method = 'GET'): Promise<string | number> => {
    backend.received.length = 0
    const { status } = await gateway.request(target, { method })
    return backend.received[0]?.target ?? status
  }
  return { ...gateway, ask }
}

describe('a parameter', () => {
  test('takes exactly one segment that is not empty', async (t) => {
    const { ask } = await route(t, ['/users/{id}/posts'])
    assert.equal(await ask('/users/7/posts'), '/0/7')
    assert.equal(await ask('/users/7/8/posts'), 404)
    assert.equal(await ask('/users/posts'), 404)
    assert.equal(await ask('/users//posts'), 404)
  })

  test('has letters, digits, hyphens and underscores in its name, and several stand in one path', async (t) => {
    const { ask } = await route(t, ['/{user-id}/x/{post_id}/{n2}'])
    assert.equal(await ask('/a/x/b/c'), '/0/a/b/c')
  })

  test('that is named twice has its last value, and the others keep theirs', async (t) => {
    const { ask } = await route(t, ['/{a}/{a}/{b}'])
    assert.equal(await ask('/1/2/3'), '/0/2/3')
  })

  test('loses against a fixed segment, and is tried where that leads nowhere', async (t) => {
    const { ask } = await route(t, ['/things/{id}/parts', '/things/me', '/{kind}/me/parts/{part}'])
    assert.equal(await ask('/things/me'), '/1')
    assert.equal(await ask('/things/me/parts'), '/0/me')
    assert.equal(await ask('/things/me/parts/3'), '/2/things/3')
  })

  test('is taken from the decoded path', async (t) => {
    const { ask } = await route(t, ['/u/{id}', '/u/{id}/{sub}'])
    assert.equal(await ask('/u/a%20b'), '/0/a%20b')
    assert.equal(await ask('/%75/%61'), '/0/a')
    assert.equal(await ask('/u/a%2Fb'), '/1/a/b')
    assert.equal(await ask('/u/a%ffb'), '/0/a%FFb')
    assert.equal(await ask("/u/a+b:c@d&e=f'(g)!"), "/0/a+b:c@d&e=f'(g)!")
  })
})

describe('disable_rest', () => {
  test('allows a parameter behind, before and between fixed text', async (t) => {
    const { ask } = await route(t, ['/file.{ext}', '/{name}.html', '/v{major}.{minor}/x', '/{any}'], {
      disable_rest: true,
    })
    assert.equal(await ask('/file.txt'), '/0/txt')
    assert.equal(await ask('/a.html'), '/1/a')
    assert.equal(await ask('/v1.2.3/x'), '/2/1/2.3')
    assert.equal(await ask('/v1/x'), 404)
    assert.equal(await ask('/other'), '/3/other')
    assert.equal(await ask('/file.'), '/3/file.')
    assert.equal(await ask('/.html'), '/3/.html')
  })

  test('corrects the case of the fixed text only', async (t) => {
    const { request } = await route(t, ['/File.{ext}'], { disable_rest: true })
    assert.equal((await request('/fILE.TxT')).header('location'), '/File.TxT')
  })
})

test('paths are compared with case and segment by segment', async (t) => {
  const { ask } = await route(t, ['/Foo', '/foo/bar'], {
    extra_config: { router: { disable_redirect_fixed_path: true } },
  })
  assert.equal(await ask('/Foo'), '/0')
  assert.equal(await ask('/foo'), 404)
  assert.equal(await ask('/foo/barn'), 404)
  assert.equal(await ask('/foo/ba'), 404)
})

test('a leading slash is added to endpoint and url_pattern', async (t) => {
  const backend = await startBackend(t, { '/up': { json: { ok: true } } })
  const { request } = await startGateway(t, {
    host: backend.url,
    endpoints: [{ endpoint: 'a', backend: { url_pattern: 'up' } }],
  })
  assert.equal((await request('/a')).status, 200)
})

test('every method is an endpoint of its own, in any case, and the backend is called with it', async (t) => {
  const backend = await startBackend(t, {
    '*': (call, response) => response.end(JSON.stringify({ method: call.method })),
  })
  const methods = ['get', 'Post', 'PUT', 'patch', 'DELETE']
  const { request } = await startGateway(t, {
    host: [backend.url],
    endpoints: methods.map((method) => ({ endpoint: '/a', method, backend: [{ url_pattern: '/up' }] })),
  })
  for (const method of methods.map((name) => name.toUpperCase())) {
    assert.deepEqual((await request('/a', { method })).json(), { method })
  }
})

describe('the request line', () => {
  const cases: readonly (readonly [line: string, status: number])[] = [
    ['GET http://elsewhere.example/a HTTP/1.1', 200],
    ['GET HTTP://elsewhere.example/a?b=1 HTTP/1.1', 200],
    ['GET http://elsewhere.example HTTP/1.1', 404],
    ['OPTIONS * HTTP/1.1', 200],
    ['GET /a%zz HTTP/1.1', 400],
    ['GET /a% HTTP/1.1', 400],
    ['GET /a HTTP/1.0', 200],
    ['BREW /a HTTP/1.1', 400],
    ['PROPFIND /a HTTP/1.1', 405],
  ]
  for (const [line, status] of cases) {
    test(`"${line}" answers ${status}`, async (t) => {
      const { connect } = await route(t, ['/a'])
      const connection = connect()
      connection.write(`${line}\r\nHost: gateway\r\nConnection: close\r\n\r\n`)
      assert.match(await connection.closed, new RegExp(`^HTTP/1.1 ${status} `))
    })
  }

  test('its host counts in place of the field Host', async (t) => {
    const backend = await startBackend(t, { '/up': { json: { ok: true } } })
    const { connect } = await startGateway(t, {
      host: [backend.url],
      endpoints: [{ endpoint: '/a', backend: [{ url_pattern: '/up' }] }],
    })
    const connection = connect()
    connection.write('GET http://one.example:81/a HTTP/1.1\r\nHost: two.example\r\nConnection: close\r\n\r\n')
    await connection.closed
    assert.deepEqual(backend.received[0]?.values('x-forwarded-host'), ['one.example:81'])
  })

  test('OPTIONS * says nothing of endpoints and asks no backend', async (t) => {
    const { request } = await route(t, ['/{x}'], { extra_config: { router: { auto_options: true } } })
    const answer = await request('*', { method: 'OPTIONS' })
    assert.equal(answer.status, 200)
    assert.equal(answer.body, '')
    assert.equal(answer.header('allow'), null)
  })

  test('without a Host field is a bad request in HTTP/1.1', async (t) => {
    const { connect } = await route(t, ['/a'])
    const connection = connect()
    connection.write('GET /a HTTP/1.1\r\n\r\n')
    assert.match(await connection.closed, /^HTTP\/1\.1 400 /)
  })
})
