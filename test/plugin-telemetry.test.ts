import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { formatDiagnostic, loadConfigObject } from '../src/config/load.ts'
import type { PluginReport } from '../src/features/telemetry/plugins.ts'
import { features } from '../src/gateway/pipeline.ts'
import type { PluginUse } from '../src/plugins/host.ts'
import { definePlugin, HttpError } from '../src/sdk/plugin.ts'
import { canSharePort } from '../src/supervisor/thread-count.ts'
import { request } from './support/client.ts'
import { folderWith, runCommand } from './support/command-line.ts'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

/** Of every hook: how often it was called, and how often it failed. */
function callsAndErrors(plugins: readonly PluginUse[], name: string): Record<string, [number, number]> {
  const hooks = plugins.find((plugin) => plugin.name === name)?.hooks ?? {}
  return Object.fromEntries(Object.entries(hooks).map(([hook, { calls, errors }]) => [hook, [calls, errors]]))
}

const everywhere = definePlugin({
  name: 'everywhere',
  version: '1.2.3',
  server: () => (next) => (request, context) => next(request, context),
  middleware: () => (next) => (request, context) => next(request, context),
  client: () => (next) => (request, context) => next(request, context),
  modifier: () => ({
    request: (request) => {
      if (request.params.id === 'throws') throw new Error('a mistake')
      if (request.params.id === 'refuses') throw new HttpError(403, 'a decision')
    },
    response: async (response) => {
      await Promise.resolve()
      if (response.data?.a === 2) throw new Error('a late mistake')
    },
  }),
})

describe('what is counted', () => {
  test('calls and errors of each hook, wherever it is named', async (t) => {
    const upstream = await startBackend(t, { '*': { json: { a: 1 } }, '/u/late': { json: { a: 2 } } })
    const named = (...namespaces: string[]) =>
      Object.fromEntries(namespaces.map((namespace) => [namespace, { name: ['everywhere'] }]))
    const both = ['plugin/middleware', 'plugin/req-resp-modifier']
    const backend = { url_pattern: '/u/{id}', extra_config: named('plugin/http-client', ...both) }
    const { gateway, request: get } = await startGateway(
      t,
      {
        host: [upstream.url],
        extra_config: { ...named('plugin/http-server'), 'telemetry/plugins': {} },
        endpoints: [{ endpoint: '/a/{id}', extra_config: named('plugin/http-server', ...both), backend: [backend] }],
      },
      { plugins: [everywhere, definePlugin({ name: 'idle', client: () => (next) => next })] },
    )
    for (const id of ['1', '2', 'throws', 'refuses', 'late']) await get(`/a/${id}`)
    assert.deepEqual(callsAndErrors(gateway.plugins(), 'everywhere'), {
      server: [10, 0],
      middleware: [8, 0],
      client: [3, 0],
      'modifier.request': [8, 1],
      'modifier.response': [5, 1],
    })
    const { generation, plugins, metrics } = (await get('/__plugins')).json() as PluginReport
    assert.equal(generation, 1)
    assert.deepEqual(metrics, [])
    assert.deepEqual(
      plugins.map(({ name, version, kinds, file }) => ({ name, version, kinds, file })),
      [
        {
          name: 'everywhere',
          version: '1.2.3',
          kinds: ['server', 'modifier', 'middleware', 'client'],
          file: '(program)',
        },
        { name: 'idle', version: '', kinds: ['client'], file: '(program)' },
      ],
    )
    assert.deepEqual(callsAndErrors(plugins, 'idle'), {})
    const server = plugins[0]?.hooks.server
    assert.ok(server && server.meanMs > 0 && server.p50 > 0 && server.p50 <= server.p90 && server.p90 <= server.p99)
    assert.equal(
      server.buckets.reduce((sum, { count }) => sum + count, 0),
      10,
    )
    assert.equal(server.buckets.at(-1)?.upTo, null)
  })

  test('the calls of all threads, over a reload, with what authors count', { timeout: 30_000 }, async (t) => {
    const plugin = (word: string) => `
      import { definePlugin } from 'loligo/plugin'
      export const stamp = definePlugin({
        name: 'stamp',
        server: (_options, { counter, histogram }) => {
          const stamped = counter('stamped', { description: 'Answers with a stamp' })
          const sizes = histogram('sizes', { buckets: [10, 100] })
          return (next) => async (request, context) => {
            const response = await next(request, context)
            response.headers.set('X-Stamp', '${word}')
            if (request.path === '/__health') {
              stamped.add(2)
              sizes.record(50)
            }
            return response
          }
        },
      })`
    const config = {
      version: 3,
      listen_ip: '127.0.0.1',
      plugin: { folder: '.', pattern: 'stamp' },
      extra_config: { 'plugin/http-server': { name: ['stamp'] }, 'telemetry/plugins': { path: '/use' } },
    }
    const folder = folderWith(t, { 'krakend.json': config, 'stamp.mjs': plugin('one') })
    const threads = canSharePort() ? 3 : 1
    const run = ['run', '-c', 'krakend.json', '-p', '0', '--threads', String(threads)]
    const { lines, signal, listening } = runCommand(t, folder, run)
    const port = await listening()
    const report = async () => (await request(port, '/use')).json() as PluginReport
    await Promise.all(Array.from({ length: 60 }, () => request(port, '/__health')))
    const first = await report()
    assert.deepEqual(callsAndErrors(first.plugins, 'stamp'), { server: [60, 0] })
    assert.deepEqual(
      first.metrics.map(({ plugin, name, description, type }) => ({ plugin, name, description, type })),
      [
        { plugin: 'stamp', name: 'stamped', description: 'Answers with a stamp', type: 'counter' },
        { plugin: 'stamp', name: 'sizes', description: '', type: 'histogram' },
      ],
    )
    const [stamped, sizes] = first.metrics
    assert.equal(stamped?.type === 'counter' && stamped.value, 120)
    assert.ok(sizes?.type === 'histogram')
    assert.deepEqual([sizes.count, sizes.mean], [60, 50])
    assert.deepEqual(sizes.buckets, [
      { upTo: 10, count: 0 },
      { upTo: 100, count: 60 },
      { upTo: null, count: 0 },
    ])

    writeFileSync(join(folder, 'stamp.mjs'), plugin('two'))
    signal('SIGHUP')
    await lines.find(/generation 2 serves/)
    assert.equal((await request(port, '/__health')).header('X-Stamp'), 'two')
    for (let round = 0; round < 20; round++) {
      const { generation, plugins, metrics } = await report()
      assert.equal(generation, 2)
      assert.deepEqual(callsAndErrors(plugins, 'stamp'), { server: [62 + round, 0] })
      assert.equal(metrics[0]?.type === 'counter' && metrics[0].value, 122)
      assert.notEqual(plugins[0]?.hash, first.plugins[0]?.hash)
    }
  })
})

describe('the endpoint', () => {
  test('is not there unless it is configured', async (t) => {
    const { request: get } = await startGateway(t, {})
    assert.equal((await get('/__plugins')).status, 404)
  })

  test('answers GET alone, with what must not be cached', async (t) => {
    const { request: get } = await startGateway(t, { extra_config: { 'telemetry/plugins': {} } })
    const answer = await get('/__plugins')
    assert.deepEqual(answer.json(), { generation: 1, plugins: [], metrics: [] })
    assert.equal(answer.header('Cache-Control'), 'no-store')
    assert.equal((await get('/__plugins', { method: 'POST' })).status, 405)
  })

  const backend = [{ host: ['http://localhost:8081'], url_pattern: '/' }]
  for (const [what, config, expected] of [
    [
      'an endpoint',
      { endpoints: [{ endpoint: '/use', backend }], extra_config: { 'telemetry/plugins': { path: '/use' } } },
      /endpoints\[0\]\.endpoint: GET \/use \(endpoints\[0\]\) repeats the endpoint of telemetry\/plugins: .*"path" in the namespace "telemetry\/plugins"/s,
    ],
    [
      'the health endpoint',
      { extra_config: { 'telemetry/plugins': { path: '/__health' } } },
      /extra_config\."telemetry\/plugins"\.path: GET \/__health repeats the health endpoint/,
    ],
    [
      'the debug endpoints',
      { extra_config: { 'telemetry/plugins': { path: '/__debug/x' } } },
      /extra_config\."telemetry\/plugins"\.path: /,
    ],
  ] as const) {
    test(`a path that ${what} has is refused`, async () => {
      const { config: loaded, diagnostics } = await loadConfigObject({ version: 3, ...config }, { features })
      assert.equal(loaded, null)
      assert.match(diagnostics.map(formatDiagnostic).join('\n'), expected)
    })
  }

  test('a POST endpoint may have the same path', async (t) => {
    const endpoints = [{ endpoint: '/use', method: 'POST', backend }]
    const { request: get } = await startGateway(t, {
      endpoints,
      extra_config: { 'telemetry/plugins': { path: '/use' } },
    })
    assert.equal((await get('/use')).status, 200)
  })
})
