import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { HttpError } from '../../pipes/failure.ts'
import { isPlugin } from '../../sdk/define-plugin.ts'
import { installSdkResolution, sdkUrl } from './resolve-sdk.ts'

test('the module is the source in a checkout and the file beside the others in the bundle', () => {
  const [source, chunk] = ['file:///g/src/plugins/loading/resolve-sdk.ts', 'file:///g/dist/chunk-1.js']
  assert.equal(sdkUrl('loligo/plugin', source), 'file:///g/src/sdk/plugin.ts')
  assert.equal(sdkUrl('loligo/plugin', chunk), 'file:///g/dist/plugin.js')
  assert.equal(sdkUrl('loligo/testing', source), 'file:///g/src/testing/index.ts')
  assert.equal(sdkUrl('loligo/testing', chunk), 'file:///g/dist/testing.js')
})

test('every module gets the running copy, wherever it lies and whatever is installed beside it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-sdk-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const installed = join(folder, 'node_modules/loligo')
  mkdirSync(installed, { recursive: true })
  writeFileSync(join(installed, 'package.json'), '{ "name": "loligo", "exports": { "./plugin": "./old.js" } }')
  writeFileSync(join(installed, 'old.js'), 'throw new Error("the installed copy was loaded")')
  const source = `export { HttpError } from 'loligo/plugin'
    import { definePlugin } from 'loligo/plugin'
    export const testing = import.meta.resolve('loligo/testing')
    export const plugin = definePlugin({ name: 'p', server: () => null })`
  writeFileSync(join(folder, 'a.mjs'), source)
  writeFileSync(join(folder, 'b.cjs'), `module.exports = { HttpError: require('loligo/plugin').HttpError }`)

  installSdkResolution()
  installSdkResolution()
  const module = await import(pathToFileURL(join(folder, 'a.mjs')).href)
  assert.equal(module.HttpError, HttpError)
  assert.ok(isPlugin(module.plugin))
  assert.equal(module.testing, sdkUrl('loligo/testing'))
  const common = await import(pathToFileURL(join(folder, 'b.cjs')).href)
  assert.equal(common.HttpError, HttpError)
})
