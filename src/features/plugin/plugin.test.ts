import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BackendTools, Feature } from '../../config/feature.ts'
import type { BackendConfig, EndpointConfig, GatewayConfig } from '../../config/model.ts'
import { validate } from '../../config/validate.ts'
import type { PluginHost } from '../../plugins/host.ts'
import type { Place } from '../../plugins/place.ts'
import { clientPlugins } from './http-client.ts'
import { httpServerPlugins } from './http-server.ts'
import { middlewarePlugins } from './middleware.ts'
import { modifierPlugins } from './req-resp-modifier.ts'

const backendFacts = { method: 'POST', urlPattern: '/u', hosts: ['http://h'], encoding: 'json' }
const backend = { ...backendFacts, where: 'endpoints[1].backend[0]' }
const passes = { outputEncoding: 'json', inputHeaders: ['X-A'], inputQueryStrings: ['q'] }
const endpoint = {
  method: 'GET',
  path: '/a/{id}',
  timeoutMs: 50,
  ...passes,
  backends: [backend],
  where: 'endpoints[1]',
}

/** Tools whose host keeps the places that it is asked for. */
function tools(host: boolean): { asked: [kind: string, options: unknown, place: Place][]; tools: BackendTools } {
  const asked: [string, unknown, Place][] = []
  const ask = (kind: string) => async (options: unknown, place: Place) => {
    asked.push([kind, options, place])
    return null
  }
  const provided: PluginHost = {
    server: ask('server'),
    modifier: ask('modifier'),
    middleware: ask('middleware'),
    client: ask('client'),
    martian: () => undefined,
    seeNumberTexts: () => false,
    counters: () => [],
    codeFingerprint: '',
    close: async () => {},
  }
  const used: Partial<BackendTools> = {
    config: { name: 'svc' } as GatewayConfig,
    endpoint: endpoint as unknown as EndpointConfig,
    backend: backend as unknown as BackendConfig,
    service: <T>(name: string) => (host && name === 'plugin' ? (provided as T) : undefined),
  }
  return { asked, tools: used as BackendTools }
}

const PLACES: readonly [Feature, 'server' | 'endpoint' | 'proxy' | 'backend' | 'transport', kind: string][] = [
  [httpServerPlugins, 'server', 'server'],
  [httpServerPlugins, 'endpoint', 'server'],
  [modifierPlugins, 'proxy', 'modifier'],
  [modifierPlugins, 'backend', 'modifier'],
  [middlewarePlugins, 'proxy', 'middleware'],
  [middlewarePlugins, 'backend', 'middleware'],
  [clientPlugins, 'transport', 'client'],
]
const TAGS = {
  server: '[PLUGIN: Server]',
  endpoint: '[ENDPOINT: /a/:id]',
  proxy: '[ENDPOINT: /a/:id]',
  backend: '[BACKEND: GET /a/:id -> /u]',
  transport: '[BACKEND: GET /a/:id -> /u]',
} as const

for (const [feature, room, kind] of PLACES) {
  test(`${feature.namespace} in the ${room} room asks the host for its place`, async () => {
    const { asked, tools: given } = tools(true)
    const options = { name: ['a'] }
    await feature[room]?.(options, given)
    const atBackend = room === 'backend' || room === 'transport'
    const owner = room === 'server' ? '' : atBackend ? 'endpoints[1].backend[0].' : 'endpoints[1].'
    const endpointFacts = { method: 'GET', path: '/a/{id}', timeoutMs: 50, ...passes, backends: 1 }
    const facts = {
      service: 'svc',
      endpoint: room === 'server' ? null : endpointFacts,
      backend: atBackend ? backendFacts : null,
    }
    assert.deepEqual(asked, [
      [kind, options, { facts, where: `${owner}extra_config."${feature.namespace}"`, tag: TAGS[room] }],
    ])
  })
}

test('a gateway that provides no host is a mistake that is named', () => {
  assert.throws(() => httpServerPlugins.server?.({ name: [] }, tools(false).tools), /provides no plugin host/)
})

test('the schemas keep the blocks of the plugins, and a lone name as it is', () => {
  for (const { options } of [httpServerPlugins, modifierPlugins]) {
    for (const block of [{ name: ['a'], a: { n: 1, '@c': 2 } }, { name: 'a' }]) {
      assert.deepEqual(validate(options, block), { value: block, problems: [] })
    }
    assert.equal(validate(options, {}).problems[0]?.code, 'CONFIG_MISSING_KEY')
  }
})
