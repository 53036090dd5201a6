import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

/** The client's address as the backend and the access log get it. */
async function addressOf(
  t: TestContext,
  router: Record<string, unknown>,
  headers: Record<string, string | string[]>,
): Promise<string> {
  const backend = await startBackend(t, { '/up': { json: { ok: true } } })
  const { request, accessLog } = await startGateway(t, {
    host: [backend.url],
    extra_config: { router },
    endpoints: [{ endpoint: '/a', backend: [{ url_pattern: '/up' }] }],
  })
  await request('/a', { headers })
  const address = backend.received[0]?.values('x-forwarded-for').join('|') ?? ''
  assert.equal((await accessLog.find(/GET/)).split('|')[3]?.trim(), address)
  return address
}

type Case = readonly [
  title: string,
  router: Record<string, unknown>,
  headers: Record<string, string | string[]>,
  address: string,
]

const cases: readonly Case[] = [
  ['the leftmost address by default', {}, { 'X-Forwarded-For': '1.1.1.1, 2.2.2.2' }, '1.1.1.1'],
  ['the peer without a header', {}, {}, '127.0.0.1'],
  ['X-Real-IP where X-Forwarded-For is missing', {}, { 'X-Real-IP': '3.3.3.3' }, '3.3.3.3'],
  ['X-Forwarded-For before X-Real-IP', {}, { 'X-Real-IP': '3.3.3.3', 'X-Forwarded-For': '1.1.1.1' }, '1.1.1.1'],
  [
    'an unparsable address ends the use of its header',
    {},
    { 'X-Forwarded-For': '1.1.1.1, x', 'X-Real-IP': '3.3.3.3' },
    '3.3.3.3',
  ],
  ['an unparsable address on the left too', {}, { 'X-Forwarded-For': 'x, 1.1.1.1' }, '127.0.0.1'],
  ['an address with a port is unparsable', {}, { 'X-Forwarded-For': '1.1.1.1:80' }, '127.0.0.1'],
  ['IPv6', {}, { 'X-Forwarded-For': '2001:db8::1, ::1' }, '2001:db8::1'],
  ['only the first field of a name', {}, { 'X-Forwarded-For': ['1.1.1.1', '2.2.2.2'] }, '1.1.1.1'],
  ['forwarded_by_client_ip: false', { forwarded_by_client_ip: false }, { 'X-Forwarded-For': '1.1.1.1' }, '127.0.0.1'],
  [
    'remote_ip_headers, in their order',
    { remote_ip_headers: ['X-B', 'x-a'] },
    { 'X-A': '1.1.1.1', 'x-b': '2.2.2.2', 'X-Forwarded-For': '9.9.9.9' },
    '2.2.2.2',
  ],
  ['a peer that is not trusted', { trusted_proxies: ['10.0.0.0/8'] }, { 'X-Forwarded-For': '1.1.1.1' }, '127.0.0.1'],
  [
    'trusted proxies are skipped from the right',
    { trusted_proxies: ['127.0.0.1', '10.0.0.0/8'] },
    { 'X-Forwarded-For': '1.1.1.1, 2.2.2.2, 10.1.2.3' },
    '2.2.2.2',
  ],
  [
    'the leftmost when all are trusted',
    { trusted_proxies: ['127.0.0.0/8', '10.0.0.0/8'] },
    { 'X-Forwarded-For': '10.0.0.9, 10.1.2.3' },
    '10.0.0.9',
  ],
  [
    'trusted IPv6 networks',
    { trusted_proxies: ['127.0.0.1', '2001:db8::/32', '::1'] },
    { 'X-Forwarded-For': '2002::5, 2001:db8:1::2, ::1' },
    '2002::5',
  ],
  [
    'app_engine',
    { app_engine: true },
    { 'X-Appengine-Remote-Addr': '4.4.4.4', 'X-Forwarded-For': '1.1.1.1' },
    '4.4.4.4',
  ],
  ['app_engine without its header', { app_engine: true }, { 'X-Forwarded-For': '1.1.1.1' }, '1.1.1.1'],
  [
    'app_engine with an empty one',
    { app_engine: true },
    { 'X-Appengine-Remote-Addr': '', 'X-Forwarded-For': '1.1.1.1' },
    '1.1.1.1',
  ],
  [
    'all fields of a name are one list where proxies are trusted',
    { trusted_proxies: ['127.0.0.1'] },
    { 'X-Forwarded-For': ['6.6.6.6', '2.2.2.2'] },
    '2.2.2.2',
  ],
  ['nobody is trusted', { trusted_proxies: [] }, { 'X-Forwarded-For': '1.1.1.1', 'X-Real-IP': '1.1.1.1' }, '127.0.0.1'],
  [
    'a field that names no address before it is decided is passed over',
    { trusted_proxies: ['127.0.0.1'] },
    { 'X-Forwarded-For': '1.1.1.1, unknown', 'X-Real-IP': '3.3.3.3' },
    '3.3.3.3',
  ],
  [
    'what stands left of the client is not looked at',
    { trusted_proxies: ['127.0.0.1'] },
    { 'X-Forwarded-For': `${'junk,'.repeat(10_000)}2.2.2.2` },
    '2.2.2.2',
  ],
  ['a zone makes no address', {}, { 'X-Forwarded-For': 'fe80::1%made-up' }, '127.0.0.1'],
  [
    'app_engine, through a peer that is not trusted',
    { app_engine: true, trusted_proxies: ['10.0.0.0/8'] },
    { 'X-Appengine-Remote-Addr': '4.4.4.4' },
    '127.0.0.1',
  ],
  ['no app_engine', {}, { 'X-Appengine-Remote-Addr': '4.4.4.4' }, '127.0.0.1'],
]

describe('the address of the client', () => {
  for (const [title, router, headers, address] of cases) {
    test(title, async (t) => assert.equal(await addressOf(t, router, headers), address))
  }
})

for (const entry of ['10.0.0.0/40', '10.0.0.0/', 'proxy.example']) {
  test(`"${entry}" in trusted_proxies stops the start`, async (t) => {
    await assert.rejects(
      startGateway(t, { extra_config: { router: { trusted_proxies: [entry] } } }),
      ({ message }: Error) => {
        assert.equal(
          message,
          `router.trusted_proxies: "${entry}" is neither an address nor a network such as 10.0.0.0/8`,
        )
        return true
      },
    )
  })
}

describe('what the start says about forged addresses', () => {
  const limited = { client_max_rate: 5, strategy: 'IP' }
  const byKey = { ...limited, key: 'X-Client' }
  type Said = readonly [title: string, router: object, limits: readonly object[], line: RegExp | null]
  const said: readonly Said[] = [
    [
      'nothing goes by them',
      {},
      [{ client_max_rate: 5, strategy: 'header', key: 'X-Id' }],
      /INFO.*with X-Forwarded-For:/,
    ],
    [
      'limits do',
      { remote_ip_headers: ['X-Client-IP'] },
      Array.from({ length: 5 }, () => limited),
      /WARNING.*X-Client-IP, and so evade qos\/ratelimit\/router of GET \/0, .* of GET \/2 and 2 more: set router\.trusted_proxies/,
    ],
    [
      'a limit by a header does',
      { trusted_proxies: [] },
      [byKey],
      /WARNING.*of GET \/0 takes the address from X-Client/,
    ],
    ['proxies are named', { trusted_proxies: ['10.0.0.0/8'] }, [limited], null],
    ['fields count for nothing', { forwarded_by_client_ip: false }, [limited], null],
  ]
  for (const [title, router, limits, line] of said) {
    test(title, async (t) => {
      const { log } = await startGateway(t, {
        host: ['http://127.0.0.1:8081'],
        extra_config: { router },
        endpoints: limits.map((limit, i) => ({
          endpoint: `/${i}`,
          backend: [{ url_pattern: '/' }],
          extra_config: { 'qos/ratelimit/router': limit },
        })),
      })
      const lines = log.all.filter((text) => /any client/i.test(text))
      assert.equal(lines.length, line === null ? 0 : 1, lines.join('\n'))
      if (line !== null) assert.match(lines[0] ?? '', line)
    })
  }
})
