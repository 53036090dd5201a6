import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folderWith } from '../../../test/support/command-line.ts'
import { recordingLog } from '../../../test/support/recording-log.ts'
import type { PluginSettings } from '../../config/model.ts'
import { DEFAULT_PLUGIN_SETTINGS, pluginFolderSection } from '../../config/plugin-section.ts'
import { PluginLoadError } from '../problem.ts'
import { loadPlugins } from './loader.ts'
import { type LoadedUnit, loadUnits } from './units.ts'

/** A module with a plugin of that name, whose version is an expression. */
function source(name: string, version = "'1'", imports = ''): string {
  return `${imports}
    import { definePlugin } from 'loligo/plugin'
    export const plugin = definePlugin({ name: '${name}', version: ${version}, server: () => (next) => next })`
}

interface Given {
  readonly folder?: string
  readonly pattern?: string
  readonly packages?: readonly string[]
  readonly configFile?: string
}

async function load({ folder = '', pattern = '', packages = [], configFile = '' }: Given) {
  const log = recordingLog()
  const section = { ...pluginFolderSection(folder, pattern), packages }
  return { log, ...(await loadUnits({ section, configFile, log }, { loadMs: 5000 })) }
}

/** Units in one line each: what they are, and the plugins with their versions or the first problem. */
function summary(units: readonly LoadedUnit[]): string[] {
  return units.map(({ unit, plugins, problems }) => {
    const held = plugins.map(({ name, version }) => `${name} ${version}`).join(', ')
    return `${unit.kind} ${unit.name}: ${problems[0]?.message ?? held}`
  })
}

test('a subfolder with a package.json is one unit with packages of its own, among the files by its name', async (t) => {
  const folder = folderWith(t, {
    'a.mjs': source('a'),
    'stamp/package.json': { type: 'module', exports: { '.': { types: './x.d.ts', import: './lib/main.js' } } },
    'stamp/lib/main.js': source('stamp', 'version', "import { version } from 'dep'"),
    'stamp/node_modules/dep/package.json': { name: 'dep', type: 'module', exports: './dep.js' },
    'stamp/node_modules/dep/dep.js': "export const version = 'of its own'",
    'z.mjs': source('z'),
    'helpers/no-unit.ts': 'throw new Error("loaded")',
    'node_modules/package.json': {},
    'node_modules/index.js': 'throw new Error("loaded")',
  })
  const { units, problems } = await load({ folder })
  assert.deepEqual(summary(units), ['file a.mjs: a 1', 'folder stamp: stamp of its own', 'file z.mjs: z 1'])
  assert.deepEqual(problems, [])
  const [plugin] = units[1]?.plugins ?? []
  assert.equal(plugin?.file, join(folder, 'stamp/lib/main.js'))
  assert.deepEqual([plugin.unit, plugin.runtime, plugin.hash], ['stamp', 'module', units[1]?.hash])
  assert.match(plugin.hash, /^[0-9a-f]{12}$/)
})

const manifests: readonly (readonly [title: string, manifest: object, entry: string])[] = [
  ['exports as a text', { exports: './e.mjs', main: './no.js' }, 'e.mjs'],
  ['exports as conditions', { exports: { require: './no.cjs', node: { default: './e.mjs' } } }, 'e.mjs'],
  ['exports as a list', { exports: [{ browser: './no.js' }, './e.mjs'] }, 'e.mjs'],
  ['main', { main: './src/e.ts', type: 'module' }, 'src/e.ts'],
  ['main without its ending', { main: 'src/e', type: 'module' }, 'src/e.js'],
  ['main as a folder', { main: 'src', type: 'module' }, 'src/index.js'],
  ['index.ts', { type: 'module' }, 'index.ts'],
  ['index.mjs', {}, 'index.mjs'],
]

for (const [title, manifest, entry] of manifests) {
  test(`the entry of a folder: ${title}`, async (t) => {
    const folder = folderWith(t, { 'p/package.json': manifest, [`p/${entry}`]: source('p') })
    assert.deepEqual(summary((await load({ folder })).units), ['folder p: p 1'])
  })
}

test('a CommonJS package is loaded too', async (t) => {
  const text = `const { definePlugin } = require('loligo/plugin')
    module.exports = [definePlugin({ name: 'old', server: () => null })]`
  const folder = folderWith(t, { 'p/package.json': { main: 'p.cjs' }, 'p/p.cjs': text })
  assert.deepEqual(summary((await load({ folder })).units), ['folder p: old '])
})

const brokenFolders: readonly (readonly [title: string, files: Record<string, unknown>, message: RegExp])[] = [
  ['a broken package.json', { 'package.json': '{' }, /^its package\.json cannot be read: /],
  ['a package.json that is no object', { 'package.json': '[]' }, /^its package\.json is no object$/],
  ['exports without "."', { 'package.json': { exports: { './x': './x.js' } } }, /have no "\." for import$/],
  [
    'a missing main',
    { 'package.json': { main: 'gone.js' } },
    /^there is no gone\.js, which "main" of its package\.json/,
  ],
  ['nothing at all', { 'package.json': {} }, /neither "exports" nor "main", and no index\.ts, /],
  ['an entry of another sort', { 'package.json': { main: 'x.wat' }, 'x.wat': '' }, /its name ends in "\.wat"$/],
  ['an entry without plugins', { 'package.json': {}, 'index.mjs': '' }, /^exports no plugin$/],
]

for (const [title, files, message] of brokenFolders) {
  test(`a folder that cannot be used is told: ${title}`, async (t) => {
    const inFolder = Object.fromEntries(Object.entries(files).map(([name, content]) => [`p/${name}`, content]))
    const { units } = await load({ folder: folderWith(t, inFolder) })
    assert.equal(units.length, 1)
    assert.equal(units[0]?.plugins.length, 0)
    assert.match(units[0]?.problems[0]?.message ?? '', message)
  })
}

test('the pattern is a part of the folder’s name or of its entry’s', async (t) => {
  const folder = folderWith(t, {
    'auth/package.json': { main: 'main.mjs' },
    'auth/main.mjs': source('auth'),
    'stamp/package.json': { main: 'lib/index.mjs' },
    'stamp/lib/index.mjs': source('stamp'),
  })
  for (const [pattern, names] of [
    ['auth', ['auth']],
    ['index', ['stamp']],
    ['.mjs', ['auth', 'stamp']],
    ['lib', []],
  ] as const) {
    const { units } = await load({ folder, pattern })
    assert.deepEqual(
      units.map(({ unit }) => unit.name),
      names,
    )
  }
})

test('a link to a package folder counts as the folder', async (t) => {
  const elsewhere = folderWith(t, { 'real/package.json': {}, 'real/index.mjs': source('linked') })
  const folder = folderWith(t, { 'a.mjs': source('a') })
  symlinkSync(join(elsewhere, 'real'), join(folder, 'link'))
  assert.deepEqual(summary((await load({ folder })).units), ['file a.mjs: a 1', 'folder link: linked 1'])
})

test('npm packages are found from the configuration’s folder upwards and loaded after the folder, as listed', async (t) => {
  const project = folderWith(t, {
    'plugins/z.mjs': source('z'),
    'node_modules/stamp/package.json': { name: 'stamp', version: '2.0.0', type: 'module', exports: './s.js' },
    'node_modules/stamp/s.js': source('stamp'),
    'node_modules/@acme/all/package.json': {
      name: '@acme/all',
      exports: { '.': { import: './a.mjs' }, './more': './lib/more.mjs' },
    },
    'node_modules/@acme/all/a.mjs': source('acme'),
    'node_modules/@acme/all/lib/package.json': { type: 'module' },
    'node_modules/@acme/all/lib/more.mjs': source('more'),
  })
  mkdirSync(join(project, 'config'))
  const configFile = join(project, 'config/krakend.json')
  const packages = ['stamp', '@acme/all/more', '@acme/all']
  const { units } = await load({ folder: join(project, 'plugins'), packages, configFile })
  assert.deepEqual(summary(units), [
    'file z.mjs: z 1',
    'package stamp: stamp 1',
    'package @acme/all/more: more 1',
    'package @acme/all: acme 1',
  ])
  assert.equal(units[2]?.unit.path, join(project, 'node_modules/@acme/all'))
  assert.equal(units[2]?.hash, units[3]?.hash)
})

const brokenPackages: readonly (readonly [name: string, code: string, message: RegExp, remedy: RegExp])[] = [
  [
    '@acme/gone/sub',
    'PLUGIN_PACKAGE_MISSING',
    /^the npm package "@acme\/gone\/sub" is not installed; /,
    /install @acme\/gone`/,
  ],
  ['stamp/none', 'PLUGIN_FILE_BROKEN', /subpath '\.\/none' is not defined by "exports"/, /that the package exports/],
  [
    'typed',
    'PLUGIN_FILE_BROKEN',
    /^Stripping types is currently unsupported for files under node_modules/,
    /must ship JavaScript/,
  ],
  ['./stamp', 'PLUGIN_NAME_MALFORMED', /^"\.\/stamp" is no name/, /plugin folder/],
  ['node:fs', 'PLUGIN_NAME_MALFORMED', /is no name/, /npm install/],
  ['fs', 'PLUGIN_NAME_MALFORMED', /is no name/, /npm install/],
]

for (const [name, code, message, remedy] of brokenPackages) {
  test(`a package that cannot be used is told: ${name}`, async (t) => {
    const project = folderWith(t, {
      'node_modules/stamp/package.json': { name: 'stamp', exports: './s.mjs' },
      'node_modules/stamp/s.mjs': source('stamp'),
      'node_modules/typed/package.json': { name: 'typed', type: 'module', exports: './t.ts' },
      'node_modules/typed/t.ts': source('typed'),
    })
    const { units } = await load({ packages: [name], configFile: join(project, 'krakend.json') })
    assert.equal(units.length, 1)
    const [problem, ...others] = units[0]?.problems ?? []
    assert.ok(problem !== undefined && others.length === 0)
    assert.equal(problem.code, code)
    assert.match(problem.message, message)
    assert.match(problem.remedy, remedy)
  })
}

test('an empty section loads nothing, and says so', async () => {
  const { units, problems, log } = await load({})
  assert.deepEqual([units, problems], [[], []])
  assert.match(log.lines.join('\n'), /^WARNING .*"plugin" names no folder and no packages/)
})

const OPTIONAL: PluginSettings = { ...DEFAULT_PLUGIN_SETTINGS, optional: true }

test('what is optional and broken is left out with a warning, be it a file, a folder or a package', async (t) => {
  const folder = folderWith(t, { 'file.js': 'syntax error', 'folder/package.json': {}, 'well.mjs': source('well') })
  const settings = { file: OPTIONAL, folder: OPTIONAL, gone: OPTIONAL }
  const log = recordingLog()
  const section = { ...pluginFolderSection(folder), packages: ['@acme/gone'], settings }
  const host = await loadPlugins({ section, log, lenient: false })
  t.after(() => host.close())
  const warnings = log.lines.filter((line) => line.startsWith('WARNING'))
  assert.equal(warnings.length, 3, warnings.join('\n'))
  for (const warning of warnings) assert.match(warning, /left out, for it is optional: /)
  const strict = { ...section, settings: { ...settings, file: DEFAULT_PLUGIN_SETTINGS } }
  await assert.rejects(loadPlugins({ section: strict, log, lenient: false }), PluginLoadError)
})

test('settings of a name that no plugin has are a warning with the nearest one', async (t) => {
  const folder = folderWith(t, { 'auth.mjs': source('auth') })
  const log = recordingLog()
  const settings = { auht: OPTIONAL, auth: OPTIONAL, nothing: OPTIONAL }
  const host = await loadPlugins({ section: { ...pluginFolderSection(folder), settings }, log, lenient: false })
  t.after(() => host.close())
  assert.deepEqual(
    log.lines.filter((line) => line.startsWith('WARNING')),
    [
      'WARNING [SERVICE: Plugin Loader] plugin.settings: no loaded plugin has the name "auht"; did you mean "auth"?',
      'WARNING [SERVICE: Plugin Loader] plugin.settings: no loaded plugin has the name "nothing"',
    ],
  )
})

test('a plugin of the program and one of the folder with one name are told', async (t) => {
  const { definePlugin } = await import('../../sdk/plugin.ts')
  const twin = () => definePlugin({ name: 'twin', server: () => null })
  const log = recordingLog()
  await assert.rejects(loadPlugins({ section: null, inline: [twin(), twin()], log, lenient: false }), /"twin" is in/)
  const section = pluginFolderSection(folderWith(t, { 'twin.mjs': source('twin') }))
  await assert.rejects(loadPlugins({ section, inline: [twin()], log, lenient: false }), /"twin" is in \(program\) too/)
})
