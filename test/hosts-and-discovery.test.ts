import assert from 'node:assert/strict'
import type { SrvRecord } from 'node:dns'
import { type TestContext, test } from 'node:test'
import { dnsHosts, hostsOf } from '../src/backend/dns-hosts.ts'
import type { Hosts } from '../src/backend/hosts.ts'
import type { BackendConfig } from '../src/config/model.ts'
import { recordingLog } from './support/recording-log.ts'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

async function counts(t: TestContext, weights: readonly number[], calls: number): Promise<number[]> {
  const upstreams = await Promise.all(weights.map(() => startBackend(t, { '*': { json: { a: 1 } } })))
  const gateway = await startGateway(t, {
    host: upstreams.flatMap(({ url }, i) => new Array<string>(weights[i] ?? 0).fill(`${url}/`)),
    endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/' }] }],
  })
  for (let i = 0; i < calls; i++) assert.equal((await gateway.request('/x')).status, 200)
  return upstreams.map(({ received }) => received.length)
}

test('calls are spread over the hosts', async (t) => {
  assert.deepEqual(await counts(t, [1, 1, 1], 9), [3, 3, 3])
})

test('a host that is repeated gets more of them', async (t) => {
  assert.deepEqual(await counts(t, [3, 1], 12), [9, 3])
})

test('without a host each call fails', async (t) => {
  const gateway = await startGateway(t, {
    extra_config: { router: { return_error_msg: true } },
    endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/' }] }],
  })
  const answer = await gateway.request('/x')
  assert.deepEqual([answer.status, answer.body], [500, 'no hosts available'])
})

test('a base path stands before url_pattern, the query after it', async (t) => {
  const upstream = await startBackend(t, { '*': { json: { a: 1 } } })
  const gateway = await startGateway(t, {
    endpoints: [
      {
        ...{ endpoint: '/x/{id}', input_query_strings: ['q'] },
        backend: [{ host: [`${upstream.url}/base/`], disable_host_sanitize: true, url_pattern: '/up/{id}?f=1' }],
      },
    ],
  })
  await gateway.request('/x/7?q=2')
  assert.equal(upstream.received[0]?.target, '/base/up/7?f=1&q=2')
})

const record = (name: string, priority: number, weight: number, port = 80): SrvRecord => ({
  name,
  priority,
  weight,
  port,
})

/** How often each host comes in so many calls. */
function shares(hosts: readonly string[] | Hosts, calls: number): Record<string, number> {
  const result: Record<string, number> = {}
  for (let i = 0; i < calls; i++) {
    const host = 'next' in hosts ? hosts.next() : (hosts[i % hosts.length] as string)
    result[host] = (result[host] ?? 0) + 1
  }
  return result
}

test('only the lowest priority counts, and weights make shares', () => {
  const records = [record('a', 1, 20, 81), record('b', 1, 10), record('c', 1, 0), record('d', 2, 99)]
  const hosts = hostsOf(records, 'http')
  assert.equal(hosts.length, 3, 'the common divisor is taken out')
  assert.deepEqual(shares(hosts, 3), { 'http://a:81': 2, 'http://b:80': 1 })
})

test('weights that are all 0 make equal shares', () => {
  assert.deepEqual(shares(hostsOf([record('a', 0, 0), record('b', 0, 0)], 'https'), 2), {
    'https://a:80': 1,
    'https://b:80': 1,
  })
})

test('heavy weights make no endless list', () => {
  const hosts = hostsOf([record('a', 0, 65_535), record('b', 0, 1)], 'http')
  assert.ok(hosts.length <= 1_002 && hosts.includes('http://b:80'))
})

const DNS_BACKEND = { hosts: ['http://_http._tcp.service.example'], sdScheme: 'http' } as unknown as BackendConfig

test('the names are looked up at the start and then in the background; a failure keeps the list', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const answers: (SrvRecord[] | Error)[] = [[record('a', 0, 1)], new Error('timeout'), [record('b', 0, 1)], []]
  const asked: string[] = []
  const log = recordingLog()
  const lookup = async (name: string) => {
    asked.push(name)
    const answer = answers.shift() ?? []
    if (answer instanceof Error) throw answer
    return answer
  }
  const hosts = await dnsHosts(DNS_BACKEND, 5_000, log, lookup)
  assert.equal(hosts.next(), 'http://a:80')
  const refresh = async () => {
    t.mock.timers.tick(5_000)
    await new Promise(setImmediate)
  }
  await refresh()
  assert.equal(hosts.next(), 'http://a:80')
  assert.ok(log.lines.some((line) => line.startsWith('ERROR') && line.includes('timeout')))
  await refresh()
  assert.equal(hosts.next(), 'http://b:80')
  await refresh()
  assert.throws(() => hosts.next(), { message: 'no hosts available' })
  hosts.close()
  t.mock.timers.tick(60_000)
  assert.deepEqual(asked, new Array(4).fill('_http._tcp.service.example'))
})

test('a name that cannot be found does not stop the start', async () => {
  const hosts = await dnsHosts(DNS_BACKEND, 5_000, recordingLog(), () => Promise.reject(new Error('ENOTFOUND')))
  assert.throws(() => hosts.next(), { message: 'no hosts available' })
  hosts.close()
})
