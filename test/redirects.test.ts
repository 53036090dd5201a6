import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const BACKEND = { url_pattern: '/up' }

async function start(t: TestContext, router: Record<string, unknown> = {}) {
  const backend = await startBackend(t, { '/up': { json: { ok: true } } })
  const gateway = await startGateway(t, {
    host: [backend.url],
    extra_config: { router },
    endpoints: [
      { endpoint: '/foo/bar', backend: [BACKEND] },
      { endpoint: '/foo/bar', method: 'POST', backend: [BACKEND] },
      { endpoint: '/dir/{id}/', backend: [BACKEND] },
      { endpoint: '/dir/{id}/Sub/{more}', backend: [BACKEND] },
    ],
  })
  return { backend, ...gateway }
}

describe('GET is redirected with 301', () => {
  const cases: readonly (readonly [target: string, location: string])[] = [
    ['/foo/bar/', '/foo/bar'],
    ['/foo/bar/?x=1&y=%20', '/foo/bar?x=1&y=%20'],
    ['/dir/7', '/dir/7/'],
    ['/dir/a%20b', '/dir/a%20b/'],
    ['//foo///bar', '/foo/bar'],
    ['/foo/./x/../bar', '/foo/bar'],
    ['/FOO/BAR/', '/foo/bar'],
    ['/DIR/SeVen/sUB/Up', '/dir/SeVen/Sub/Up'],
    ['/../foo/bar', '/foo/bar'],
  ]
  for (const [target, location] of cases) {
    test(`${target} to ${location}`, async (t) => {
      const { backend, request } = await start(t)
      const answer = await request(target)
      assert.equal(answer.status, 301)
      assert.equal(answer.header('location'), location)
      assert.equal(answer.header('content-type'), 'text/html; charset=utf-8')
      assert.equal(answer.body, `<a href="${location.replace('&', '&amp;')}">Moved Permanently</a>.\n\n`)
      assert.deepEqual(
        answer.rawHeaders.filter((name) => /^x-krakend/i.test(name)),
        [],
      )
      assert.equal(backend.received.length, 0)
    })
  }
})

test('another method is redirected with 307 and no body', async (t) => {
  const { request } = await start(t)
  const answer = await request('/foo/bar/?q=1', { method: 'POST', body: 'x' })
  assert.equal(answer.status, 307)
  assert.equal(answer.header('location'), '/foo/bar?q=1')
  assert.equal(answer.header('content-type'), null)
  assert.equal(answer.body, '')
})

test('a redirect comes before 405 for a method that the corrected path has, and 405 for one that it has not', async (t) => {
  const { request } = await start(t)
  assert.equal((await request('/foo/bar/', { method: 'POST' })).status, 307)
  assert.equal((await request('/foo/bar/', { method: 'DELETE' })).status, 404)
  assert.equal((await request('/foo/bar', { method: 'DELETE' })).status, 405)
})

describe('X-Forwarded-Prefix stands before the path of Location', () => {
  const cases: readonly (readonly [prefix: string, location: string])[] = [
    ['/api', '/api/foo/bar?x=1'],
    ['/api/v1/', '/api/v1/foo/bar?x=1'],
    ['//evil.example', '/evilexample/foo/bar?x=1'],
    ['https://evil.example/', '/https/evilexample/foo/bar?x=1'],
    ['/../..', '/foo/bar?x=1'],
    ['', '/foo/bar?x=1'],
  ]
  for (const [prefix, location] of cases) {
    test(JSON.stringify(prefix), async (t) => {
      const { request } = await start(t)
      const answer = await request('/foo/bar/?x=1', { headers: { 'X-Forwarded-Prefix': prefix } })
      assert.equal(answer.header('location'), location)
    })
  }
})

describe('each rule can be turned off', () => {
  test('disable_redirect_trailing_slash alone: the second rule still corrects slashes', async (t) => {
    const { request } = await start(t, { disable_redirect_trailing_slash: true })
    assert.equal((await request('/foo/bar/')).header('location'), '/foo/bar')
    assert.equal((await request('/FOO/bar')).status, 301)
  })

  test('disable_redirect_fixed_path alone: only slashes are corrected', async (t) => {
    const { request } = await start(t, { disable_redirect_fixed_path: true })
    assert.equal((await request('/foo/bar/')).header('location'), '/foo/bar')
    assert.equal((await request('/FOO/bar')).status, 404)
    assert.equal((await request('//foo/bar')).status, 404)
  })

  test('both: nothing is corrected', async (t) => {
    const { request } = await start(t, { disable_redirect_fixed_path: true, disable_redirect_trailing_slash: true })
    for (const target of ['/foo/bar/', '/FOO/bar', '//foo/bar', '/dir/7']) {
      assert.equal((await request(target)).status, 404)
    }
  })
})

test('remove_extra_slash collapses slashes without a redirect', async (t) => {
  const { request } = await start(t, { remove_extra_slash: true })
  assert.equal((await request('//foo///bar')).status, 200)
  assert.equal((await request('/dir//7//')).status, 200)
  assert.equal((await request('/foo//bar//')).header('location'), '/foo/bar')
})

test('a redirect never leads to another host', async (t) => {
  const { connect } = await start(t)
  for (const target of ['//foo/bar/', '///foo/bar', '/\\foo/bar/']) {
    const connection = connect()
    connection.write(`GET ${target} HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n`)
    const location = /^location: (.*)$/im.exec(await connection.closed)?.[1] ?? '/none'
    assert.match(location, /^\/[^/\\]/)
  }
})
