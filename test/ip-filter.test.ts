import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { loadConfigObject } from '../src/config/load.ts'
import { checkGateway } from '../src/gateway/check.ts'
import { features } from '../src/gateway/pipeline.ts'
import { definePlugin } from '../src/sdk/define-plugin.ts'
import { recordingLog } from './support/recording-log.ts'
import { startBackend } from './support/start-backend.ts'
import { type StartedGateway, type StartOptions, startGateway } from './support/start-gateway.ts'

type Block = Readonly<Record<string, unknown>>
const PLACES = ['service', 'endpoint, as a server plugin', 'endpoint, as a modifier', 'backend'] as const
type Place = (typeof PLACES)[number]

interface Setting {
  readonly place?: Place
  readonly router?: Block
  readonly plugin?: Block
  readonly options?: StartOptions
}

async function start(t: TestContext, filter: Block, setting: Setting = {}): Promise<StartedGateway> {
  const { place = 'service', router = {}, plugin, options = {} } = setting
  const backend = await startBackend(t, { '/up': { json: { ok: true } } })
  const block = { name: ['ip-filter'], 'ip-filter': filter }
  const at = (...entry: [Place, string]) => (entry[0] === place ? { [entry[1]]: block } : {})
  return startGateway(
    t,
    {
      host: [backend.url],
      ...(plugin && { plugin }),
      extra_config: { router, ...at('service', 'plugin/http-server') },
      endpoints: [
        {
          endpoint: '/a',
          backend: [{ url_pattern: '/up', extra_config: at('backend', 'plugin/req-resp-modifier') }],
          extra_config: {
            ...at('endpoint, as a server plugin', 'plugin/http-server'),
            ...at('endpoint, as a modifier', 'plugin/req-resp-modifier'),
          },
        },
      ],
    },
    options,
  )
}

const from = (address: string, field = 'X-Forwarded-For') => ({ headers: { [field]: address } })

for (const place of PLACES) {
  describe(`at the ${place}`, () => {
    const behindProxy = { trusted_proxies: ['127.0.0.0/8', '10.0.0.0/8'] }

    test('allow: false refuses the addresses', async (t) => {
      const { request } = await start(t, { CIDR: ['192.0.2.0/24', '2001:db8::/32'], ...behindProxy }, { place })
      for (const [address, status] of [
        ['192.0.2.7', 403],
        ['192.0.3.7', 200],
        ['::ffff:192.0.2.7', 403],
        ['2001:DB8::7', 403],
        ['2001:db9::7', 200],
        ['198.51.100.1, 192.0.2.7, 10.1.1.1', 403],
        ['192.0.2.7, 198.51.100.1', 200],
      ] as const) {
        const answer = await request('/a', from(address))
        assert.deepEqual([address, answer.status], [address, status])
        if (status === 403) assert.equal(answer.body, '')
      }
    })

    test('allow: true serves the addresses alone', async (t) => {
      const { request } = await start(t, { CIDR: ['192.0.2.7'], allow: true, ...behindProxy }, { place })
      assert.equal((await request('/a', from('192.0.2.7'))).status, 200)
      assert.equal((await request('/a', from('192.0.2.8'))).status, 403)
      assert.equal((await request('/a')).status, 403)
    })

    test('a forged address counts for nothing', async (t) => {
      const { request, log } = await start(t, { CIDR: ['192.0.2.7'], allow: true }, { place })
      for (const field of ['X-Forwarded-For', 'X-Real-IP', 'X-Appengine-Remote-Addr']) {
        assert.equal((await request('/a', from('192.0.2.7', field))).status, 403)
      }
      assert.match(await log.find(/WARNING.*ip-filter/), /address of the connection counts.*trusted_proxies/)
    })
  })
}

describe('whose address counts', () => {
  const only = { CIDR: ['192.0.2.7'], allow: true }

  test('that of proxies that the router trusts', async (t) => {
    const { request, log } = await start(t, only, { router: { trusted_proxies: ['127.0.0.1'] } })
    assert.equal((await request('/a', from('192.0.2.7'))).status, 200)
    assert.equal((await request('/a', from('192.0.2.7, 192.0.2.8'))).status, 403)
    assert.ok(!log.all.some((line) => /WARNING.*ip-filter/.test(line)))
  })

  test('not through a peer that is no trusted proxy', async (t) => {
    const { request } = await start(
      t,
      { ...only, trusted_proxies: ['10.0.0.0/8'] },
      { router: { trusted_proxies: ['127.0.0.1'] } },
    )
    assert.equal((await request('/a', from('192.0.2.7'))).status, 403)
  })

  test('of a field that a proxy adds behind that of the client', async (t) => {
    const { request } = await start(t, { ...only, trusted_proxies: ['127.0.0.1'] })
    assert.equal((await request('/a', { headers: { 'X-Forwarded-For': ['192.0.2.7', '192.0.2.8'] } })).status, 403)
    assert.equal((await request('/a', { headers: { 'X-Forwarded-For': ['192.0.2.8', '192.0.2.7'] } })).status, 200)
  })

  test('of headers that are named, with a warning where anybody can send them', async (t) => {
    const { request, log } = await start(t, { ...only, client_ip_headers: ['X-A', 'X-B'] })
    assert.equal((await request('/a', from('192.0.2.7', 'x-b'))).status, 200)
    assert.equal((await request('/a', { headers: { 'X-A': 'none', 'X-B': '192.0.2.7' } })).status, 200)
    assert.equal((await request('/a', { headers: { 'X-A': '192.0.2.8', 'X-B': '192.0.2.7' } })).status, 403)
    assert.equal((await request('/a', from('192.0.2.7'))).status, 403)
    assert.match(await log.find(/WARNING.*ip-filter/), /any client may choose the address.*X-A or X-B/)
  })
})

describe('what stops the start', () => {
  for (const [title, filter, text] of [
    ['no network', { CIDR: ['10.0.0.0/8', '10.0.0/8'] }, /"10\.0\.0\/8" is neither an address nor a network/],
    ['no list', {}, /CIDR.* is missing/],
    ['a proxy that is none', { CIDR: [], trusted_proxies: ['proxy'] }, /"proxy" is neither/],
  ] as const) {
    test(title, async (t) => {
      await assert.rejects(start(t, filter), text)
    })
  }

  test('a name close to it', async (t) => {
    const config = { extra_config: { 'plugin/http-server': { name: ['ip-fliter'] } } }
    await assert.rejects(startGateway(t, config), /no server plugin "ip-fliter".*did you mean "ip-filter"\?/)
  })
})

describe('beside plugins of authors', () => {
  test('it needs no plugin folder', async (t) => {
    const { request, log } = await start(
      t,
      { CIDR: ['127.0.0.1'] },
      { plugin: { folder: '/nowhere/at/all', pattern: '.so' } },
    )
    assert.equal((await request('/a')).status, 403)
    assert.match(await log.find(/nowhere/), /all plugins come with the gateway/)
  })

  test('check looks at it without the folder too', async () => {
    const block = { name: ['ip-filter'], 'ip-filter': { CIDR: ['everywhere'] } }
    const { config } = await loadConfigObject(
      { version: 3, plugin: { folder: '/nowhere/at/all' }, extra_config: { 'plugin/http-server': block } },
      { features },
    )
    assert.ok(config !== null)
    const diagnostics = await checkGateway(config, recordingLog())
    assert.deepEqual(
      diagnostics.map(({ code, path }) => [code, path]),
      [['PLUGIN_FACTORY_FAILED', 'extra_config."plugin/http-server".ip-filter']],
    )
  })

  test('another of its name takes its place', async (t) => {
    const own = definePlugin({ name: 'ip-filter', server: () => () => () => ({ status: 204 }) })
    const { request, log } = await start(t, { CIDR: ['127.0.0.1'] }, { options: { plugins: [own] } })
    assert.equal((await request('/a')).status, 204)
    assert.match(await log.find(/takes the place/), /"ip-filter" of \(program\)/)
  })
})
