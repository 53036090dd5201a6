import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { typeCommand } from '../../test/support/type-command.ts'

const type = (line: string, env?: Record<string, string>) => typeCommand(line === '' ? [] : line.split(' '), env)

function writeConfig(t: TestContext, content: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-cli-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'krakend.json')
  writeFileSync(file, JSON.stringify(content))
  return file
}

const WITH_PLUGINS = { plugin: { folder: join(import.meta.dirname, '../../examples/getting-started/plugins') } }
const BACKEND = { host: ['http://127.0.0.1:80'], url_pattern: '/x' }

describe('help', () => {
  for (const line of ['', 'help', '--help', '-h']) {
    test(`"${line}" lists the commands on standard output`, async () => {
      const { code, out, err } = await type(line)
      assert.equal(code, 0)
      assert.match(out, /Version: \d.*check .*\(also: validate\)\n.*help .*\n.*run .*\n.*version /s)
      assert.equal(err, '')
    })
  }

  for (const line of ['help run', 'run --help', 'run -h', 'run -c none.json --help']) {
    test(`"${line}" lists the flags of run`, async () => {
      const { code, out, err } = await type(line)
      assert.equal(code, 0)
      assert.match(
        out,
        /loligo run \[flags\].*-c, --config FILE .*-d, --debug .*-p, --port PORT .*--threads N .*--lenient .*-h, --help /s,
      )
      assert.equal(err, '')
    })
  }
})

describe('what cannot be understood exits with 255, says why on both outputs and shows the usage', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['frobnicate', 'unknown command "frobnicate" for "loligo"'],
    ['help frobnicate', 'unknown command "frobnicate" for "loligo"'],
    ['--frobnicate=1 run', 'unknown flag: --frobnicate'],
    ['-x', "unknown shorthand flag: 'x' in -x"],
    ['check --frobnicate', 'unknown flag: --frobnicate'],
    ['run -x', "unknown shorthand flag: 'x' in -x"],
    ['run -c', "flag needs an argument: 'c' in -c"],
    ['run -p 65536 -c x', 'invalid argument "65536" for "-p, --port" flag: want a number from 0 to 65535'],
    ['run --port=http -c x', 'invalid argument "http" for "-p, --port" flag: want a number from 0 to 65535'],
    ['run --threads 0 -c x', 'invalid argument "0" for "--threads" flag: want a number from 1 to 128'],
    ['run --watchdog 5 -c x', 'invalid argument "5" for "--watchdog" flag: the unit is missing after 5'],
    ['run --watchdog 10ms -c x', 'invalid argument "10ms" for "--watchdog" flag: it must be 0, or 100ms or more'],
  ]
  for (const [line, message] of cases) {
    test(line, async () => {
      const { code, out, err } = await type(line)
      assert.equal(code, 255)
      assert.equal(out, `${message}\n`)
      assert.ok(err.startsWith(`Error: ${message}\nUsage:\n  loligo `), err)
    })
  }

  test('LOLIGO_THREADS that is no number', async () => {
    const { code, out } = await type('run -c x', { LOLIGO_THREADS: 'all' })
    assert.equal(code, 255)
    assert.match(out, /"all" for the environment variable LOLIGO_THREADS/)
  })

  test('LOLIGO_WATCHDOG that is no duration', async () => {
    const { code, out } = await type('run -c x', { LOLIGO_WATCHDOG: 'never' })
    assert.equal(code, 255)
    assert.match(out, /"never" for the environment variable LOLIGO_WATCHDOG/)
  })
})

test('version tells the versions on standard error', async () => {
  const { code, out, err } = await type('version')
  assert.equal(code, 0)
  assert.equal(out, '')
  assert.match(err, /^Loligo Version: \d\S+\nNode Version: \d\S+\nCompatible KrakenD Version: \d\S+\n$/)
})

for (const command of ['run', 'check', 'validate', 'run --config=']) {
  test(`${command} without a file says which flag names it`, async () => {
    const { code, err } = await type(command)
    assert.equal(code, 1)
    assert.match(err, /^Please, provide the path to the configuration file with --config or see all the options/)
  })
}

describe('check', () => {
  test('accepts a valid file', async (t) => {
    const file = writeConfig(t, { version: 3, endpoints: [{ endpoint: '/a', backend: [BACKEND] }] })
    const { code, err } = await type(`check -c ${file}`)
    assert.equal(err, `Parsing configuration file: ${file}\nSyntax OK!\n`)
    assert.equal(code, 0)
  })

  test('reads the environment', async (t) => {
    const file = writeConfig(t, { version: 3 })
    const { code, err } = await type(`check -c ${file}`, { KRAKEND_TIMEOUT: '2 seconds' })
    assert.equal(code, 1)
    assert.match(err, /ERROR parsing the configuration file:\t.*KRAKEND_TIMEOUT/)
  })

  test('lists every error', async (t) => {
    const file = writeConfig(t, { version: 3, timeout: 'soon', endpoints: [{ endpoint: '/b', backend: [] }] })
    const { code, err } = await type(`validate --config ${file}`)
    assert.equal(code, 1)
    assert.match(err, /ERROR parsing the configuration file:\t.*timeout.*\/b.*0 backends/s)
    assert.doesNotMatch(err, /Syntax OK/)
  })

  test('shows warnings, and accepts the file', async (t) => {
    const file = writeConfig(t, { version: 3, timeuot: '1s' })
    const { code, err } = await type(`check -c ${file}`)
    assert.equal(code, 0)
    assert.match(err, /\nWARNING .*timeuot.*\nSyntax OK!\n$/s)
  })

  test('shows what a plugin does not know among its options, as a warning', async (t) => {
    const options = { name: ['request-id'], 'request-id': { heder: 'X-Id' } }
    const file = writeConfig(t, { version: 3, ...WITH_PLUGINS, extra_config: { 'plugin/http-server': options } })
    const { code, err } = await type(`check -c ${file}`)
    assert.equal(code, 0)
    assert.match(err, /\nWARNING \[PLUGIN: request-id\] .*"heder" is not known .*\nSyntax OK!\n$/)
  })

  test('names the place of a plugin that nobody provides', async (t) => {
    const named = { extra_config: { 'plugin/http-server': { name: ['requestid'] } } }
    const file = writeConfig(t, { version: 3, ...WITH_PLUGINS, ...named })
    const { code, err } = await type(`check -c ${file}`)
    assert.equal(code, 1)
    const place = `${file}:1:[0-9]+: error: extra_config."plugin/http-server".name`
    assert.match(err, new RegExp(`${place}: no server plugin "requestid"; .*\n +did you mean "request-id"`, 'i'))
  })

  test('says which arguments it does not use', async (t) => {
    const { err } = await type(`check -c ${writeConfig(t, { version: 3 })} other.json`)
    assert.match(err, /^WARNING ignoring what is not a flag: other\.json\n/)
  })
})

test('run refuses an unusable file with 255', async (t) => {
  const { code, err } = await type(`run -c ${writeConfig(t, { version: 2 })}`)
  assert.equal(code, 255)
  assert.match(err, /^ERROR parsing the configuration file: .*krakend\.json.*unsupported version: 2 \(want: 3\)/)
})
