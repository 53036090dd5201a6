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
  ['no app_engine', {}, { 'X-Appengine-Remote-Addr': '4.4.4.4' }, '127.0.0.1'],
]

describe('the address of the client', () => {
  for (const [title, router, headers, address] of cases) {
    test(title, async (t) => assert.equal(await addressOf(t, router, headers), address))
  }
})

test('an entry of trusted_proxies that is no network stops the start', async (t) => {
  await assert.rejects(
    startGateway(t, { extra_config: { router: { trusted_proxies: ['10.0.0.0/40'] } } }),
    /trusted_proxies.*10\.0\.0\.0\/40/,
  )
})
