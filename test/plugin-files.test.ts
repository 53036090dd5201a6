import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { runCommandLine } from '../src/cli/index.ts'
import { folderWith } from './support/command-line.ts'

/** Runs a command in this process; everything that it writes, in one text. `DIR` in the line is the folder. */
async function type(t: TestContext, files: Readonly<Record<string, unknown>>, line: string) {
  const folder = folderWith(t, files)
  let output = ''
  const write = (text: string) => {
    output += text
  }
  const args = line.replaceAll('DIR', folder).split(' ')
  const code = await runCommandLine(args, { out: write, err: write, env: {} })
  return { code, output: output.replaceAll(folder, 'DIR').replaceAll(/ in [\d.]+[mµ]?s/g, ' in TIME') }
}

const plugin = (name: string, kinds: string) =>
  `import { definePlugin } from 'loligo/plugin'\nexport const it = definePlugin({ name: '${name}', ${kinds} })\n`

const FILES = {
  'server.mjs': plugin('s', 'server: () => null'),
  'my-server.mjs': 'throw new Error("must not be loaded with server.mjs")',
  'both.ts': plugin('b', 'modifier: () => null, middleware: () => null'),
  'broken.mjs': 'export const nothing = 1\n',
  'old.so': '',
  'unit/package.json': { type: 'module', exports: './main.js' },
  'unit/main.js': plugin('u', 'client: () => null'),
}

describe('test-plugin', () => {
  const cases: readonly (readonly [line: string, code: number, output: string | RegExp])[] = [
    ['-s DIR/server.mjs', 0, '[OK] SERVER\tserver.mjs\n[OK] 1 tested plugin(s) in TIME\n'],
    ['--client DIR/unit', 0, '[OK] CLIENT\tunit\n[OK] 1 tested plugin(s) in TIME\n'],
    ['-wm DIR/both.ts', 0, '[OK] MODIFIER\tboth.ts\n[OK] MIDDLEWARE\tboth.ts\n[OK] 1 tested plugin(s) in TIME\n'],
    [
      '-cms DIR/server.mjs DIR/both.ts',
      1,
      '[OK] SERVER\tserver.mjs\n' +
        '[KO] MODIFIER\tserver.mjs: The plugin does not contain a ModifierRegisterer.\n' +
        '[KO] CLIENT\tserver.mjs: The plugin does not contain a ClientRegisterer.\n' +
        '[KO] SERVER\tboth.ts: The plugin does not contain a HandlerRegisterer.\n' +
        '[OK] MODIFIER\tboth.ts\n' +
        '[KO] CLIENT\tboth.ts: The plugin does not contain a ClientRegisterer.\n' +
        '[KO] 2 tested plugin(s) in TIME.\n2 plugin(s) failed.\n',
    ],
    [
      '-s DIR/absent.ts DIR/server.mjs',
      1,
      '[KO] Unable to open the plugin DIR/absent.ts.\n[OK] SERVER\tserver.mjs\n' +
        '[KO] 2 tested plugin(s) in TIME.\n1 plugin(s) failed.\n',
    ],
    ['-s DIR/broken.mjs', 1, /^\[KO\] SERVER\tbroken\.mjs: exports no plugin .*\n\[KO\] 1 tested/],
    ['-s DIR/old.so', 1, /^\[KO\] SERVER\told\.so: is a Go shared object.*\n\[KO\] 1 tested/],
    ['-s', 1, 'At least one plugin is required.\n'],
    ['DIR/server.mjs', 1, 'You must declare the expected type of the plugin.\n'],
    ['-x DIR/server.mjs', 255, /unknown shorthand flag: 'x' in -x/],
    ['--help', 0, /--server .*--modifier .*--client .*--middleware /s],
  ]
  for (const [line, wanted, expected] of cases) {
    test(line, async (t) => {
      const { code, output } = await type(t, FILES, `test-plugin ${line}`)
      if (typeof expected === 'string') assert.equal(output, expected)
      else assert.match(output, expected)
      assert.equal(code, wanted)
    })
  }
})

describe('check-plugin', () => {
  const GO = {
    'go.sum': 'a.test/x v1.0.0 h1:a=\na.test/x v1.0.0/go.mod h1:b=\na.test/y v0.2.0/go.mod h1:c=\n',
    'go.mod': 'module a.test/plugin\n\ngo 1.22\n',
    'without/go.sum': 'a.test/x v1.0.0 h1:a=\n',
    'broken/go.sum': '',
    'broken/go.mod': 'modul a.test/plugin\n',
  }
  const cases: readonly (readonly [line: string, code: number, output: RegExp])[] = [
    [
      '-s DIR/go.sum',
      0,
      /^2 modules in DIR\/go\.sum: they become part of the plugin.*\nNo incompatibilities found!\n$/,
    ],
    ['-f --sum DIR/go.sum', 0, /No incompatibilities found!\n$/],
    [
      '-g 1.22.11 -l MUSL-1.2.5 -s DIR/go.sum',
      0,
      /Go version 1\.22\.11 .*\n.*libc MUSL-1\.2\.5\.\nNo incompatibilities found!\n$/,
    ],
    ['-v 1.20 -s DIR/go.sum', 0, /Go version 1\.20 /],
    ['-s DIR/missing/go.sum', 1, /^open DIR\/missing\/go\.sum: no such file or directory\n$/],
    ['-s DIR/without', 1, /^open DIR\/without: is a directory\n$/],
    ['-f -s DIR/without/go.sum', 1, /^reading go\.mod: open DIR\/without\/go\.mod: no such file or directory\n$/],
    ['-f -s DIR/broken/go.sum', 1, /^parsing go\.mod: DIR\/broken\/go\.mod: no module declaration\n$/],
    ['--help', 0, /--format.*--go.*--libc.*--sum/s],
    ['--frobnicate', 255, /unknown flag: --frobnicate/],
  ]
  for (const [line, wanted, expected] of cases) {
    test(line, async (t) => {
      const { code, output } = await type(t, GO, `check-plugin ${line}`)
      assert.match(output, expected)
      assert.equal(code, wanted)
    })
  }
})
