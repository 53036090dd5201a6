import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { definePlugin, type FetchInit, type PluginContext, type PluginTools } from '../src/sdk/plugin.ts'
import { type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'
import { jsonAnswer, startRawBackend } from './support/start-raw-backend.ts'

type Answer = (fetch: PluginTools['fetch'], context: PluginContext) => unknown

/** A gateway whose only endpoint is answered by a server plugin that calls others; beside it one that is passed on. */
async function start(t: TestContext, host: string, answer: Answer, timeout = '5s') {
  const plugin = definePlugin({
    name: 'caller',
    version: '1.2.0',
    server:
      (_, { fetch }) =>
      (next) =>
      async (request, context) => {
        if (request.path !== '/call') return next(request, context)
        return { body: (await answer(fetch, context)) ?? null }
      },
  })
  const endpoint = (path: string, extra: object) => ({ endpoint: path, timeout, ...extra })
  return startGateway(
    t,
    {
      host: [host],
      plugin: {},
      extra_config: { 'plugin/http-server': { name: ['caller'] } },
      endpoints: [endpoint('/passed', { backend: [{ url_pattern: '/up' }] })],
    },
    { plugins: [plugin] },
  )
}

async function startWith(t: TestContext, routes: Readonly<Record<string, Reply>>, answer: (url: string) => Answer) {
  const backend = await startBackend(t, routes)
  return { backend, gateway: await start(t, backend.url, answer(backend.url)) }
}

test('sends what it is told and gives the answer', async (t) => {
  const { backend, gateway } = await startWith(
    t,
    { '/me': { status: 201, headers: { 'X-A': ['1', '2'] }, json: { id: 7 } } },
    (url) => async (fetch, context) => {
      const answer = await fetch(`${url}/me?x=ä#f`, { context, json: { n: 1 }, headers: { 'X-Who': 'plugin' } })
      return { status: answer.status, ok: answer.ok, a: answer.headers.get('x-a'), data: await answer.json() }
    },
  )
  const { body } = await gateway.request('/call')
  assert.deepEqual(JSON.parse(body), { status: 201, ok: true, a: '1, 2', data: { id: 7 } })
  const [received] = backend.received
  assert.deepEqual([received?.method, received?.target, received?.body], ['POST', '/me?x=%C3%A4', '{"n":1}'])
  assert.deepEqual(received?.values('content-type'), ['application/json'])
  assert.deepEqual(received?.values('x-who'), ['plugin'])
  assert.match(received?.values('user-agent').join() ?? '', /^Loligo Version /)
})

const SENT: readonly (readonly [name: string, init: FetchInit, sent: string])[] = [
  ['nothing', {}, 'GET  '],
  ['text', { method: 'put', body: 'ä' }, 'PUT 2 ä'],
  ['bytes', { body: new Uint8Array([97]) }, 'POST 1 a'],
  ['a form', { body: new URLSearchParams({ a: 'b c' }) }, 'POST 5 a=b+c'],
  ['a web stream', { body: new Blob(['abc']).stream() }, 'POST  abc'],
  ['a length that is wrong', { body: 'abc', headers: { 'content-length': 1 } }, 'POST 3 abc'],
]

for (const [name, init, sent] of SENT) {
  test(`sends ${name}`, async (t) => {
    const { backend, gateway } = await startWith(t, { '*': {} }, (url) => async (fetch, context) => {
      await fetch(new URL(url), { ...init, context })
    })
    assert.equal((await gateway.request('/call')).status, 200)
    const { method, body, values } = backend.received[0] ?? assert.fail()
    assert.equal(`${method} ${values('content-length').join()} ${body}`, sent)
  })
}

test('follows redirects, also with a body', async (t) => {
  const { gateway } = await startWith(
    t,
    {
      '/from': { status: 307, headers: { Location: '/to' } },
      '/to': (request, response) => response.end(`${request.method} ${request.body}`),
    },
    (url) => async (fetch) => (await fetch(`${url}/from`, { body: 'x' })).text(),
  )
  assert.equal((await gateway.request('/call')).body, 'POST x')
})

test('takes the connections that the backends use', async (t) => {
  const backend = await startRawBackend(t, ({ socket }) => void socket.write(jsonAnswer('{"a":1}')))
  const gateway = await start(t, backend.url, async (fetch) => (await fetch(`${backend.url}/own`)).json())
  for (const path of ['/passed', '/call', '/passed', '/call']) {
    assert.equal((await gateway.request(path)).body, '{"a":1}')
  }
  assert.deepEqual([backend.heads.length, backend.sockets.length], [4, 1])
})

test('a body that nobody reads is let go with the request', async (t) => {
  const backend = await startRawBackend(t, ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab')
  })
  const gateway = await start(t, backend.url, async (fetch, context) => {
    return (await fetch(backend.url, { context })).status
  })
  assert.equal((await gateway.request('/call')).body, '200')
  await backend.closed[0]
})

test('a body that nobody reads is let go with the request, also at a backend of several', async (t) => {
  const backend = await startRawBackend(t, ({ socket, head }) => {
    if (head.includes('/up')) socket.write(jsonAnswer('{"a":1}'))
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab')
  })
  const peeks = definePlugin({
    name: 'peeks',
    modifier: (_, { fetch }) => ({
      async request(_request, context) {
        await fetch(`${backend.url}/peek`, { context })
      },
    }),
  })
  const named = { 'plugin/req-resp-modifier': { name: ['peeks'] } }
  const gateway = await startGateway(
    t,
    {
      host: [backend.url],
      plugin: {},
      endpoints: [
        {
          endpoint: '/several',
          backend: [{ url_pattern: '/up/1', extra_config: named }, { url_pattern: '/up/2' }],
        },
      ],
    },
    { plugins: [peeks] },
  )
  assert.equal((await gateway.request('/several')).status, 200)
  await backend.closed[backend.sockets.findIndex((_, i) => backend.heads[i]?.includes('/peek'))]
})

test('a body that nobody reads and that belongs to no request is let go at its timeout', async (t) => {
  const backend = await startRawBackend(t, ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab')
  })
  const gateway = await start(t, backend.url, async (fetch) => (await fetch(backend.url, { timeoutMs: 30 })).status)
  assert.equal((await gateway.request('/call')).body, '200')
  await backend.closed[0]
})

test('the deadline of the request is that of its calls', async (t) => {
  const backend = await startRawBackend(t, () => {})
  const caller = definePlugin({
    name: 'caller',
    modifier: (_, { fetch }) => ({
      request: async (_request, context) => {
        await fetch(`${backend.url}/never?key=secret`, { context }).catch((error) => {
          context.store.set('error', error)
        })
      },
      response: () => {},
    }),
    server:
      (_, { log }) =>
      (next) =>
      async (request, context) => {
        const response = await next(request, context)
        await new Promise(setImmediate)
        log.info(String(context.store.get('error')))
        return response
      },
  })
  const extra_config = { 'plugin/req-resp-modifier': { name: ['caller'] } }
  const gateway = await startGateway(
    t,
    {
      host: [backend.url],
      plugin: {},
      extra_config: { 'plugin/http-server': { name: ['caller'] } },
      endpoints: [{ endpoint: '/a', timeout: '40ms', extra_config, backend: [{ url_pattern: '/up' }] }],
    },
    { plugins: [caller] },
  )
  assert.equal((await gateway.request('/a')).status, 500)
  const line = await gateway.log.find(/FetchFailure/)
  assert.ok(line.endsWith(`FetchFailure: plugin "caller": fetch GET ${backend.url}/never: context deadline exceeded`))
  await backend.closed[0]
})

test('a client that goes away ends the calls that were made for it, and nothing is logged as an error', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const backend = await startRawBackend(t, () => arrived.resolve())
  const gateway = await start(t, backend.url, async (fetch, context) => (await fetch(backend.url, { context })).text())
  const client = gateway.connect()
  client.write('GET /call HTTP/1.1\r\nHost: g\r\n\r\n')
  await arrived.promise
  client.reset()
  await backend.closed[0]
  while (gateway.listener.active > 0) await new Promise(setImmediate)
  assert.doesNotMatch(gateway.log.all.join('\n'), /ERROR/)
})

test('what fails is told with plugin, version, place, URL and line; the client reads none of it', async (t) => {
  const dead = await startRawBackend(t, ({ socket }) => socket.destroy())
  const gateway = await start(t, dead.url, (fetch, context) => fetch(`${dead.url}/x?key=secret`, { context }))
  const { status, body } = await gateway.request('/call')
  assert.deepEqual([status, body], [500, ''])
  const line = await gateway.log.find(/fetch GET/)
  const told = `plugin "caller" 1.2.0, server at [PLUGIN: Server]: fetch GET ${dead.url}/x: connection reset by peer`
  assert.ok(line.includes(`ERROR: [PLUGIN: caller] ${told} [FetchFailure at `), line)
  assert.match(line, /\(?file:.*plugin-fetch\.test\.ts:\d+:\d+\)?\]$/)
})

test('a timeout of its own ends a call', async (t) => {
  const backend = await startRawBackend(t, () => {})
  const gateway = await start(t, backend.url, async (fetch, context) => {
    return fetch(backend.url, { context, timeoutMs: 20 }).catch((error: Error) => error.message)
  })
  const { body } = await gateway.request('/call')
  assert.equal(body, `plugin "caller": fetch GET ${backend.url}/: took longer than 20 ms`)
  await backend.closed[0]
})

test('what it does not understand is refused at once', async (t) => {
  const refused: readonly (readonly [url: unknown, init: unknown, reason: RegExp])[] = [
    ['/path', {}, /fetch takes an absolute URL, such as http:\/\/host\/path, not \/path/],
    ['ftp://h/', {}, /URLs of http and https, not ftp:/],
    ['http://u:p@h/', {}, /no credentials in the URL of h/],
    ['http://h/', { signal: null }, /does not know "signal": .*context of the request/],
    ['http://h/', { method: 'A B' }, /cannot send the method A B/],
    ['http://h/', { method: 'connect' }, /cannot send the method connect/],
    ['http://h/', { body: 'a', json: 1 }, /`body` or `json`, not both/],
    ['http://h/', { json: () => 1 }, /cannot send a function as JSON/],
    ['http://h/', { body: { a: 1 } }, /for JSON write `json: value`/],
    ['http://h/', { body: new FormData() }, /fetch takes as body/],
    ['http://h/', { context: {} }, /what hooks are given/],
    ['http://h/', { timeoutMs: 0 }, /above 0, not 0/],
    ['http://h/', { headers: { 'a b': '1' } }, /'a b' is no name of a header/],
  ]
  const gateway = await start(t, 'http://h', async (fetch) => {
    for (const [url, init, reason] of refused) {
      await assert.rejects(
        fetch(url as string, init as FetchInit),
        (error) => error instanceof TypeError && reason.test(error.message),
      )
    }
    return 'all'
  })
  assert.equal((await gateway.request('/call')).body, 'all')
})

test('an instance that has ended calls nobody any more', async (t) => {
  const backend = await startBackend(t, { '*': { body: 'here' } })
  let fetch: PluginTools['fetch'] = () => assert.fail()
  let closing = ''
  const leaves = definePlugin({
    name: 'leaves',
    server: (_, tools) => {
      fetch = tools.fetch
      tools.onClose(async () => {
        closing = await (await fetch(backend.url)).text()
      })
      return (next) => next
    },
  })
  const gateway = await startGateway(
    t,
    { plugin: {}, extra_config: { 'plugin/http-server': { name: ['leaves'] } } },
    { plugins: [leaves] },
  )
  await gateway.listener.close()
  await gateway.gateway.close()
  assert.equal(closing, 'here', 'while it closes it may')
  await assert.rejects(fetch(backend.url), /plugin "leaves": fetch GET .*: this instance of the plugin has been closed/)
  assert.equal(backend.received.length, 1)
})
