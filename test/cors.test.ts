import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { definePlugin } from '../src/sdk/define-plugin.ts'
import type { Answer } from './support/client.ts'
import { type Reply, startBackend } from './support/start-backend.ts'
import { type StartedGateway, startGateway } from './support/start-gateway.ts'

const A = 'https://a.example'

interface Set {
  readonly cors?: Readonly<Record<string, unknown>>
  readonly extra?: Readonly<Record<string, unknown>>
  readonly endpoint?: Readonly<Record<string, unknown>>
  readonly up?: Reply
  readonly lenient?: boolean
}

async function start(t: TestContext, { cors = {}, extra = {}, endpoint = {}, up = {}, lenient = false }: Set) {
  const backend = await startBackend(t, { '/up': typeof up === 'function' ? up : { json: { ok: true }, ...up } })
  const config = {
    host: [backend.url],
    extra_config: { 'security/cors': cors, ...extra },
    endpoints: [
      { endpoint: '/a', backend: [{ url_pattern: '/up', encoding: 'no-op' }], output_encoding: 'no-op', ...endpoint },
    ],
  }
  return { backend, ...(await startGateway(t, config, { lenient })) }
}

/** Fields that concern CORS, in lower case: several of one name are joined by ` | `. */
function corsOf({ rawHeaders }: Answer): Record<string, string> {
  const fields: Record<string, string> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    if (name !== 'vary' && !name.startsWith('access-control-')) continue
    fields[name] = fields[name] === undefined ? (rawHeaders[i + 1] ?? '') : `${fields[name]} | ${rawHeaders[i + 1]}`
  }
  return fields
}

function preflight(
  { request }: Pick<StartedGateway, 'request'>,
  origin: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const headers = { Origin: origin, 'Access-Control-Request-Method': 'GET', ...more }
  return request('/a', { method: 'OPTIONS', headers })
}

const VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'

describe('the answers of backends', () => {
  const foreign = {
    headers: {
      'access-control-allow-origin': '*',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Expose-Headers': 'X-Secret',
      Vary: 'Accept-Encoding',
    },
  }

  test('their fields of CORS give way to those of the gateway', async (t) => {
    const { request } = await start(t, { cors: { allow_origins: [A] }, up: foreign })
    const answer = await request('/a', { headers: { Origin: A } })
    assert.equal(answer.status, 200)
    assert.deepEqual(corsOf(answer), { 'access-control-allow-origin': A, vary: 'Accept-Encoding | Origin' })
  })

  test('a backend cannot allow an origin that the gateway does not', async (t) => {
    const { request } = await start(t, { cors: { allow_origins: [A] }, up: foreign })
    const answer = await request('/a', { headers: { Origin: 'https://evil.example' } })
    assert.equal(answer.status, 200)
    assert.deepEqual(corsOf(answer), { vary: 'Accept-Encoding | Origin' })
  })

  for (const vary of ['Origin', 'accept, origin', '*']) {
    test(`"Vary: ${vary}" is enough`, async (t) => {
      const { request } = await start(t, { up: { headers: { Vary: vary } } })
      assert.deepEqual(corsOf(await request('/a')), { vary })
    })
  }
})

describe('which origins are allowed', () => {
  const allow_origins = [A, 'https://*.shop.example', 'http://localhost:*', 'null']
  for (const origin of [A, 'HTTPS://A.EXAMPLE', 'https://eu.shop.example', 'http://localhost:5173', 'null']) {
    test(`${origin} is`, async (t) => {
      const started = await start(t, { cors: { allow_origins } })
      assert.equal(
        corsOf(await started.request('/a', { headers: { Origin: origin } }))['access-control-allow-origin'],
        origin,
      )
      assert.equal(corsOf(await preflight(started, origin))['access-control-allow-origin'], origin)
    })
  }

  for (const origin of [
    'https://a.example.evil.example',
    'https://evil.example/https://a.example',
    'http://a.example',
    'https://a.example:8443',
    'https://shop.example',
    'https://evilshop.example',
    'https://eu.shop.example.evil.example',
    'http://localhost.evil.example:80',
    '*',
    'https://a.example, https://evil.example',
    'x'.repeat(50_000),
  ]) {
    test(`${origin.slice(0, 40)} is not`, async (t) => {
      const started = await start(t, { cors: { allow_origins, allow_credentials: true } })
      const answer = await started.request('/a', { headers: { Origin: origin } })
      assert.deepEqual([answer.status, corsOf(answer)], [200, { vary: 'Origin' }])
      assert.deepEqual(corsOf(await preflight(started, origin)), { vary: VARY })
    })
  }

  test('where all are, none is reflected, also with credentials', async (t) => {
    const { request, diagnostics } = await start(t, { cors: { allow_credentials: true } })
    const answer = await request('/a', { headers: { Origin: 'https://evil.example' } })
    assert.equal(corsOf(answer)['access-control-allow-origin'], '*')
    const [warning] = diagnostics
    assert.equal(warning?.code, 'CONFIG_CORS_DOUBTFUL')
    assert.equal(warning?.path, 'extra_config."security/cors".allow_credentials')
  })

  test('many origins are answered one by one', async (t) => {
    const { request } = await start(t, { cors: { allow_origins: ['https://*.shop.example'] } })
    for (let i = 0; i < 270; i++) {
      const origin = `https://${i % 260}.shop.example`
      assert.equal((await request('/a', { headers: { Origin: origin } })).header('access-control-allow-origin'), origin)
    }
  })
})

describe('preflights', () => {
  test('a whole one', async (t) => {
    const started = await start(t, {
      cors: {
        allow_origins: [A],
        allow_methods: ['PUT'],
        allow_headers: ['X-Token'],
        max_age: '90s',
        allow_credentials: true,
        allow_private_network: true,
      },
    })
    const answer = await preflight(started, A, {
      'Access-Control-Request-Method': 'PUT',
      'Access-Control-Request-Headers': 'x-token, X-TOKEN ,',
      'Access-Control-Request-Private-Network': 'true',
    })
    assert.deepEqual([answer.status, answer.body], [204, ''])
    assert.deepEqual(corsOf(answer), {
      vary: `${VARY}, Access-Control-Request-Private-Network`,
      'access-control-allow-origin': A,
      'access-control-allow-methods': 'PUT',
      'access-control-allow-headers': 'x-token, X-TOKEN ,',
      'access-control-allow-credentials': 'true',
      'access-control-allow-private-network': 'true',
      'access-control-max-age': '90',
    })
    assert.deepEqual(started.backend.received, [])
    assert.deepEqual(started.accessLog.all, [])
  })

  for (const [title, cors, more] of [
    ['a method in other case', {}, { 'Access-Control-Request-Method': 'get' }],
    ['a method that is not allowed', {}, { 'Access-Control-Request-Method': 'DELETE' }],
    ['one of several headers', { allow_headers: ['X-A'] }, { 'Access-Control-Request-Headers': 'x-a,x-b' }],
  ] as const) {
    test(`${title} is refused`, async (t) => {
      const answer = await preflight(await start(t, { cors }), A, more)
      assert.deepEqual([answer.status, corsOf(answer)], [204, { vary: VARY }])
    })
  }

  for (const [max_age, seconds] of [
    ['-1s', '0'],
    ['500ms', undefined],
    ['0', undefined],
    ['2s900ms', '2'],
  ] as const) {
    test(`max_age ${max_age}`, async (t) => {
      assert.equal(corsOf(await preflight(await start(t, { cors: { max_age } }), A))['access-control-max-age'], seconds)
    })
  }

  test('their status can be another', async (t) => {
    const answer = await preflight(await start(t, { cors: { options_success_status: 200 } }), A)
    assert.deepEqual([answer.status, answer.header('content-length')], [200, '0'])
  })

  test('an OPTIONS without a requested method is none', async (t) => {
    const { request } = await start(t, {})
    const answer = await request('/a', { method: 'OPTIONS', headers: { Origin: A } })
    assert.deepEqual([answer.status, corsOf(answer)], [405, { vary: 'Origin', 'access-control-allow-origin': '*' }])
  })

  test('with options_passthrough the router answers, with the fields', async (t) => {
    const answer = await preflight(await start(t, { cors: { options_passthrough: true } }), A)
    assert.equal(answer.status, 405)
    assert.deepEqual(corsOf(answer), {
      vary: VARY,
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET',
    })
  })
})

test('methods that are not allowed get no fields, and are served', async (t) => {
  const { request } = await start(t, { endpoint: { method: 'PUT' } })
  const answer = await request('/a', { method: 'PUT', headers: { Origin: A } })
  assert.deepEqual([answer.status, corsOf(answer)], [200, { vary: 'Origin' }])
})

test('failures, 404, the health endpoint and answers of server plugins carry the fields', async (t) => {
  const refuse = definePlugin({
    name: 'refuse',
    server: () => (next) => (request, context) => {
      if (request.path === '/refused')
        return { status: 401, headers: { 'Access-Control-Allow-Origin': 'https://plugin.example' } }
      if (request.path === '/thrown') throw new Error('mistake')
      return next(request, context)
    },
  })
  const backend = await startBackend(t, { '/up': (_, response) => response.destroy() })
  const { request } = await startGateway(
    t,
    {
      host: [backend.url],
      extra_config: { 'security/cors': { allow_origins: [A] }, 'plugin/http-server': { name: ['refuse'] } },
      endpoints: [{ endpoint: '/a', backend: [{ url_pattern: '/up' }] }],
    },
    { plugins: [refuse] },
  )
  for (const [target, status] of [
    ['/a', 500],
    ['/none', 404],
    ['/__health', 200],
    ['/refused', 401],
    ['/thrown', 500],
  ] as const) {
    const answer = await request(target, { headers: { Origin: A } })
    assert.deepEqual(
      [target, answer.status, corsOf(answer)],
      [target, status, { vary: 'Origin', 'access-control-allow-origin': A }],
    )
  }
})

test('debug logs each decision', async (t) => {
  const started = await start(t, { cors: { allow_origins: [A], debug: true } })
  await preflight(started, 'https://b.example')
  await started.request('/a', { headers: { Origin: A } })
  const lines = started.log.all
    .filter((line) => line.includes('[CORS]'))
    .map((line) => line.replace(/^.*\[CORS\] +/, ''))
  assert.deepEqual(lines, [
    'Handler: Preflight request',
    "Preflight aborted: origin 'https://b.example' not allowed",
    'Handler: Actual request',
    `Actual response added headers for '${A}'`,
  ])
})

describe('what is warned of', () => {
  for (const [entry, text] of [
    ['https://*', /anybody.*https:\/\/attacker\.example/],
    ['https://shop.example*', /anybody.*https:\/\/shop\.example\.attacker\.example/],
    ['https://shop.*', /anybody.*https:\/\/shop\.attacker\.example/],
    ['https://*:8080', /anybody.*https:\/\/attacker\.example:8080/],
    ['https://*shop.example', /others.*https:\/\/attackershop\.example/],
    ['https://*.a.*.example', /only its first asterisk/],
    ['shop.example', /scheme/],
    ['https://shop.example/', /ends behind its host/],
  ] as const) {
    test(entry, async (t) => {
      const { diagnostics } = await start(t, { cors: { allow_origins: [entry] } })
      assert.equal(diagnostics.length, 1)
      assert.match(diagnostics[0]?.message ?? '', text)
    })
  }

  test('nothing about what is usual', async (t) => {
    const allow_origins = [
      '*',
      A,
      'https://*.shop.example',
      'http://localhost:*',
      'https://a.example:8443',
      'null',
      'app://x',
    ]
    assert.deepEqual((await start(t, { cors: { allow_origins } })).diagnostics, [])
  })

  test('methods that are none', async (t) => {
    const { diagnostics } = await start(t, { cors: { allow_methods: ['get', 'GET', '*'] } })
    assert.deepEqual(
      diagnostics.map(({ path }) => path),
      [0, 2].map((i) => `extra_config."security/cors".allow_methods[${i}]`),
    )
  })
})

test('with --lenient an option of a wrong type is left out, and the others count', async (t) => {
  const { request } = await start(t, { cors: { allow_origins: [A], allow_credentials: { a: 1 } }, lenient: true })
  const answer = await request('/a', { headers: { Origin: A } })
  assert.deepEqual(corsOf(answer), { vary: 'Origin', 'access-control-allow-origin': A })
})
