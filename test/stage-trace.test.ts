import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { definePlugin, HttpError, type Plugin } from '../src/sdk/plugin.ts'
import { type Reply, startBackend } from './support/start-backend.ts'
import { type StartedGateway, startGateway } from './support/start-gateway.ts'

const HEADER = 'X-Loligo-Trace'

interface Entry {
  readonly depth: number
  readonly label: string
  readonly began: number
  /** Null while it had not ended. */
  readonly took: number | null
}

/** Reads the header as its page describes it. */
function parse(header: string | null): Entry[] {
  assert.ok(header !== null, 'there is a trace')
  return header.split(', ').map((entry) => {
    const [, marks = '', label = '', began = '', took = ''] =
      /^(>*)([^,;>][^,;]*);(\d+\.\d\d);(\d+\.\d\d|-)$/.exec(entry) ?? []
    assert.notEqual(label, '', entry)
    return { depth: marks.length, label, began: Number(began), took: took === '-' ? null : Number(took) }
  })
}

const outline = (header: string | null) => parse(header).map(({ depth, label }) => '>'.repeat(depth) + label)

const warnings = ({ log }: StartedGateway) => log.all.filter((line) => line.includes('WARNING'))

/** A plugin of all kinds that changes nothing. */
function passing(name: string): Plugin {
  return definePlugin({
    name,
    server: () => (next) => next,
    middleware: () => (next) => next,
    client: () => (next) => next,
    modifier: () => ({ request: () => {}, response: () => {} }),
  })
}

async function start(
  t: TestContext,
  trace: object | null,
  more: Readonly<Record<string, unknown>> = {},
  plugins: readonly Plugin[] = [],
  routes: Readonly<Record<string, Reply>> = { '*': { json: { a: 1 } } },
): Promise<{ gateway: StartedGateway; received: readonly { values(name: string): string[] }[] }> {
  const upstream = await startBackend(t, routes)
  const { extra_config: extra, ...rest } = more
  const gateway = await startGateway(
    t,
    {
      host: [upstream.url],
      endpoints: [{ endpoint: '/a/{id}', input_headers: ['*'], backend: [{ url_pattern: '/u/{id}' }] }],
      ...rest,
      extra_config: { ...(trace === null ? {} : { 'telemetry/stage-trace': trace }), ...(extra as object) },
    },
    { plugins },
  )
  return { gateway, received: upstream.received }
}

describe('the trace of a request', () => {
  test('tells every stage and every plugin of every room, each within the one around it', async (t) => {
    const names = (...name: string[]) => ({ name })
    const plugins = ['s1', 's2', 'e', 'm', 'r', 'bm', 'br', 'c'].map(passing)
    const backend = {
      url_pattern: '/u/{id}',
      extra_config: {
        'backend/http': { return_error_code: true },
        'plugin/middleware': names('bm'),
        'plugin/req-resp-modifier': names('br'),
        'plugin/http-client': names('c'),
      },
    }
    const endpoint = {
      endpoint: '/a/{id}',
      backend: [backend],
      extra_config: {
        'plugin/http-server': names('e'),
        'plugin/middleware': names('m'),
        'plugin/req-resp-modifier': names('r'),
        proxy: { static: { strategy: 'always', data: { b: 2 } } },
      },
    }
    const more = { endpoints: [endpoint], extra_config: { 'plugin/http-server': names('s1', 's2') } }
    const { gateway } = await start(t, {}, more, plugins)
    const answer = await gateway.request('/a/7')
    assert.deepEqual(answer.json(), { a: 1, b: 2 })
    assert.deepEqual(outline(answer.header(HEADER)), [
      'server:plugin/http-server(s2)',
      '>server:plugin/http-server(s1)',
      '>>router',
      '>>>endpoint:plugin/http-server(e)',
      '>>>>endpoint:GET /a/{id}',
      '>>>>>proxy:static',
      '>>>>>>proxy:plugin/middleware(m)',
      '>>>>>>>proxy:plugin/req-resp-modifier(r).request',
      '>>>>>>>backend:GET /u/{id}',
      '>>>>>>>>backend:url_pattern',
      '>>>>>>>>>backend:host',
      '>>>>>>>>>>backend:plugin/middleware(bm)',
      '>>>>>>>>>>>backend:plugin/req-resp-modifier(br).request',
      '>>>>>>>>>>>backend:backend/http',
      '>>>>>>>>>>>>transport:plugin/http-client(c)',
      '>>>>>>>>>>>>>upstream',
      '>>>>>>>>>>>backend:plugin/req-resp-modifier(br).response',
      '>>>>>>>proxy:plugin/req-resp-modifier(r).response',
    ])
    assert.equal(warnings(gateway).length, 1)
  })

  test('tells when each step began, and how long it took with what lies within', async (t) => {
    const slow = definePlugin({
      name: 'slow',
      server: () => (next) => async (request, context) => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return next(request, context)
      },
    })
    const { gateway } = await start(t, {}, { extra_config: { 'plugin/http-server': { name: ['slow'] } } }, [slow])
    const [outer, router, ...inner] = parse((await gateway.request('/a/7')).header(HEADER))
    assert.equal(outer?.label, 'server:plugin/http-server(slow)')
    assert.equal(router?.label, 'router')
    assert.ok(router.began - outer.began > 15, 'the delay lies before what the plugin called')
    assert.ok((outer.took ?? 0) - (router.took ?? 0) > 15, 'the delay is the own time of the plugin')
    let end = Number.POSITIVE_INFINITY
    for (const { began, took, label } of [outer, router, ...inner]) {
      assert.ok(took !== null && began + took <= end + 0.02, `${label} ends with the step around it`)
      end = began + took
    }
  })

  test('keeps calls apart that go on at once', async (t) => {
    const endpoints = [
      {
        endpoint: '/merge',
        backend: [
          { url_pattern: '/one', group: 'one' },
          { url_pattern: '/two', group: 'two' },
        ],
      },
      { endpoint: '/race', concurrent_calls: 2, backend: [{ url_pattern: '/one' }] },
    ]
    const { gateway } = await start(t, {}, { endpoints })
    const within = ['>>>backend:url_pattern', '>>>>backend:host', '>>>>>upstream']
    assert.deepEqual(outline((await gateway.request('/merge')).header(HEADER)), [
      ...['router', '>endpoint:GET /merge'],
      ...['>>backend:GET /one', ...within],
      ...['>>backend:GET /two', ...within],
    ])
    const call = ['>>>>>backend:host', '>>>>>>upstream']
    assert.deepEqual(outline((await gateway.request('/race')).header(HEADER)), [
      ...[
        'router',
        '>endpoint:GET /race',
        '>>backend:GET /one',
        '>>>backend:url_pattern',
        '>>>>backend:concurrent_calls',
      ],
      ...[...call, ...call],
    ])
  })

  test('tells each attempt of a middleware, and steps that have not ended', async (t) => {
    const hedge = definePlugin({
      name: 'hedge',
      middleware: () => (next) => async (request, context) => {
        const slow = next(request, context.withTimeout(1000))
        slow.catch(() => {})
        return next(request, context.withTimeout(1000))
      },
    })
    let calls = 0
    const release: (() => void)[] = []
    t.after(() => {
      for (const run of release) run()
    })
    const routes = {
      '*': ((_request, response) => {
        const answer = () => response.setHeader('Content-Type', 'application/json').end('{"a":1}')
        if (++calls === 1) release.push(answer)
        else answer()
      }) satisfies Reply,
    }
    const backend = { url_pattern: '/u', extra_config: { 'plugin/middleware': { name: ['hedge'] } } }
    const { gateway } = await start(t, {}, { endpoints: [{ endpoint: '/a', backend: [backend] }] }, [hedge], routes)
    const trace = parse((await gateway.request('/a')).header(HEADER))
    const attempts = trace.filter(({ label }) => label === 'upstream')
    assert.deepEqual(
      attempts.map(({ depth, took }) => [depth, took !== null]),
      [
        [attempts[0]?.depth, false],
        [attempts[0]?.depth, true],
      ],
    )
  })

  test('tells what a plugin fetches for the request', async (t) => {
    const other = await startBackend(t, { '*': { json: {} } })
    const fetching = definePlugin({
      name: 'fetching',
      server:
        (_options, { fetch }) =>
        () =>
        async (request, context) => {
          await (await fetch(`${other.url}/x`, { context })).bytes()
          return { body: request.method }
        },
    })
    const service = { extra_config: { 'plugin/http-server': { name: ['fetching'] } } }
    const { gateway } = await start(t, {}, service, [fetching])
    const trace = outline((await gateway.request('/a/7')).header(HEADER))
    assert.deepEqual(trace, ['server:plugin/http-server(fetching)', '>fetch'])
  })

  test('is there with every answer', async (t) => {
    const refusing = definePlugin({
      name: 'refusing',
      modifier: () => ({
        request: () => {
          throw new HttpError(403, 'no')
        },
      }),
    })
    const extra = { 'plugin/req-resp-modifier': { name: ['refusing'] } }
    const endpoints = [{ endpoint: '/no', extra_config: extra, backend: [{ url_pattern: '/u' }] }]
    const { gateway } = await start(t, { header: 'x-t' }, { endpoints }, [refusing])
    for (const [path, status, last] of [
      ['/none', 404, 'router'],
      ['/__health', 200, 'router'],
      ['/no', 403, '>>proxy:plugin/req-resp-modifier(refusing).request'],
    ] as const) {
      const answer = await gateway.request(path)
      assert.equal(answer.status, status)
      assert.equal(outline(answer.header('x-t')).at(-1), last)
    }
  })

  test('has at most 4096 characters, and says that there was more', async (t) => {
    const again = definePlugin({
      name: 'again',
      middleware: () => (next) => async (request, context) => {
        for (let i = 0; i < 500; i++) await next(request, context)
        return next(request, context)
      },
    })
    const extra = {
      'plugin/middleware': { name: ['again'] },
      proxy: { static: { strategy: 'always', data: { b: 1 } } },
    }
    const backend = { url_pattern: '/u', extra_config: { 'plugin/http-client': { name: ['local'] } } }
    const local = definePlugin({ name: 'local', client: () => () => () => ({ body: { a: 1 } }) })
    const endpoints = [{ endpoint: '/a', timeout: '20s', extra_config: extra, backend: [backend] }]
    const { gateway } = await start(t, {}, { endpoints }, [again, local])
    const answer = await gateway.request('/a')
    assert.equal(answer.status, 200)
    const header = answer.header(HEADER) ?? ''
    assert.ok(header.length <= 4096 && header.length > 3900, `${header.length}`)
    assert.ok(header.endsWith(', ...'))
    assert.ok(parse(header.slice(0, -5)).length > 50)
  })

  test('writes what could not stand in a field, or would be taken for its syntax, as %XX', async (t) => {
    const odd = passing('ä,b;\u{1f991}')
    const { gateway } = await start(t, {}, { extra_config: { 'plugin/http-server': { name: [odd.name] } } }, [
      definePlugin({ name: odd.name, server: () => (next) => (request, context) => next(request, context) }),
    ])
    const [first] = outline((await gateway.request('/a/7')).header(HEADER))
    assert.equal(first, 'server:plugin/http-server(%C3%A4%2Cb%3B%F0%9F%A6%91)')
  })
})

describe('who gets the trace', () => {
  test('nobody, and no warning, unless it is configured', async (t) => {
    const { gateway } = await start(t, null)
    const answer = await gateway.request('/a/7', { headers: { [HEADER]: 'x' } })
    assert.equal(answer.header(HEADER), null)
    assert.deepEqual(warnings(gateway), [])
  })

  test('all without a token, which a warning says', async (t) => {
    const { gateway } = await start(t, {})
    assert.notEqual((await gateway.request('/a/7')).header(HEADER), null)
    const [line, ...others] = warnings(gateway)
    assert.match(line ?? '', /every client is told by X-Loligo-Trace .* telemetry\/stage-trace has no "token"/)
    assert.deepEqual(others, [])
  })

  test('those that bring the token, which goes no further', async (t) => {
    const { gateway, received } = await start(t, { token: 's3cret' })
    const sent = async (headers: Readonly<Record<string, string | readonly string[]>>) =>
      (await gateway.request('/a/7', { headers })).header(HEADER) !== null
    assert.equal(await sent({ [HEADER]: 's3cret' }), true)
    assert.equal(await sent({ [HEADER.toLowerCase()]: 's3cret' }), true)
    for (const wrong of ['s3cre', 's3cret2', 'S3cret', '', ['s3cret', 'x'], ['s3cret', 's3cret']]) {
      assert.equal(await sent({ [HEADER]: wrong }), false, String(wrong))
    }
    assert.equal(await sent({}), false)
    assert.equal(received.length, 9)
    for (const request of received) assert.deepEqual(request.values(HEADER), [])
    assert.deepEqual(warnings(gateway), [])
  })
})
