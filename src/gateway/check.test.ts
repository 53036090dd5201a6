import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadConfigObject } from '../config/load.ts'
import { createLogger, DEFAULT_LOGGING } from '../telemetry/logging.ts'
import { checkGateway } from './check.ts'
import { features } from './pipeline.ts'

const log = createLogger(DEFAULT_LOGGING, () => {})

async function problemsOf(root: Record<string, unknown>) {
  const { config } = await loadConfigObject({ version: 3, ...root }, { features })
  assert.ok(config !== null)
  const problems = await checkGateway(config, log)
  return problems.map(({ severity, code }) => `${severity} ${code}`)
}

const NAMED = { extra_config: { 'plugin/http-server': { name: ['not-there'] } } }

test('a configuration whose plugin folder is not there is checked without plugins, and a warning says so', async () => {
  const plugin = { folder: './no/such/folder/', pattern: '.ts' }
  assert.deepEqual(await problemsOf({ plugin, ...NAMED }), ['warning PLUGINS_NOT_CHECKED'])
})

test('without a folder there are no plugins but those of packages, and nothing is passed over', async () => {
  assert.deepEqual(await problemsOf({ plugin: {}, ...NAMED }), ['error PLUGIN_NOT_FOUND'])
  const packages = ['@no-such-scope/plugins']
  assert.deepEqual(await problemsOf({ plugin: { packages }, ...NAMED }), ['error PLUGIN_PACKAGE_MISSING'])
})

test('a plugin name that nobody registered is an error where the folder is there', async () => {
  const plugin = { folder: import.meta.dirname, pattern: '.nothing-like-it' }
  assert.deepEqual(await problemsOf({ plugin, ...NAMED }), ['error PLUGIN_NOT_FOUND'])
})
