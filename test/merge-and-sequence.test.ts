import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Reply, startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

interface Options {
  readonly proxy?: object
  readonly endpoint?: object
}

/** An endpoint `/x/{id}` over backends with these url_patterns, on an upstream with these routes. */
async function start(
  t: TestContext,
  routes: Readonly<Record<string, Reply | readonly Reply[]>>,
  backends: readonly (string | object)[],
  { proxy = {}, endpoint = {} }: Options = {},
) {
  const upstream = await startBackend(t, routes)
  const gateway = await startGateway(t, {
    ...{ host: [upstream.url], extra_config: { router: { return_error_msg: true } } },
    endpoints: [
      {
        ...{ endpoint: '/x/{id}', extra_config: { proxy }, ...endpoint },
        backend: backends.map((backend) => (typeof backend === 'string' ? { url_pattern: backend } : backend)),
      },
    ],
  })
  const targets = () => upstream.received.map(({ method, target }) => `${method} ${target}`)
  return { gateway, upstream, targets }
}

const failing: Reply = { status: 500 }

test('root keys of a later backend win, whole values, whichever answers first', async (t) => {
  const { promise: slowDone, resolve: finish } = Promise.withResolvers<void>()
  const slow: Reply = (_, response) => {
    void slowDone.then(() => response.end('{"a":{"from":"last"},"c":3}'))
  }
  const first: Reply = (_, response) => {
    response.end('{"a":{"from":"first","b":1},"d":4}', finish)
  }
  const late = await start(t, { '/1': first, '/2': slow }, ['/1', '/2'])
  assert.deepEqual((await late.gateway.request('/x/1')).json(), { a: { from: 'last' }, c: 3, d: 4 })
})

test('equal groups replace each other in the configured order', async (t) => {
  const routes = { '/1': { json: { a: 1 } }, '/2': { json: { b: 2 } } }
  const backends = [
    { url_pattern: '/1', group: 'g' },
    { url_pattern: '/2', group: 'g' },
  ]
  for (const sequential of [false, true]) {
    const { gateway } = await start(t, routes, backends, { proxy: { sequential } })
    const answer = await gateway.request('/x/1')
    assert.deepEqual(answer.json(), { g: { b: 2 } })
    assert.equal(answer.header('X-Krakend-Completed'), 'true')
  }
})

test('backends of several methods are called at once, each with the whole body and its own copy', async (t) => {
  const routes = { '*': { json: { ok: true } } }
  const backends = ['GET', 'POST', 'PUT', 'DELETE'].map((method) => ({ url_pattern: `/${method}`, method }))
  const { gateway, upstream } = await start(t, routes, backends, { endpoint: { method: 'POST' } })
  await gateway.request('/x/1', { method: 'POST', body: 'the body', headers: { 'Content-Type': 'text/odd' } })
  assert.deepEqual(
    upstream.received
      .map(({ target, body, values }) => [target, body, ...values('Content-Type')])
      .toSorted(compareText),
    ['/DELETE', '/GET', '/POST', '/PUT'].map((target) => [target, 'the body', 'text/odd']),
  )
})

test('an answer of null leaves its part out', async (t) => {
  const { gateway } = await start(t, { '/1': { json: null }, '/2': { json: { a: 1 } } }, ['/1', '/2'])
  const answer = await gateway.request('/x/1')
  assert.deepEqual([answer.body, answer.header('X-Krakend-Completed')], ['{"a":1}', 'false'])
})

test('an empty part is complete, an empty answer is not', async (t) => {
  const routes = { '/1': { json: {} }, '/2': { json: { a: 1 } } }
  const part = await (await start(t, routes, ['/1', '/2'])).gateway.request('/x/1')
  assert.equal(part.header('X-Krakend-Completed'), 'true')
  const all = await (await start(t, routes, ['/1', '/1'])).gateway.request('/x/1')
  assert.deepEqual([all.status, all.body, all.header('X-Krakend-Completed')], [200, '{}', 'false'])
})

test('flatmap of the endpoint works on the merged answer, and only when no part is missing', async (t) => {
  const proxy = { flatmap_filter: [{ type: 'move', args: ['b.c', 'c'] }] }
  const routes = { '/1': { json: { a: 1 } }, '/2': [{ json: { b: { c: 2 } } }], '/3': failing }
  const whole = await start(t, routes, ['/1', '/2'], { proxy })
  assert.deepEqual((await whole.gateway.request('/x/1')).json(), { a: 1, b: null, c: 2 })
  const partial = await start(t, routes, ['/2', '/3'], { proxy })
  assert.deepEqual((await partial.gateway.request('/x/1')).json(), { b: { c: 2 } })
  const single = await start(t, routes, ['/2'], { proxy })
  assert.deepEqual((await single.gateway.request('/x/1')).json(), { b: { c: 2 } })
})

test('flatmap of a backend stands in for allow, deny and mapping, between target and group', async (t) => {
  const routes = { '/1': { json: { data: { a: { b: 1 }, secret: 2 } } } }
  const backend = {
    ...{ url_pattern: '/1', target: 'data', allow: ['nothing'], mapping: { a: 'z' }, group: 'g' },
    extra_config: {
      proxy: {
        flatmap_filter: [
          { type: 'del', args: ['secret'] },
          { type: 'move', args: ['a.b', 'b'] },
        ],
      },
    },
  }
  const { gateway } = await start(t, routes, [backend])
  assert.deepEqual((await gateway.request('/x/1')).json(), { g: { a: null, b: 1 } })
})

test('a sequence hands every call body, fields and query of the client', async (t) => {
  const routes = { '*': { json: { v: 1 } } }
  const endpoint = { method: 'POST', input_headers: ['X-A'], input_query_strings: ['q'] }
  const { gateway, upstream } = await start(t, routes, ['/1', '/2/{resp0_v}'], {
    proxy: { sequential: true },
    endpoint,
  })
  await gateway.request('/x/1?q=2', { method: 'POST', body: 'text', headers: { 'X-A': '3' } })
  assert.deepEqual(
    upstream.received.map(({ target, body, values }) => [target, body, ...values('X-A')]),
    [
      ['/1?q=2', 'text', '3'],
      ['/2/1?q=2', 'text', '3'],
    ],
  )
})

for (const [value, inPath, inQuery] of [
  ['a b/c?d&e=f#g', 'a%20b%2Fc%3Fd&e=f%23g', 'a+b%2Fc%3Fd%26e%3Df%23g'],
  ['é😀%', '%C3%A9%F0%9F%98%80%25', '%C3%A9%F0%9F%98%80%25'],
  ['{id}', '%7Bid%7D', '%7Bid%7D'],
  [true, 'true', 'true'],
  [-12.5, '-12.5', '-12.5'],
  [['a', 1, 'b c'], 'a,1,b%20c', 'a%2C1%2Cb+c'],
  [{ a: 'b' }, '%7B%22a%22:%22b%22%7D', '%7B%22a%22%3A%22b%22%7D'],
] as const) {
  test(`the value ${JSON.stringify(value)} of an answer is encoded for its place`, async (t) => {
    const routes = { '/first': { json: { g: { v: value } } }, '*': { json: { ok: true } } }
    const { gateway, targets } = await start(t, routes, ['/first', '/p/{resp0_g.v}?q={resp0_g.v}&id={id}'], {
      proxy: { sequential: true },
    })
    assert.equal((await gateway.request('/x/7')).status, 200)
    assert.deepEqual(targets(), ['GET /first', `GET /p/${inPath}?q=${inQuery}&id=7`])
  })
}

for (const digits of [
  '12345678901234567890',
  '1000000000000000000000',
  '-9007199254740993',
  '0.12345678901234567890',
]) {
  test(`the number ${digits} of an answer keeps its digits`, async (t) => {
    const { gateway, targets } = await start(
      t,
      { '/first': { body: `{"v":${digits}}` }, '*': { json: {} } },
      ['/first', '/p/{resp0_v}'],
      { proxy: { sequential: true } },
    )
    await gateway.request('/x/1')
    assert.equal(targets()[1], `GET /p/${digits}`)
  })
}

for (const [name, json] of [
  ['missing', {}],
  ['null', { v: null }],
  ['in a list', { list: [{ v: 1 }] }],
  ['below a text', { v: 'a' }],
] as const) {
  test(`a value that is ${name} stops the chain`, async (t) => {
    const reference = { 'in a list': '{resp0_list.0.v}', 'below a text': '{resp0_v.x}' }[name as string] ?? '{resp0_v}'
    const { gateway, targets } = await start(
      t,
      { '/first': { json: { kept: 1, ...json } }, '*': { json: {} } },
      ['/first', `/p/${reference}`, '/third'],
      { proxy: { sequential: true } },
    )
    const answer = await gateway.request('/x/1')
    assert.equal(answer.status, 200)
    assert.equal((answer.json() as { kept: number }).kept, 1)
    assert.equal(answer.header('X-Krakend-Completed'), 'false')
    assert.deepEqual(targets(), ['GET /first'])
    await gateway.log.find(/ERROR: \[ENDPOINT: \/x\/:id\] Error #0: .*no value for \{resp0_/)
  })
}

test('a value that would climb up stops the chain', async (t) => {
  const { gateway, targets } = await start(t, { '/first': { json: { v: '..' } } }, ['/first', '/p/{resp0_v}/q'], {
    proxy: { sequential: true },
  })
  assert.equal((await gateway.request('/x/1')).header('X-Krakend-Completed'), 'false')
  assert.deepEqual(targets(), ['GET /first'])
})

test('a parameter that would climb up is refused', async (t) => {
  const { gateway, targets } = await start(t, {}, ['/p/{id}/q'])
  assert.equal((await gateway.request('/x/%2e%2e')).status, 400)
  assert.deepEqual(targets(), [])
})

test('values are those after the shaping of their backend', async (t) => {
  const routes = { '/first': { json: { data: { a: 1, b: 2 } } }, '*': { json: {} } }
  const first = { url_pattern: '/first', target: 'data', mapping: { a: 'z' }, group: 'g' }
  const { gateway, targets } = await start(t, routes, [first, '/p/{resp0_g.z}'], { proxy: { sequential: true } })
  await gateway.request('/x/1')
  assert.equal(targets()[1], 'GET /p/1')
})

test('a backend of text offers its content', async (t) => {
  const routes = { '/first': { body: 'some text' }, '*': { json: {} } }
  const { gateway, targets } = await start(
    t,
    routes,
    [{ url_pattern: '/first', encoding: 'string' }, '/p/{resp0_content}'],
    {
      proxy: { sequential: true },
    },
  )
  await gateway.request('/x/1')
  assert.equal(targets()[1], 'GET /p/some%20text')
})

test('the first failure of a sequence is the answer', async (t) => {
  const { gateway, targets } = await start(t, { '/1': failing }, ['/1', '/2'], { proxy: { sequential: true } })
  assert.equal((await gateway.request('/x/1')).status, 500)
  assert.deepEqual(targets(), ['GET /1'])
})

test('a later failure of a sequence leaves what there is', async (t) => {
  const routes = { '/1': { json: { a: 1 } }, '/2': failing, '/3': { json: {} } }
  const { gateway, targets } = await start(t, routes, ['/1', '/2', '/3'], { proxy: { sequential: true } })
  const answer = await gateway.request('/x/1')
  assert.deepEqual([answer.status, answer.body, answer.header('X-Krakend-Completed')], [200, '{"a":1}', 'false'])
  assert.deepEqual(targets(), ['GET /1', 'GET /2'])
})

test('a no-op backend under an endpoint that decodes adds nothing, whatever its status', async (t) => {
  const routes = { '/1': { status: 404, body: 'text' }, '/2': { json: { a: 1 } } }
  const single = await start(t, routes, [{ url_pattern: '/1', encoding: 'no-op' }])
  const alone = await single.gateway.request('/x/1')
  assert.deepEqual([alone.status, alone.body, alone.header('X-Krakend-Completed')], [200, '{}', 'false'])
  const merged = await start(t, routes, [{ url_pattern: '/1', encoding: 'no-op' }, '/2'])
  assert.equal((await merged.gateway.request('/x/1')).body, '{"a":1}')
})

test('names like __proto__ are data everywhere', async (t) => {
  const body = '{"__proto__":{"polluted":1},"constructor":{"a":2},"toString":3}'
  const wanted = '{"__proto__":{"polluted":1},"constructor":{"a":2},"toString":3,"b":4}'
  for (const proxy of [{}, { sequential: true }, { static: { data: { b: 4 } } }]) {
    const { gateway } = await start(t, { '/1': { body }, '/2': { json: { b: 4 } } }, ['/1', '/2'], { proxy })
    assert.equal((await gateway.request('/x/1')).body, wanted)
  }
  const shaped = { url_pattern: '/1', allow: ['__proto__.polluted'], mapping: { __proto__x: 'y' }, group: '__proto__' }
  const { gateway } = await start(t, { '/1': { body } }, [shaped])
  assert.equal((await gateway.request('/x/1')).body, '{"__proto__":{"__proto__":{"polluted":1}}}')
  assert.equal(({} as { polluted?: number }).polluted, undefined)
})

function compareText(a: readonly string[], b: readonly string[]): number {
  return a.join().localeCompare(b.join())
}
