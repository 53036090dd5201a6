import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { folderWith } from '../../test/support/command-line.ts'
import { typeCommand } from '../../test/support/type-command.ts'
import type { PluginListing } from './plugin-listing.ts'

const type = (...args: string[]) => typeCommand(args)

const AUTH = `import { definePlugin, Type } from 'loligo/plugin'
const limits = Type.Object({ max: Type.Integer({ default: 10 }), users: Type.Array(Type.String()) })
export const auth = definePlugin({
  name: 'auth',
  version: '1.2.0',
  options: Type.Object({
    header: Type.String({ default: 'Authorization', description: 'Where the token is' }),
    realm: Type.String(),
    mode: Type.Optional(Type.Enum(['strict', 'loose'])),
    ttl: Type.Duration({ default: 60_000 }),
    limits: Type.Optional(limits),
    weights: Type.Optional(Type.Record(Type.String(), Type.Object({ share: Type.Number() }))),
    on: Type.Optional(Type.Union([Type.Literal('all'), Type.Array(Type.Boolean())])),
  }),
  server: () => { throw new Error('a factory ran') },
  client: () => { throw new Error('a factory ran') },
})
export const free = definePlugin({ name: 'free', modifier: () => null })`

function project(t: TestContext, more: Readonly<Record<string, unknown>> = {}): string {
  return folderWith(t, {
    'plugins/auth.ts': AUTH,
    'plugins/stamp/package.json': { exports: './stamp.mjs' },
    'plugins/stamp/stamp.mjs': `import { definePlugin, Type } from 'loligo/plugin'
      export const stamp = definePlugin({ name: 'stamp', options: Type.Object({}), middleware: () => null })`,
    ...more,
  })
}

describe('loligo plugin list', () => {
  test('lists units, plugins and options', async (t) => {
    const { code, out, err } = await type('plugin', 'list', join(project(t), 'plugins'))
    assert.equal(err, '')
    assert.deepEqual(out.replace(/[0-9a-f]{12}/g, 'HASH').split('\n'), [
      'auth.ts  file     module  HASH',
      '  auth  1.2.0  server, client',
      '    header           string                    default "Authorization"  Where the token is',
      '    realm            string                    required',
      '    mode             "strict" | "loose"        optional',
      '    ttl              duration                  default 60000 ms',
      '    limits           object                    optional',
      '    limits.max       integer                   default 10',
      '    limits.users     array of string           required',
      '    weights          object                    optional',
      '    weights.*.share  number                    required',
      '    on               "all" | array of boolean  optional',
      '  free  modifier',
      '    any options (the plugin declares none)',
      '',
      'stamp    folder   module  HASH',
      '  stamp  middleware',
      '    no options',
      '',
      '3 plugins in 2 units, 0 problems',
      '',
    ])
    assert.equal(code, 0)
  })

  test('tells every problem with what to do, and exits with 1', async (t) => {
    const folder = join(
      project(t, {
        'plugins/broken.ts': 'enum A { b }',
        'plugins/go.so': '',
        'plugins/twin.ts': AUTH,
        'plugins/wasm.wasm': '',
      }),
      'plugins',
    )
    const { code, out } = await type('plugin', 'list', folder)
    assert.equal(code, 1)
    assert.match(
      out,
      /^broken\.ts +file +module +[0-9a-f]{12}\n {2}PROBLEM syntax error .*\n {6}.* \(PLUGIN_FILE_BROKEN\)$/m,
    )
    assert.match(
      out,
      /^go\.so +file +-\n {2}PROBLEM is a Go shared object.*\n {6}build it .*loligo plugin build DIR -o .* \(PLUGIN_RUNTIME_MISSING\)$/m,
    )
    assert.match(
      out,
      /^wasm\.wasm +file +go +[0-9a-f]{12}\n {2}PROBLEM .*no plugin that "loligo plugin build" has made.*\n/m,
    )
    assert.match(out, /^ {2}PROBLEM the server plugin "auth" is in .*auth\.ts too\n.*\(PLUGIN_CLASH\)$/m)
    assert.match(out, /\n5 plugins in 6 units, 6 problems\n$/)
  })

  test('writes JSON', async (t) => {
    const root = project(t, { 'plugins/broken.mjs': 'throw new Error("no")' })
    const { code, out } = await type('plugin', 'list', '--json', join(root, 'plugins'))
    assert.equal(code, 1)
    const { units, problems } = JSON.parse(out) as PluginListing
    assert.deepEqual(problems, [])
    const [auth, broken, stamp] = units
    assert.deepEqual(
      auth?.plugins.map(({ name, version, kinds }) => ({ name, version, kinds })),
      [
        { name: 'auth', version: '1.2.0', kinds: ['server', 'client'] },
        { name: 'free', version: '', kinds: ['modifier'] },
      ],
    )
    assert.deepEqual(auth.plugins[0]?.options?.slice(0, 2), [
      {
        key: 'header',
        type: 'string',
        required: false,
        default: 'Authorization',
        description: 'Where the token is',
      },
      { key: 'realm', type: 'string', required: true, default: null, description: '' },
    ])
    assert.equal(auth.plugins[1]?.options, null)
    assert.deepEqual(
      broken?.problems.map(({ code }) => code),
      ['PLUGIN_FILE_BROKEN'],
    )
    const { hash, plugins, ...rest } = stamp ?? assert.fail('the folder is missing')
    assert.match(hash, /^[0-9a-f]{12}$/)
    assert.equal(plugins.length, 1)
    assert.deepEqual(rest, {
      kind: 'folder',
      name: 'stamp',
      path: join(root, 'plugins/stamp'),
      entry: join(root, 'plugins/stamp/stamp.mjs'),
      runtime: 'module',
      build: null,
      problems: [],
    })
  })

  test('takes folder, pattern and packages from a configuration', async (t) => {
    const root = project(t, {
      'node_modules/acme/package.json': { name: 'acme', exports: './index.mjs' },
      'node_modules/acme/index.mjs': `import { definePlugin } from 'loligo/plugin'
        export const acme = definePlugin({ name: 'acme', server: () => null })`,
    })
    const config = join(root, 'krakend.json')
    const plugin = { folder: join(root, 'plugins'), pattern: 'stamp', packages: ['acme', 'gone'] }
    writeFileSync(config, JSON.stringify({ version: 3, plugin }))
    const { code, out } = await type('plugin', 'list', '-c', config)
    assert.equal(code, 1)
    assert.match(
      out,
      /^stamp +folder .*\n.*\n.*\n\nacme +package .*\n.*\n.*\n\ngone +package +-\n {2}PROBLEM the npm package "gone"/,
    )
  })

  test('lists a folder alone that is a plugin itself', async (t) => {
    const root = project(t, {
      'plugins/stamp/other.ts': AUTH,
      'plugins/package.json': { type: 'module', main: 'gone.js' },
    })
    const { code, out } = await type('plugin', 'list', join(root, 'plugins/stamp'))
    assert.equal(code, 0)
    assert.match(out, /^stamp +folder +module .*\n {2}stamp {2}middleware\n.*\n\n1 plugin in 1 unit, 0 problems\n$/)
    // A package.json that names no module, as one for dependencies alone, leaves it a folder of plugins.
    assert.match((await type('plugin', 'list', join(root, 'plugins'))).out, /\n3 plugins in 2 units, 0 problems\n$/)
  })

  test('tells a folder that is not there', async (t) => {
    const { code, out } = await type('plugin', 'list', join(project(t), 'nowhere'))
    assert.equal(code, 1)
    assert.match(
      out,
      /^PROBLEM cannot read the plugin folder: .*\n.*\(PLUGIN_FOLDER_UNREADABLE\)\n0 plugins in 0 units, 1 problem\n$/,
    )
  })

  test('tells a configuration that cannot be read or has no plugins', async (t) => {
    const root = folderWith(t, { 'empty.json': { version: 3 }, 'broken.json': '{' })
    const empty = await type('plugin', 'list', '-c', join(root, 'empty.json'))
    assert.deepEqual([empty.code, empty.out], [1, ''])
    assert.match(empty.err, /^ERROR .*empty\.json has no "plugin" object/)
    const broken = await type('plugin', 'list', '-c', join(root, 'broken.json'))
    assert.deepEqual([broken.code, broken.out], [1, ''])
    assert.match(broken.err, /^ERROR parsing the configuration file:/)
  })

  test('does not take a configuration and a folder together', async () => {
    const { code, err } = await type('plugin', 'list', '-c', 'krakend.json', 'plugins')
    assert.equal(code, 255)
    assert.match(
      err,
      /^Error: give a configuration or a folder: .*\nUsage:\n {2}loligo plugin list \[FOLDER\] \[flags\]\n/,
    )
  })
})

describe('loligo plugin', () => {
  test('lists its commands', async () => {
    for (const args of [['plugin'], ['plugin', '--help'], ['help', 'plugin']]) {
      const { code, out, err } = await type(...args)
      assert.deepEqual([code, err], [0, ''])
      assert.match(
        out,
        /\n {2}loligo plugin COMMAND \[flags\]\n\nCommands:\n(?: {2}.*\n)* {2}list {2,}List the plugins/,
      )
    }
    assert.match((await type('help', 'plugin', 'list')).out, /\n {2}loligo plugin list \[FOLDER\] \[flags\]\n/)
  })

  test('refuses what it does not know', async () => {
    for (const args of [
      ['plugin', 'lits'],
      ['help', 'plugin', 'lits'],
    ]) {
      const { code, out, err } = await type(...args)
      assert.equal(code, 255)
      assert.equal(out, 'unknown command "lits" for "loligo plugin"\n')
      assert.match(err, /^Error: unknown command "lits" for "loligo plugin"\nUsage:\n {2}loligo plugin COMMAND/)
    }
    assert.match(
      (await type('plugin', 'list', '--frob')).err,
      /^Error: unknown flag: --frob\nUsage:\n {2}loligo plugin list/,
    )
  })
})
