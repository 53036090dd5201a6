import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PluginRegistry } from './registry.ts'
import type { LoadedPlugin, PluginKinds } from './runtime.ts'

const server = { server: () => null }
const modifier = { modifier: () => null }

function plugin(name: string, file: string, kinds: PluginKinds): LoadedPlugin {
  return { name, version: '', file, unit: file, hash: '', runtime: 'module', options: null, kinds }
}

test('a name stands for one plugin of each kind, whatever file they are in', () => {
  const registry = new PluginRegistry()
  assert.deepEqual(registry.add(plugin('a', '/1.ts', server)), [])
  assert.deepEqual(registry.add(plugin('a', '/2.ts', modifier)), [])
  assert.equal(registry.find('server', 'a')?.file, '/1.ts')
  assert.equal(registry.find('modifier', 'a')?.file, '/2.ts')
})

test('a name that is taken is told for each kind, and the later plugin counts', () => {
  const registry = new PluginRegistry()
  registry.add(plugin('a', '/1.ts', { ...server, ...modifier }))
  const problems = registry.add(plugin('a', '/1.ts', { ...server, ...modifier }))
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['the server plugin "a" is in this file too', 'the modifier plugin "a" is in this file too'],
  )
  const late = plugin('a', '/2.ts', server)
  registry.add(late)
  assert.equal(registry.find('server', 'a'), late)
  assert.deepEqual(registry.names('server'), ['a'])
})

test('files are counted, not names', () => {
  const registry = new PluginRegistry()
  for (const [name, file] of [
    ['a', '/1.ts'],
    ['b', '/1.ts'],
    ['c', '/2.ts'],
  ] as const)
    registry.add(plugin(name, file, server))
  assert.equal(registry.countFiles('server'), 2)
  assert.equal(registry.countFiles('modifier'), 0)
})

test('an unknown name is explained by what is there and what was probably meant', () => {
  const registry = new PluginRegistry()
  assert.equal(registry.explainUnknown('server', 'auth').message, 'no server plugin "auth"; none is loaded')
  registry.add(plugin('auth', '/1.ts', server))
  registry.add(plugin('mask', '/1.ts', modifier))
  assert.equal(registry.explainUnknown('server', 'auht').remedy, 'did you mean "auth"?')
  assert.match(registry.explainUnknown('server', 'something').remedy, /put its file into the plugin folder/)
  assert.equal(
    registry.explainUnknown('server', 'mask').remedy,
    '"mask" is a modifier plugin and is named by plugin/req-resp-modifier',
  )
})
