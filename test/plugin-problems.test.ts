import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PluginLoadError } from '../src/plugins/problem.ts'
import { pluginFolder } from './support/plugin-folder.ts'
import { startGateway } from './support/start-gateway.ts'

test('the plugin problems of all places are told at once', async (t) => {
  const modifier = (name: string) => ({ 'plugin/req-resp-modifier': { name: [name] } })
  const backend = (name: string) => ({ host: ['http://h'], url_pattern: '/', extra_config: modifier(name) })
  const config = {
    plugin: { folder: pluginFolder(t, 'well-behaved.ts'), pattern: '' },
    extra_config: { 'plugin/http-server': { name: ['missing-1'] } },
    endpoints: [
      { endpoint: '/a', extra_config: modifier('missing-2'), backend: [backend('missing-3'), backend('missing-4')] },
      { endpoint: '/b', extra_config: modifier('missing-5'), backend: [{ host: ['http://h'], url_pattern: '/' }] },
    ],
  }
  await assert.rejects(startGateway(t, config), (error) => {
    assert.ok(error instanceof PluginLoadError)
    assert.ok(error.problems.every(({ code }) => code === 'PLUGIN_NOT_FOUND'))
    assert.deepEqual(error.problems.map(({ where }) => where).toSorted(), [
      'endpoints[0].backend[0].extra_config."plugin/req-resp-modifier".name',
      'endpoints[0].backend[1].extra_config."plugin/req-resp-modifier".name',
      'endpoints[0].extra_config."plugin/req-resp-modifier".name',
      'endpoints[1].extra_config."plugin/req-resp-modifier".name',
      'extra_config."plugin/http-server".name',
    ])
    return true
  })
})
