import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BackendTools } from '../../config/feature.ts'
import type { BackendConfig, EndpointConfig, GatewayConfig } from '../../config/model.ts'
import { validate } from '../../config/validate.ts'
import type { PluginHost } from '../../plugins/host.ts'
import type { Place } from '../../plugins/place.ts'
import { httpServerPlugins } from './http-server.ts'
import { modifierPlugins } from './req-resp-modifier.ts'

const backend = { method: 'POST', urlPattern: '/u', hosts: ['http://h'], where: 'endpoints[1].backend[0]' }
const endpoint = { method: 'GET', path: '/a/{id}', timeoutMs: 50, where: 'endpoints[1]' }

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

test('each level asks the host for its place', async () => {
  const { asked, tools: given } = tools(true)
  const options = { name: ['a'] }
  await httpServerPlugins.server?.(options, given)
  await modifierPlugins.proxy?.(options, given)
  await modifierPlugins.backend?.(options, given)
  const facts = { method: 'GET', path: '/a/{id}', timeoutMs: 50 }
  assert.deepEqual(asked, [
    [
      'server',
      options,
      {
        facts: { service: 'svc', endpoint: null, backend: null },
        where: 'extra_config."plugin/http-server"',
        tag: '[PLUGIN: Server]',
      },
    ],
    [
      'modifier',
      options,
      {
        facts: { service: 'svc', endpoint: facts, backend: null },
        where: 'endpoints[1].extra_config."plugin/req-resp-modifier"',
        tag: '[ENDPOINT: /a/:id]',
      },
    ],
    [
      'modifier',
      options,
      {
        facts: { service: 'svc', endpoint: facts, backend: { method: 'POST', urlPattern: '/u', hosts: ['http://h'] } },
        where: 'endpoints[1].backend[0].extra_config."plugin/req-resp-modifier"',
        tag: '[BACKEND: GET /a/:id -> /u]',
      },
    ],
  ])
})

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
