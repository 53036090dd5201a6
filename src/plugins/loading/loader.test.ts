import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pluginFolder } from '../../../test/support/plugin-folder.ts'
import { recordingLog } from '../../../test/support/recording-log.ts'
import type { PluginSection } from '../../config/model.ts'
import { pluginFolderSection, pluginSection } from '../../config/plugin-section.ts'
// Loaded beforehand, so that its loading is not counted as a plugin's.
import { definePlugin } from '../../sdk/plugin.ts'
import { PluginLoadError, type PluginProblem } from '../problem.ts'
import { loadPlugins } from './loader.ts'
import { findUnits } from './sources.ts'

/** Loads a folder strictly and gives the problems that stop the start. */
async function problemsOf(folder: string): Promise<readonly PluginProblem[]> {
  const options = { section: pluginFolderSection(folder), log: recordingLog(), lenient: false, limits: { loadMs: 400 } }
  const error: unknown = await loadPlugins(options).then(
    () => assert.fail('it was loaded'),
    (thrown) => thrown,
  )
  assert.ok(error instanceof PluginLoadError, String(error))
  return error.problems
}

const broken: [file: string, message: RegExp, remedy: RegExp][] = [
  ['syntax-error.ts', /^syntax error at line 3: Unexpected token `\{`/, /correct the syntax/],
  ['syntax-error.js', /^syntax error at line 3: Unexpected token `\{`/, /correct the syntax/],
  ['enum.ts', /^syntax error at line 3: .*enum/, /const object for an enum/],
  ['missing-name.js', /'loligo\/plugin' does not provide an export named 'defineGadget' at line 1$/, /`import type`/],
  ['missing-file.js', /^imports the module '.*helper\.js', which is not there$/, /the file’s extension/],
  ['missing-package.js', /^imports the package '@no-such-scope\/signer'/, /npm install @no-such-scope\/signer`/],
  ['throws-at-import.ts', /^threw while it was loaded at line 2: RangeError: no secret$/, /into the factory/],
  ['throws-text-at-import.mjs', /^threw 'out of order' while it was loaded$/, /throw Error objects/],
  ['exports-nothing.mts', /^exports no plugin$/, /export definePlugin/],
  ['misspelt-kind.js', /^definePlugin "misspelt": unknown key "modifer"; known are .* at line 3$/, /definition/],
  ['hangs-at-import.mjs', /^was not loaded after 400 ms: a top-level await does not settle$/, /in the factory/],
]

for (const [file, message, remedy] of broken) {
  test(`a file that cannot be used stops the start: ${file}`, async (t) => {
    const folder = pluginFolder(t, file)
    const [problem, ...others] = await problemsOf(folder)
    assert.ok(problem !== undefined && others.length === 0)
    assert.equal(problem.file, join(folder, file))
    assert.equal(problem.code, 'PLUGIN_FILE_BROKEN')
    assert.match(problem.message, message)
    assert.match(problem.remedy, remedy)
  })
}

test('all problems of a folder are told at once, in the order of the names', async (t) => {
  const folder = pluginFolder(t)
  const files = (await problemsOf(folder)).map(({ file }) => file.slice(folder.length + 1))
  assert.deepEqual(files, [...broken.map(([file]) => file), 'twice-b.ts'].sort())
})

test('two plugins of one kind with the same name are told with both files; leniently the later one counts', async (t) => {
  const folder = pluginFolder(t, 'twice-a.ts', 'twice-b.ts')
  const [problem] = await problemsOf(folder)
  assert.equal(problem?.code, 'PLUGIN_CLASH')
  assert.equal(problem.file, join(folder, 'twice-b.ts'))
  assert.equal(problem.message, `the server plugin "twice" is in ${join(folder, 'twice-a.ts')} too`)

  const log = recordingLog()
  await loadPlugins({ section: pluginFolderSection(folder), log, lenient: true })
  assert.ok(log.lines.some((line) => line.startsWith('ERROR') && line.includes('twice-a.ts')))
  assert.ok(log.lines.includes('INFO [SERVICE: Handler Plugin] Total plugins loaded: 1'))
})

test('shared objects and WebAssembly are refused with what to do instead', async (t) => {
  const folder = pluginFolder(t, 'twice-a.ts')
  writeFileSync(join(folder, 'auth.so'), '')
  writeFileSync(join(folder, 'sign.wasm'), '')
  const problems = await problemsOf(folder)
  assert.deepEqual(
    problems.map(({ code, file }) => [code, file]),
    [
      ['PLUGIN_RUNTIME_MISSING', join(folder, 'auth.so')],
      ['PLUGIN_RUNTIME_MISSING', join(folder, 'sign.wasm')],
    ],
  )
  assert.match(problems[0]?.remedy ?? '', /loligo plugin build DIR -o .*auth\.wasm$/)
})

test('a WebAssembly build stands for the shared object beside it, by either name, once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-so-'))
  for (const name of ['auth.so', 'auth.wasm', 'alone.wasm', 'other.so']) writeFileSync(join(folder, name), '')
  const namesFor = (pattern: string) => {
    const section = pluginFolderSection(folder, pattern)
    const { units } = findUnits({ section, configFile: '', extensions: ['.so', '.wasm'], log: recordingLog() })
    return units.map(({ name }) => name)
  }
  assert.deepEqual(namesFor('.so'), ['alone.wasm', 'auth.wasm', 'other.so'])
  assert.deepEqual(namesFor('.wasm'), ['alone.wasm', 'auth.wasm'])
  assert.deepEqual(namesFor('auth.so'), ['auth.wasm'])
  assert.deepEqual(namesFor(''), ['alone.wasm', 'auth.wasm', 'other.so'])
  rmSync(folder, { recursive: true })
})

test('the pattern is a part of the name; links are followed, folders and what is no plugin are not entered', async (t) => {
  const folder = pluginFolder(t, 'well-behaved.ts')
  const elsewhere = pluginFolder(t, 'twice-a.ts')
  symlinkSync(join(elsewhere, 'twice-a.ts'), join(folder, 'my-link.ts'))
  mkdirSync(join(folder, 'my-folder.ts'))
  for (const name of ['my-README.md', 'my-types.d.ts', 'my-plugin.test.ts', 'other.ts']) {
    writeFileSync(join(folder, name), 'this is no module')
  }
  const log = recordingLog()
  const host = await loadPlugins({ section: pluginFolderSection(folder, 'my-'), log, lenient: false })
  t.after(() => host.close())
  assert.deepEqual(
    log.lines.filter((line) => !line.endsWith('is no plugin')),
    [
      'DEBUG [SERVICE: Plugin Loader] Starting loading process',
      'INFO [SERVICE: Handler Plugin] Total plugins loaded: 1',
      'DEBUG [SERVICE: Plugin Loader] Loading process completed',
    ],
  )
})

test('files that only the pattern keeps out are mentioned', async (t) => {
  const folder = pluginFolder(t, 'twice-a.ts')
  const log = recordingLog()
  await loadPlugins({ section: pluginFolderSection(folder, '.so'), log, lenient: false })
  assert.ok(
    log.lines.some((line) => line.startsWith('WARNING') && line.includes('".so"') && line.includes('twice-a.ts')),
  )
})

test('a folder that is not there stops the start; leniently the gateway goes on without plugins', async (t) => {
  const folder = join(pluginFolder(t, 'twice-a.ts'), 'nowhere')
  const [problem] = await problemsOf(folder)
  assert.equal(problem?.code, 'PLUGIN_FOLDER_UNREADABLE')
  assert.equal(problem.message, 'cannot read the plugin folder: no such file or directory')

  const log = recordingLog()
  await loadPlugins({ section: pluginFolderSection(folder), log, lenient: true })
  assert.ok(log.lines.some((line) => line.startsWith('ERROR') && line.includes(folder)))
})

test('leniently what is broken is left out and the rest is loaded', async (t) => {
  const folder = pluginFolder(t, 'throws-at-import.ts', 'well-behaved.ts', 'exports-nothing.mts')
  const log = recordingLog()
  await loadPlugins({ section: pluginFolderSection(folder), log, lenient: true })
  assert.equal(log.lines.filter((line) => line.startsWith('ERROR')).length, 2)
  assert.ok(log.lines.includes('INFO [SERVICE: Modifier Plugin] Total plugins loaded: 1'))
})

test('without a plugin section nothing is loaded and nothing is logged', async () => {
  const log = recordingLog()
  await loadPlugins({ section: null, log, lenient: false })
  assert.deepEqual(log.lines, [])
})

test('permissions that nobody would be held to stop the start, leniently too', async (t) => {
  const folder = pluginFolder(t, 'twice-a.ts')
  const permissions = { hosts: ['api.example.com'] }
  const cases: [section: Omit<Parameters<typeof pluginSection>[0], 'folder'>, where: string, message: RegExp][] = [
    [{ settings: { twice: { permissions } } }, 'settings.twice', /hold for WebAssembly plugins only/],
    [{ settings: { 'twice-a': { permissions } } }, 'settings.twice-a', /hold for WebAssembly plugins only/],
    [{ settings: { tiwce: { permissions } } }, 'settings.tiwce', /no loaded plugin has this name/],
    [{ defaults: { permissions } }, 'defaults', /WebAssembly plugins only.*: "twice" would have all rights/],
    [
      { defaults: { permissions }, settings: { twice: { optional: true } } },
      'defaults',
      /"twice" would have all rights/,
    ],
  ]
  for (const lenient of [false, true]) {
    for (const [input, where, message] of cases) {
      const section: PluginSection = pluginSection({ folder, ...input })
      await assert.rejects(loadPlugins({ section, log: recordingLog(), lenient }), (error) => {
        assert.ok(error instanceof PluginLoadError)
        const [problem, ...others] = error.problems
        assert.equal(others.length, 0)
        assert.equal(problem?.code, 'PLUGIN_PERMISSIONS_UNSUPPORTED')
        assert.equal(problem.where, `plugin.${where}.permissions`)
        assert.match(problem.message, message)
        return true
      })
    }
  }
})

test('permissions for all are not meant for what comes with the gateway, nor for a folder without JavaScript', async (t) => {
  const folder = pluginFolder(t)
  const section = pluginSection({ folder, pattern: 'no-such-file', defaults: { permissions: {} } })
  const bundled = [definePlugin({ name: 'part', server: () => (next) => next })]
  const host = await loadPlugins({ section, log: recordingLog(), lenient: false, bundled })
  await host.close()
  const named = pluginSection({ folder, pattern: 'no-such-file', settings: { part: { permissions: {} } } })
  await assert.rejects(loadPlugins({ section: named, log: recordingLog(), lenient: true, bundled }), PluginLoadError)
  const section2 = pluginSection({ folder, pattern: 'no-such-file', defaults: { permissions: {} } })
  const inline = [definePlugin({ name: 'mine', server: () => (next) => next })]
  await assert.rejects(loadPlugins({ section: section2, log: recordingLog(), lenient: true, inline }), /"mine"/)
})
