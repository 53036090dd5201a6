import assert from 'node:assert/strict'
import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { folderWith } from '../../test/support/command-line.ts'
import { withoutGo } from '../../test/support/go-plugin.ts'
import { typeCommand } from '../../test/support/type-command.ts'
import type { PluginListing } from './plugin-listing.ts'

// Without a home folder, as services run.
const type = (...args: string[]) => typeCommand(args, { PATH: process.env.PATH })

const MAIN = `package main

import (
	"context"
	"net/http"
	"os"
)

type registerer string

var HandlerRegisterer = registerer("seen")

func (r registerer) RegisterHandlers(f func(string, func(context.Context, map[string]interface{}, http.Handler) (http.Handler, error))) {
	f(string(r), func(_ context.Context, _ map[string]interface{}, next http.Handler) (http.Handler, error) {
		http.Get("https://keys.example.com/" + os.Getenv("KEY_PATH"))
		return next, nil
	})
}

func ClientRegisterer() {}

func main() {}
`

describe('loligo plugin build', () => {
  for (const [args, message] of [
    [[], /^Error: a folder is required: loligo plugin build DIR\nUsage:\n {2}loligo plugin build DIR \[flags\]/],
    [['a', 'b'], /^Error: what is "b"\? A folder was given already/],
    [['a', '--out='], /^Error: the file after -o has no name/],
    [['a', '-o'], /^Error: flag needs an argument: 'o' in -o/],
  ] as const) {
    test(`cannot understand "${args.join(' ')}"`, async () => {
      const { code, err } = await type('plugin', 'build', ...args)
      assert.equal(code, 255)
      assert.match(err, message)
    })
  }

  test('shows its flags', async () => {
    const { code, out } = await type('plugin', 'build', '--help')
    assert.equal(code, 0)
    assert.match(out, /Compile a Go plugin.*-o, --out FILE .*DIR\/NAME\.wasm/s)
  })

  test('tells a folder that is not there', async () => {
    assert.deepEqual(await type('plugin', 'build', 'no-such-folder'), {
      code: 1,
      out: '',
      err: 'ERROR no-such-folder is not a folder (name the folder that holds the Go sources of the plugin)\n',
    })
  })

  test('says what it has built and seen; the list shows it, and the file stands for the shared object', {
    skip: withoutGo,
  }, async (t) => {
    const folder = folderWith(t, { 'sources/main.go': MAIN, 'plugins/other.so': '' })
    const sources = join(folder, 'sources')
    const plugins = join(folder, 'plugins')
    const { code, out, err } = await type('plugin', 'build', sources, '-o', plugins)
    assert.equal(code, 0, err)
    assert.match(
      err,
      /^WARNING ClientRegisterer in .*sources\/main\.go:20 is a func and no variable: it is left out\n$/,
    )
    assert.match(
      out,
      /^Built .*plugins\/sources\.wasm: server; \d+\.\d MB, go1\S+, \d+\.\d s\n.*:\n {2}hosts {2}keys\.example\.com\n {2}env {4}KEY_PATH\n$/,
    )
    assert.deepEqual(readdirSync(sources), ['main.go'])

    const built = join(plugins, 'seen.wasm')
    renameSync(join(plugins, 'sources.wasm'), built)
    writeFileSync(join(plugins, 'seen.so'), 'a shared object')
    const list = await type('plugin', 'list', plugins)
    assert.match(
      list.out,
      /^seen\.wasm +file +go +[0-9a-f]{12}\n {2}built of sources with go1\S+: server\n {4}seems to use hosts: keys\.example\.com\n {4}seems to use env: KEY_PATH\n {2}seen {2}server\n/m,
    )
    assert.match(list.out, /^other\.so .*\n {2}PROBLEM is a Go shared object/m)
    assert.match(list.out, /\n1 plugin in 2 units, 1 problem\n$/)
    const { units } = JSON.parse((await type('plugin', 'list', '--json', plugins)).out) as PluginListing
    assert.deepEqual(
      units.map(({ name, build }) => [name, build?.kinds ?? null]),
      [
        ['other.so', null],
        ['seen.wasm', ['server']],
      ],
    )

    // By either name, whether the shared object is still there or not.
    for (const name of ['seen.so', 'seen.wasm', 'gone.so']) {
      if (name === 'gone.so') renameSync(built, join(plugins, 'gone.wasm'))
      const tested = await type('test-plugin', '-s', join(plugins, name))
      assert.match(tested.err, new RegExp(`^\\[OK\\] SERVER\t${name}\n`))
    }
    assert.ok(!existsSync(join(plugins, 'gone.so')))
    const missing = await type('test-plugin', '-s', join(plugins, 'other.so'))
    assert.match(missing.err, /\[KO\] SERVER\tother\.so: .*loligo plugin build DIR -o .*other\.wasm/)
  })
})
