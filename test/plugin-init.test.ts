import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { runCommandLine } from '../src/cli/index.ts'
import { buildGoPlugin } from '../src/plugins/building/build.ts'
import { request } from './support/client.ts'
import { folderWith, runCommand } from './support/command-line.ts'
import { withoutGo } from './support/go-plugin.ts'

const KINDS = ['server', 'modifier', 'middleware', 'client']
const LANGUAGES = ['ts', 'js']

/** Runs a command in a process of its own. */
const run = async (t: TestContext, folder: string, ...args: string[]) => await runCommand(t, folder, args).end

/** What another program prints; it must succeed. */
async function output(folder: string, program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd: folder })
  return stdout
}

/** Runs a command in this process, as if it stood in the folder. */
async function type(folder: string, ...args: string[]): Promise<{ code: number; output: string }> {
  let output = ''
  const write = (text: string) => {
    output += text
  }
  const before = process.cwd()
  process.chdir(folder)
  try {
    return { code: await runCommandLine(args, { out: write, err: write, env: {} }), output }
  } finally {
    process.chdir(before)
  }
}

describe('a new plugin of each kind and language', () => {
  test('passes its own tests', async (t) => {
    const folder = folderWith(t, {})
    for (const kind of KINDS) {
      for (const language of LANGUAGES) {
        const made = await type(folder, 'plugin', 'init', kind, `${kind}-${language}`, '--language', language)
        assert.equal(made.code, 0, made.output)
      }
    }
    // in one process, for what takes the time is to load the gateway
    const { code, output } = await run(t, folder, 'plugin', 'test', '.', '--', '--test-isolation=none')
    assert.equal(code, 0, output)
    assert.match(output, /ℹ pass 26\n/)
  })

  for (const kind of KINDS) {
    for (const language of LANGUAGES) {
      test(`${kind} in ${language}: all files are there, and the example is valid`, async (t) => {
        const folder = folderWith(t, {})
        await type(folder, 'plugin', 'init', kind, 'fresh', '--language', language)
        const place = join(folder, 'fresh')
        assert.deepEqual(
          new Set(readdirSync(place)),
          new Set([
            ...['README.md', 'krakend.json', 'package.json', 'tsconfig.json'],
            ...[`index.${language}`, `index.test.${language}`],
          ]),
        )
        const { code, output } = await type(place, 'check', '-c', 'krakend.json')
        assert.equal(output, 'Parsing configuration file: krakend.json\nSyntax OK!\n')
        assert.equal(code, 0)
      })
    }
  }
})

describe('a new plugin in Go', () => {
  test('is a server plugin unless another kind is named, and the next steps are told', async (t) => {
    const folder = folderWith(t, {})
    const { code, output } = await type(folder, 'plugin', 'init', 'fresh', '--language', 'go')
    assert.equal(code, 0, output)
    assert.match(
      output,
      /Wrote a server plugin in Go .*cd fresh\n.*go test.*\n.*loligo plugin build \. .*\n.*loligo run/s,
    )
    assert.deepEqual(readdirSync(join(folder, 'fresh')).sort(), ['go.mod', 'krakend.json', 'main.go', 'main_test.go'])
    const other = await type(folder, 'plugin', 'init', 'other', '-l', 'go', '--kind', 'modifier')
    assert.match(other.output, /Wrote a modifier plugin in Go/)
  })

  test('of each kind passes its own tests', { skip: withoutGo }, async (t) => {
    const folder = folderWith(t, { 'go.mod': 'module fresh\n\ngo 1.24\n' })
    for (const kind of KINDS) {
      const { output } = await type(folder, 'plugin', 'init', kind, kind, '--language', 'go')
      rmSync(join(folder, kind, 'go.mod')) // so that one run of Go tests all
      assert.match(output, new RegExp(`Wrote a ${kind} plugin in Go`))
    }
    assert.equal(await output(folder, 'gofmt', '-l', '.'), '')
    assert.match(await output(folder, 'go', 'vet', './...'), /^$/)
    assert.match(await output(folder, 'go', 'test', './...'), /^(ok\s+fresh\/\w+\s.*\n){4}$/)
  })

  test('of each kind is loaded by the configuration beside it, when it is built', { skip: withoutGo }, async (t) => {
    for (const kind of KINDS) {
      const folder = folderWith(t, {})
      await type(folder, 'plugin', 'init', kind, 'fresh', '--language', 'go')
      const place = join(folder, 'fresh')
      await buildGoPlugin({ folder: place, env: process.env })
      const { code, output } = await run(t, place, 'check', '-c', 'krakend.json')
      assert.equal(code, 0, output)
      assert.match(output, /Syntax OK!\n$/)
      const list = await run(t, place, 'plugin', 'list', '-c', 'krakend.json')
      assert.match(list.output, new RegExp(`^ {2}built of fresh with go1\\.\\S+: ${kind}$`, 'm'))
    }
  })
})

test('the example of a new plugin runs as it stands, and the folder works in a plugin folder', async (t) => {
  const folder = folderWith(t, {
    'krakend.json': {
      version: 3,
      plugin: { folder: './plugins/' },
      extra_config: { 'plugin/http-server': { name: ['timing'] } },
    },
  })
  await type(folder, 'plugin', 'init', 'server', 'timing', '--dir', 'plugins')
  for (const place of [join(folder, 'plugins/timing'), folder]) {
    const gateway = runCommand(t, place, ['run', '-c', 'krakend.json', '-p', '0'])
    const answer = await request(await gateway.listening(), '/__health')
    assert.match(answer.header('x-response-time') ?? '', /^\d+\.\dms$/)
    gateway.signal('SIGTERM')
    assert.equal((await gateway.end).code, 0)
  }
})

describe('plugin init', () => {
  test('understands the flags of the reference, and tells the next steps', async (t) => {
    const folder = folderWith(t, {})
    const { code, output } = await type(folder, 'plugin', 'init', '-n', 'sign', '-t', 'http-client', '-l', 'js')
    assert.equal(code, 0, output)
    assert.match(
      output,
      /Wrote a client plugin .*cd sign\n.*loligo plugin test.*\n.*loligo run --watch -c krakend\.json/s,
    )
    assert.match(readFileSync(join(folder, 'sign/krakend.json'), 'utf8'), /"plugin\/http-client": \{\s*"name": "sign"/)
  })

  test('overwrites nothing', async (t) => {
    const folder = folderWith(t, { 'mine/notes.txt': 'mine' })
    const { code, output } = await type(folder, 'plugin', 'init', 'server', 'mine')
    assert.equal(code, 1)
    assert.match(output, /mine is there already and not empty; nothing was written/)
    assert.deepEqual(readdirSync(join(folder, 'mine')), ['notes.txt'])
  })

  for (const [args, message] of [
    [['server', 'a', '-l', 'rust'], /no plugin can be begun in "rust": available are ts .*, js .* and go \(Go\)/],
    [['server', '-l', 'go'], /a name is required/],
    [['sever', 'a'], /unknown kind of plugin "sever": it is one of server, modifier, middleware, client/],
    [['server,client', 'a'], /begin with one, a plugin may have several/],
    [['server', '../up'], /"\.\.\/up" cannot be the name/],
    [['server', "it's"], /cannot be the name/],
    [['server'], /a name is required/],
    [[], /a kind is required/],
    [['server', 'a', 'b'], /what is "b"\?/],
  ] as const) {
    test(`refuses "${args.join(' ')}"`, async (t) => {
      const folder = folderWith(t, {})
      const { code, output } = await type(folder, 'plugin', 'init', ...args)
      assert.equal(code, 255)
      assert.match(output, message)
      assert.ok(!existsSync(join(folder, 'a')))
    })
  }
})

describe('plugin test', () => {
  const PASSES = "import { test } from 'node:test'\ntest('passes', () => {})\ntest('also', () => {})\n"
  const FAILS = "import { test } from 'node:test'\ntest('fails', () => { throw new Error('as it should') })\n"

  test('fails when a test does, and passes over packages', async (t) => {
    const folder = folderWith(t, { 'a/x.test.mjs': PASSES, 'node_modules/b/y.test.mjs': FAILS })
    assert.equal((await run(t, folder, 'plugin', 'test')).code, 0)
    writeFileSync(join(folder, 'a/z.test.mts'), FAILS)
    const { code, output } = await run(t, folder, 'plugin', 'test', '.')
    assert.equal(code, 1)
    assert.match(output, /as it should/)
  })

  test('hands on what stands behind --', async (t) => {
    const folder = folderWith(t, { 'x.test.mjs': PASSES })
    const { output } = await run(t, folder, 'plugin', 'test', '--', '--test-name-pattern=also', '--test-reporter=tap')
    assert.match(output, /# pass 1\n/)
  })

  test('says so when there is nothing to run', async (t) => {
    const folder = folderWith(t, {})
    mkdirSync(join(folder, 'empty'))
    const empty = await type(folder, 'plugin', 'test', 'empty')
    assert.equal(empty.code, 1)
    assert.match(empty.output, /no tests in empty: their files end in \.test\.ts/)
    const absent = await type(folder, 'plugin', 'test', 'absent')
    assert.equal(absent.code, 1)
    assert.match(absent.output, /absent is not a folder/)
  })

  test('the example on the page about testing passes', async (t) => {
    const page = readFileSync(join(import.meta.dirname, '../docs/plugins/testing.md'), 'utf8')
    const blocks = Array.from(page.matchAll(/^<!-- tested: (\S+) -->\n```ts\n([\s\S]*?)^```$/gm))
    const files = Object.fromEntries(blocks.map(([, name = '', text = '']) => [name, text]))
    const folder = folderWith(t, { 'package.json': { type: 'module' }, ...files })
    const { code, output } = await run(t, folder, 'plugin', 'test')
    assert.equal(code, 0, output)
    assert.match(output, /ℹ pass 1\n/)
  })
})
