import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { goSourcesFolder } from './go-sources.ts'

test('the Go side lies beside src in a checkout, and beside dist in a package', () => {
  for (const part of ['bridge', 'inspect', 'martian', 'std']) assert.ok(existsSync(join(goSourcesFolder(), part)), part)
  assert.equal(goSourcesFolder('file:///a/node_modules/loligo/dist/build-x.js'), '/a/node_modules/loligo/go')
})
