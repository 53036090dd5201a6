import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const LAUNCHER = fileURLToPath(new URL('../../bin/loligo.js', import.meta.url))

/** Makes the launcher believe that it runs on Node 18, which has no execve either. */
const FIRST_IS_OLD = `if (!process.env.LOLIGO_LAUNCHED) {
  Object.defineProperty(process, 'versions', { value: { node: '18.0.0' } })
  process.execve = undefined
}`
const ALL_ARE_OLD = `Object.defineProperty(process, 'versions', { value: { node: '18.0.0' } })`

function launch(
  t: TestContext,
  args: readonly string[],
  preload = '',
  env: Record<string, string | undefined> = {},
  launcher = LAUNCHER,
) {
  const nodeArgs = preload === '' ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`]
  const child = spawn(process.execPath, [...nodeArgs, launcher, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const end = once(child, 'close').then(([code]) => ({ code, output }))
  return { child, end }
}

describe('bin/loligo.js', () => {
  test('runs the command line and passes its exit code', async (t) => {
    const { code, output } = await launch(t, ['frobnicate']).end
    assert.equal(code, 255)
    assert.match(output, /unknown command "frobnicate"/)
  })

  test('on an old Node looks for a new one and passes its exit code', async (t) => {
    const env = { LOLIGO_NODE: process.execPath }
    const { code, output } = await launch(t, ['check', '--frobnicate'], FIRST_IS_OLD, env).end
    assert.equal(code, 255)
    assert.match(output, /unknown flag: --frobnicate/)
  })

  test('passes signals on to the Node that it found', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'loligo-launcher-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const config = join(folder, 'krakend.json')
    writeFileSync(config, JSON.stringify({ version: 3, listen_ip: '127.0.0.1' }))
    const env = { LOLIGO_NODE: process.execPath, LOLIGO_THREADS: '1' }
    const { child, end } = launch(t, ['run', '-c', config, '-p', '0'], FIRST_IS_OLD, env)
    for (let log = ''; !log.includes('Listening on port'); ) log += (await once(child.stdout, 'data'))[0]
    child.kill('SIGTERM')
    const { code, output } = await end
    assert.equal(code, 0)
    assert.match(output, /Signal intercepted: terminated/)
  })

  test('says what to do when there is no Node that is new enough', async (t) => {
    const { code, output } = await launch(t, ['version'], ALL_ARE_OLD, { LOLIGO_NODE: process.execPath }).end
    assert.equal(code, 1)
    assert.match(output, /^Loligo needs Node 26 or newer; this is v.*\nInstall it .*LOLIGO_NODE\.\n$/)
  })

  test('says what is wrong with LOLIGO_NODE', async (t) => {
    const { code, output } = await launch(t, ['version'], FIRST_IS_OLD, { LOLIGO_NODE: '/nowhere/node' }).end
    assert.equal(code, 1)
    assert.match(output, /^\/nowhere\/node cannot be started: .*ENOENT.*\nInstall it /)
  })

  describe('of a package', () => {
    test('keeps compiled code in the cache folder of the user', async (t) => {
      const { launcher, home } = installed(t)
      const { code, output } = await launch(t, ['run'], '', { ...NO_CACHE, HOME: home }, launcher).end
      assert.deepEqual({ code, output }, { code: 0, output: 'run\n' })
      assert.equal(readdirSync(join(home, '.cache/loligo')).length, 1)
    })

    test('prefers XDG_CACHE_HOME', async (t) => {
      const { launcher, home } = installed(t)
      const env = { ...NO_CACHE, HOME: '/nowhere', XDG_CACHE_HOME: home }
      assert.equal((await launch(t, ['run'], '', env, launcher).end).code, 0)
      assert.deepEqual(readdirSync(home), ['loligo'])
    })

    for (const HOME of ['/proc/nowhere', '', 'relative']) {
      test(`runs without a cache when HOME is "${HOME}"`, async (t) => {
        const { launcher } = installed(t)
        const { code, output } = await launch(t, ['run'], '', { ...NO_CACHE, HOME }, launcher).end
        assert.deepEqual({ code, output }, { code: 0, output: 'run\n' })
      })
    }
  })
})

/** Variables of the test run that would decide where compiled code goes. */
const NO_CACHE = { NODE_COMPILE_CACHE: undefined, NODE_DISABLE_COMPILE_CACHE: undefined, XDG_CACHE_HOME: undefined }

/** The launcher as a package holds it, with a program that says what it was given, and an empty home. */
function installed(t: TestContext): { launcher: string; home: string } {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-installed-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const name of ['bin', 'dist', 'home']) mkdirSync(join(folder, name))
  const launcher = join(folder, 'bin/loligo.js')
  copyFileSync(LAUNCHER, launcher)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'dist/cli.js'), 'console.log(process.argv.slice(2).join(" "))')
  return { launcher, home: join(folder, 'home') }
}
