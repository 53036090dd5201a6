import assert from 'node:assert/strict'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { folderWith } from '../../../test/support/command-line.ts'
import { BuildFailure } from './build-failure.ts'
import { findGo } from './go-tool.ts'

/** A folder with a program "go" that gives these settings, and otherwise prints its arguments and the flags in force. */
function fakeGo(t: TestContext, settings: Record<string, string>): string {
  const folder = folderWith(t, { 'settings.json': { GOVERSION: 'go1.26.8', GOROOT: '/usr/lib/go', ...settings } })
  const script = folderWith(t, {
    go: `#!/bin/sh\nif [ "$1" = env ]; then cat ${folder}/settings.json; else echo "$* $GOFLAGS $GOOS $GOTOOLCHAIN"; fi\n`,
  })
  chmodSync(join(script, 'go'), 0o755)
  return script
}

function find(t: TestContext, bin: string, env: Record<string, string> = {}) {
  const path = `${bin}:${process.env.PATH}`
  return findGo({ folder: folderWith(t, {}), scratch: folderWith(t, {}), env: { PATH: path, ...env } })
}

test('Go is asked for what counts in the folder', async (t) => {
  const go = await find(t, fakeGo(t, { GOMOD: '/x/go.mod', GOWORK: '', GOFLAGS: '-mod=mod -tags=a,b -x' }))
  assert.deepEqual(
    [go.version, go.library, go.moduleFile, go.workspaceFile],
    ['go1.26.8', '/usr/lib/go/src', '/x/go.mod', ''],
  )
  const { stdout } = await go.run(['build', '.'])
  assert.equal(stdout, 'build . -tags=a,b -buildvcs=false wasip1 \n')
})

test('outside of a module there is no go.mod', async (t) => {
  assert.equal((await find(t, fakeGo(t, { GOMOD: '/dev/null' }))).moduleFile, '')
})

test('a toolchain among the modules is used through a link, for nothing there may be replaced', async (t) => {
  const modules = folderWith(t, { 'golang.org/toolchain/src/x.go': '' })
  mkdirSync(join(modules, 'golang.org/toolchain/bin'))
  const root = join(modules, 'golang.org/toolchain')
  const go = await find(t, fakeGo(t, { GOROOT: root, GOMODCACHE: modules }))
  assert.match(go.library, /goroot\/src$/)
  assert.ok(!go.library.startsWith(modules))
})

for (const version of ['go1.23.4', 'go1.9', 'go0.1']) {
  test(`${version} is too old, and what to do is said`, async (t) => {
    const bin = fakeGo(t, { GOVERSION: version })
    await assert.rejects(find(t, bin), (error) => {
      assert.ok(error instanceof BuildFailure)
      assert.match(error.message, new RegExp(`needs Go 1\\.24 or newer, and .*/go is ${version}$`))
      assert.match(error.remedy, /go\.dev or .* packages; only building a plugin needs it/)
      return true
    })
  })
}

test('a program that cannot be run is told', async (t) => {
  const folder = folderWith(t, {})
  const there = findGo({ folder, scratch: folder, env: {}, go: join(folder, 'none') })
  await assert.rejects(there, { name: 'BuildFailure', output: `${join(folder, 'none')} cannot be run` })
})
