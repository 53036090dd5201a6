import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pluginSection } from '../config/plugin-section.ts'
import { type PermittedPlugin, permissionProblems } from './permission-problems.ts'

/** A WebAssembly file with two plugins. */
const plugins: readonly PermittedPlugin[] = ['sign', 'check'].map((name) => ({
  plugin: { name, runtime: 'go' },
  fileNames: ['auth'],
  bundled: false,
}))

const problemsOf = (input: Parameters<typeof pluginSection>[0], complete = true) =>
  permissionProblems(plugins, pluginSection(input), complete).map(({ where, message }) => [where, message])

test('permissions of WebAssembly hold, by the name of the file and for all', () => {
  assert.deepEqual(problemsOf({ settings: { auth: { permissions: {} } } }), [])
  assert.deepEqual(problemsOf({ defaults: { permissions: {} }, settings: { auth: { permissions: {} } } }), [])
  assert.deepEqual(problemsOf({ defaults: { permissions: {} }, settings: { sign: { timeout: 5 } } }), [])
})

test('permissions under the name of one of several plugins would not be looked up', () => {
  assert.deepEqual(problemsOf({ settings: { sign: { permissions: {} } } }), [
    [
      'plugin.settings.sign.permissions',
      'all plugins of a file have the same permissions, by the name of the file: "auth"',
    ],
  ])
})

test('a name that is missing may be that of a plugin of a file that failed', () => {
  assert.equal(problemsOf({ settings: { other: { permissions: {} } } }).length, 1)
  assert.deepEqual(problemsOf({ settings: { other: { permissions: {} } } }, false), [])
})
