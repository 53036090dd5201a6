import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pluginFolder } from '../../../test/support/plugin-folder.ts'
import { recordingLog } from '../../../test/support/recording-log.ts'
import { pluginFolderSection } from '../../config/plugin-section.ts'
import { loadPlugins } from './loader.ts'
// Loaded beforehand, so that its loading is not counted as a plugin's.
import '../../sdk/plugin.ts'
import { PluginLoadError, type PluginProblem } from '../problem.ts'

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
  assert.match(problems[0]?.remedy ?? '', /WebAssembly build/)
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
