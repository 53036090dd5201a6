import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { folderWith } from '../../../test/support/command-line.ts'
import { recordingLog } from '../../../test/support/recording-log.ts'
import { pluginFolderSection } from '../../config/plugin-section.ts'
import { loadPlugins } from './loader.ts'
import { loadUnits } from './units.ts'

/** A module whose plugin has what it knows as its version, with the number of the time that the module ran. */
function source(version: string, imports = '', name = 'p'): string {
  return `${imports}
import { definePlugin } from 'loligo/plugin'
globalThis.runs = (globalThis.runs ?? 0) + 1
export const plugin = definePlugin({ name: '${name}', version: ${version} + ' ' + globalThis.runs, server: () => null })`
}

const runs = globalThis as { runs?: number }

function pluginsIn(t: TestContext, files: Readonly<Record<string, unknown>>) {
  runs.runs = 0
  const folder = folderWith(t, files)
  return {
    folder,
    write: (name: string, text: string) => writeFileSync(join(folder, name), text),
    /** Loads the folder once more: each unit's version and hash. */
    load: async (packages: readonly string[] = []) => {
      const section = { ...pluginFolderSection(packages.length === 0 ? folder : ''), packages }
      const configFile = join(folder, 'krakend.json')
      const { units } = await loadUnits({ section, configFile, log: recordingLog() }, { loadMs: 500 })
      return units.map(({ plugins, problems, hash }) => ({
        shown: problems[0]?.message ?? plugins.map(({ version }) => version).join(', '),
        hash,
      }))
    },
  }
}

/** What the only unit shows. */
function only(units: readonly { readonly shown: string }[]): string {
  assert.equal(units.length, 1)
  return units[0]?.shown ?? ''
}

test('a file that changed is imported anew, one that did not stays; going back runs the earlier code anew', async (t) => {
  const { write, load } = pluginsIn(t, { 'p.ts': source("'a'") })
  assert.equal(only(await load()), 'a 1')
  assert.equal(only(await load()), 'a 1')
  write('p.ts', source("'b'"))
  assert.equal(only(await load()), 'b 2')
  assert.equal(only(await load()), 'b 2')
  write('p.ts', source("'a'"))
  assert.equal(only(await load()), 'a 3')
})

test('a helper that changed is read anew, with the plugins that it is a part of', async (t) => {
  const { write, load } = pluginsIn(t, {
    'one.ts': source('text', "import { text } from './lib/text.ts'", 'one'),
    'two.ts': source("'two'", '', 'two'),
    'lib/text.ts': "export { text } from './deep/text.mjs'",
    'lib/deep/text.mjs': "export const text = 'a'",
  })
  const before = await load()
  assert.deepEqual(
    before.map(({ shown }) => shown),
    ['a 1', 'two 2'],
  )
  write('lib/deep/text.mjs', "export const text = 'b'")
  const after = await load()
  assert.deepEqual(
    after.map(({ shown }) => shown),
    ['b 3', 'two 2'],
  )
  assert.notEqual(after[0]?.hash, before[0]?.hash)
  assert.equal(after[1]?.hash, before[1]?.hash)
})

test('a helper that did not change keeps its state, and is shared by old and new code', async (t) => {
  const imports = "import { seen } from './lib/seen.mjs'; seen.count++"
  const { write, load } = pluginsIn(t, {
    'one.mjs': source("'one ' + seen.count", imports, 'one'),
    'two.mjs': source("'two ' + seen.count", imports, 'two'),
    'lib/seen.mjs': 'export const seen = { count: 0 }',
  })
  await load()
  write('two.mjs', source("'changed ' + seen.count", imports, 'two'))
  assert.deepEqual(
    (await load()).map(({ shown }) => shown),
    ['one 1 1', 'changed 3 3'],
  )
})

test('modules that are imported later, or by a computed path, count too', async (t) => {
  const { write, load } = pluginsIn(t, {
    'later.mjs': source("(await import('./lib/later.mjs')).text"),
    'computed.mjs': source("(await import('./lib/' + 'computed.mjs')).text", '', 'q'),
    'lib/later.mjs': "export const text = 'a'",
    'lib/computed.mjs': "export const text = 'b'",
  })
  assert.deepEqual(
    (await load()).map(({ shown }) => shown),
    ['b 1', 'a 2'],
  )
  write('lib/later.mjs', "export const text = 'c'")
  write('lib/computed.mjs', "export const text = 'd'")
  assert.deepEqual(
    (await load()).map(({ shown }) => shown),
    ['d 3', 'c 4'],
  )
})

test('all code of a package folder is read anew together, also by its own names; its dependencies are not', async (t) => {
  const imports =
    "import { text } from '#text'; import { seen } from './seen.js'; import { dep } from 'dep'; seen.count++"
  const { write, load } = pluginsIn(t, {
    'p/package.json': { type: 'module', imports: { '#text': './text.js' } },
    'p/index.js': source('text + dep + seen.count', imports),
    'p/text.js': "export const text = 'a'",
    'p/seen.js': 'export const seen = { count: 0 }',
    'p/index.test.js': '',
    'p/node_modules/dep/package.json': { type: 'module', exports: './dep.js' },
    'p/node_modules/dep/dep.js': "export const dep = 'x'",
  })
  const [first] = await load()
  assert.equal(first?.shown, 'ax1 1')
  write('p/text.js', "export const text = 'b'")
  write('p/node_modules/dep/dep.js', "export const dep = 'y'")
  const [second] = await load()
  assert.equal(second?.shown, 'bx1 2')
  write('p/index.test.js', 'a test is no part of it')
  assert.deepEqual(await load(), [second])
})

test('an npm package that changed is imported anew, its CommonJS modules too', async (t) => {
  const { write, load } = pluginsIn(t, {
    'node_modules/acme/package.json': { name: 'acme', main: 'index.js' },
    'node_modules/acme/index.js': `const { definePlugin } = require('loligo/plugin')
      exports.plugin = definePlugin({ name: 'p', version: require('./text').text, server: () => null })`,
    'node_modules/acme/text.js': "exports.text = 'a'",
  })
  assert.equal(only(await load(['acme'])), 'a')
  write('node_modules/acme/text.js', "exports.text = 'b'")
  assert.equal(only(await load(['acme'])), 'b')
})

test('a failure is not kept: the same code is tried again, with the helpers that it failed in', async (t) => {
  const { write, load } = pluginsIn(t, {
    'p.mjs': source('text', "import { text } from './lib/needs.mjs'"),
    'lib/needs.mjs': `import { existsSync } from 'node:fs'
if (!existsSync(new URL('../secret.txt', import.meta.url))) throw new Error('no secret')
export const text = 'a'`,
  })
  assert.match(only(await load()), /no secret$/)
  write('secret.txt', '')
  assert.equal(only(await load()), 'a 1')
})

const mistakes: readonly (readonly [title: string, text: string, message: RegExp])[] = [
  ['a syntax error', 'let a = 1\nlet b = {{{', /^syntax error at line 2: /],
  ['a top level that throws', '\nthrow new RangeError("no")', /^threw while it was loaded at line 2: RangeError: no$/],
  ['a missing module', "import './gone.mjs'", /^imports the module '.*\/gone\.mjs', which is not there$/],
  ['a missing export', "\nimport { no } from 'loligo/plugin'", /does not provide an export named 'no' at line 2$/],
]

for (const extension of ['ts', 'mjs']) {
  for (const [title, text, message] of mistakes) {
    test(`what is wrong with changed code is told with its line: ${title} in .${extension}`, async (t) => {
      const { folder, write, load } = pluginsIn(t, { [`p.${extension}`]: source("'a'") })
      await load()
      write(`p.${extension}`, text)
      const shown = only(await load())
      assert.match(shown, message)
      assert.doesNotMatch(shown.replace(folder, ''), /\?v=/)
      write(`p.${extension}`, source("'c'"))
      assert.equal(only(await load()), 'c 2')
    })
  }
}

test('a mounted ConfigMap whose link moves to the same code changes nothing, to other code everything', async (t) => {
  const { folder, load } = pluginsIn(t, {
    '..1/p.mjs': source("'a'"),
    '..2/p.mjs': source("'a'"),
    '..3/p.mjs': source("'b'"),
  })
  const turnTo = (version: string) => {
    symlinkSync(version, join(folder, '..next'))
    renameSync(join(folder, '..next'), join(folder, '..data'))
  }
  turnTo('..1')
  symlinkSync('..data/p.mjs', join(folder, 'p.mjs'))
  const [first] = await load()
  assert.equal(first?.shown, 'a 1')
  turnTo('..2')
  rmSync(join(folder, '..1'), { recursive: true })
  assert.deepEqual(await load(), [first])
  turnTo('..3')
  assert.equal(only(await load()), 'b 2')
})

test('what is wrong behind a link is told with the line, and the file as it lies in the folder', async (t) => {
  const { folder, load } = pluginsIn(t, { '.real/p.mjs': '\nthrow new Error("no")' })
  symlinkSync('.real/p.mjs', join(folder, 'p.mjs'))
  assert.equal(only(await load()), 'threw while it was loaded at line 2: Error: no')
  const section = pluginFolderSection(folder)
  await assert.rejects(loadPlugins({ section, log: recordingLog(), lenient: false }), ({ message }: Error) =>
    message.startsWith(`${join(folder, 'p.mjs')}: threw while`),
  )
})

test('the fingerprint of a gateway’s code follows the code of all units', async (t) => {
  const { folder, write } = pluginsIn(t, {
    'p.mjs': source("'a'"),
    'q/package.json': {},
    'q/index.mjs': source("'a'", '', 'q'),
  })
  const fingerprint = async () => {
    const host = await loadPlugins({ section: pluginFolderSection(folder), log: recordingLog(), lenient: false })
    await host.close()
    return host.codeFingerprint
  }
  const first = await fingerprint()
  assert.match(first, /^[0-9a-f]{12}$/)
  assert.equal(await fingerprint(), first)
  write('q/index.mjs', source("'b'", '', 'q'))
  const second = await fingerprint()
  assert.notEqual(second, first)
  mkdirSync(join(folder, 'lib'))
  write('lib/unused.mjs', '')
  assert.equal(await fingerprint(), second)
})
