import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { formatDiagnostic, loadConfigObject } from '../src/config/load.ts'
import { features } from '../src/gateway/pipeline.ts'
import { createTestGateway } from '../src/testing/gateway.ts'

type Options = Readonly<Record<string, unknown>>
type Place = 'service' | 'router' | 'proxy'

function configWith(place: Place, options: Options): Options {
  const extra_config = { [`qos/ratelimit/${place}`]: options }
  const at = (here: Place) => (here === place ? { extra_config } : {})
  const backend = [{ url_pattern: '/', ...at('proxy') }]
  const endpoints = [{ endpoint: '/a', backend, ...at('router') }]
  return { version: 3, host: ['http://upstream.test'], endpoints, ...at('service') }
}

/** What reading the configuration has to say: severity, the path's last part, message and code. */
async function told(place: Place, options: Options, lenient = false): Promise<string[]> {
  const { diagnostics } = await loadConfigObject(configWith(place, options), { features, lenient })
  return diagnostics.map((diagnostic) =>
    formatDiagnostic(diagnostic)
      .replace(/^(\w+): \S*"qos\/ratelimit\/\w+"\.?/, '$1: ')
      .replace('\n    ', ' | '),
  )
}

test('limits that say what they mean are accepted without a word', async () => {
  for (const [place, options] of [
    ['router', { max_rate: 5 }],
    ['router', { max_rate: '5', capacity: '7', every: '1h' }],
    ['router', { client_max_rate: 5, client_capacity: 5, strategy: 'HEADER', key: 'X-User' }],
    ['router', { max_rate: 5, strategy: '', num_shards: 16, cleanup_period: '1m', cleanup_threads: 2 }],
    ['service', { max_rate: 5, client_max_rate: 2, strategy: 'ip', headers: true, max_clients: 100, ipv6_prefix: 64 }],
    ['proxy', { max_rate: 0.5, every: '10ms', status: 429 }],
    ['proxy', { max_rate: 3, every: '100ms' }],
  ] as const) {
    assert.deepEqual(await told(place, options), [], JSON.stringify(options))
  }
})

test('what would leave clients unlimited stops the start', async () => {
  assert.deepEqual(await told('router', { client_max_rate: 5, client_capacity: 5, strategy: 'heder' }), [
    'error: strategy: "heder" is not one of "ip", "header", "param"; did you mean "header"? | Choose one of the allowed values. (CONFIG_INVALID_VALUE)',
  ])
  assert.deepEqual(await told('service', { client_max_rate: 5, client_capacity: 5 }), [
    'error: client_max_rate: a limit for each client needs "strategy", which says what a client is: "ip", "header" or "param" | Add the key. (CONFIG_MISSING_KEY)',
  ])
  for (const [place, options] of [
    ['router', { max_rate: 5, every: 'an hour' }],
    ['router', { max_rate: 'many' }],
    ['router', { max_rate: 5, capacity: -1 }],
    ['router', { max_rate: 5, capacity: 2.5 }],
    ['service', { max_rate: 5, max_clients: 0 }],
    ['proxy', { max_rate: 5, every: '-1s' }],
    ['proxy', { max_rate: 5, status: 404 }],
  ] as const) {
    const [line = ''] = await told(place, options)
    assert.match(line, /^error: /, JSON.stringify(options))
  }
})

test('a bucket that is smaller than most expect is told, with what to write', async () => {
  const told30 =
    'without "capacity" the bucket holds 1: no more of the 30 pass at once | Set "capacity": 30 to let all of a period pass at once, or 1 if that is meant. (CONFIG_RATE_LIMIT_CAPACITY)'
  assert.deepEqual(await told('router', { max_rate: 30, every: '1h' }), [`warning: max_rate: ${told30}`])
  assert.deepEqual(await told('proxy', { max_rate: 30, every: '1h' }), [`warning: max_rate: ${told30}`])
  const [ofClient = ''] = await told('router', { client_max_rate: 10, strategy: 'ip' })
  assert.match(ofClient, /^warning: client_max_rate: without "client_capacity" the bucket holds 1: no more of the 10 /)
})

test('limits that refuse everything, or nothing, are told', async () => {
  const client = { client_max_rate: 1, every: '1s' }
  for (const [place, options, expected] of [
    [
      'service',
      { ...client, strategy: 'param', key: 'id' },
      /^warning: strategy: before the endpoint is found .*CLIENT/,
    ],
    ['router', { ...client, strategy: 'param' }, /^warning: strategy: "key" does not name the parameter.*CLIENT/],
    ['router', { ...client, strategy: 'header' }, /^warning: strategy: "key" does not name the header: every .*CLIENT/],
    ['router', {}, /^warning: .*it limits nothing: "max_rate" and "client_max_rate" are 0.*WITHOUT_EFFECT/],
    ['proxy', {}, /^warning: .*it limits nothing: "max_rate" is 0.*WITHOUT_EFFECT/],
    ['router', { max_rate: 1, every: '200ms' }, /^warning: every: a period below 1s counts as 1s here/],
  ] as const) {
    const lines = await told(place, options)
    assert.equal(lines.length, 1, lines.join('\n'))
    assert.match(lines[0] ?? '', expected)
  }
})

test('lenient leaves the wrong options out and keeps the others, as the reference does', async (t) => {
  assert.deepEqual(await statuses(t, { max_rate: 2, client_max_rate: 1, strategy: 'cookie' }), [200, 200, 503, 503])
  assert.deepEqual(await statuses(t, { max_rate: 2, client_max_rate: 1 }), [200, 200, 503, 503])
  assert.deepEqual(await statuses(t, { max_rate: 3, every: 'an hour' }), [200, 200, 200, 503])
  assert.deepEqual(await statuses(t, { max_rate: 3, capacity: 'lots', every: '1h' }), [200, 503, 503, 503])
  assert.deepEqual(await statuses(t, { max_rate: 'many', every: '1h' }), [200, 200, 200, 200])
  assert.deepEqual(await told('router', { max_rate: 2, client_max_rate: 1, strategy: 'cookie' }, true), [
    'warning: strategy: "cookie" is not one of "ip", "header", "param" (the option is ignored) | Choose one of the allowed values. (CONFIG_INVALID_VALUE)',
    'warning: client_max_rate: a limit for each client needs "strategy", which says what a client is: "ip", "header" or "param" (the option is ignored) | Add the key. (CONFIG_MISSING_KEY)',
  ])
})

async function statuses(t: TestContext, options: Options): Promise<number[]> {
  const upstreams = { 'http://upstream.test': { '*': { json: { ok: true } } } }
  const gateway = await createTestGateway({ t, config: configWith('router', options), upstreams, lenient: true })
  const list: number[] = []
  for (let i = 0; i < 4; i++) list.push((await gateway.fetch('/a')).status)
  return list
}
