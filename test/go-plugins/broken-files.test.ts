import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { createGuestOwner } from '../../src/plugins/runtimes/go/guest-owner.ts'
import { createLogger, DEFAULT_LOGGING } from '../../src/telemetry/logging.ts'
import { withoutGo } from '../support/go-plugin.ts'
import { startBackend } from '../support/start-backend.ts'
import { startGateway } from '../support/start-gateway.ts'
import { CONFINED, zooConfig, zooFolder } from './zoo/start-zoo.ts'

// What keeps a file of a Go plugin from being loaded: the start is refused and says why; with `--lenient` the rest serves.

async function start(t: TestContext, folder: string, lenient = false) {
  const upstream = await startBackend(t, { '*': { json: { a: 1 } } })
  const guests = createGuestOwner({ log: createLogger(DEFAULT_LOGGING, () => {}), print: () => {}, startMs: 3000 })
  t.after(() => guests.close())
  const { endpoints } = zooConfig(folder, upstream.url)
  const plugin = { folder, pattern: '', defaults: CONFINED }
  const plain = (endpoints as { endpoint: string }[]).filter(({ endpoint }) => ['/plain', '/good'].includes(endpoint))
  return await startGateway(t, { listen_ip: '127.0.0.1', plugin, endpoints: plain }, { guests, lenient })
}

/** A folder with the bystander, and with another of these contents. */
async function folderOf(t: TestContext, name: string, change: (file: string) => void): Promise<string> {
  const folder = await zooFolder(t, 'bystander', 'faults')
  const file = join(folder, name)
  renameSync(join(folder, 'faults.wasm'), file)
  change(file)
  return folder
}

const STARTS = [
  ['init-panic', /init-panic\.wasm: could not be started: .*exit code 2 \(panic: as it was asked to\)/],
  ['init-exit', /init-exit\.wasm: could not be started: .*exit code 3/],
  ['init-goroutine', /init-goroutine\.wasm: could not be started: .*\(panic: in the background\)/],
  ['init-memory', /init-memory\.wasm: could not be started: .*\(runtime: out of memory/],
  ['init-spin', /init-spin\.wasm: could not be started: it computed for more than 300 ms without a pause/],
  [
    'init-block',
    /init-block\.wasm: could not be started: it ended with exit code 2 \(fatal error: all goroutines are asleep/,
  ],
  ['init-sleep', /init-sleep\.wasm: could not be started: its plugins were not registered after \d+ ms/],
  ['register-panic', /register-panic\.wasm: its server plugins could not be registered: as it was asked to/],
  ['register-exit', /register-exit\.wasm: could not be started: it ended with exit code 3/],
] as const

describe('a plugin that does wrong while it is loaded', { skip: withoutGo, concurrency: 2 }, () => {
  for (const [name, message] of STARTS) {
    test(`${name}: the start is refused; leniently the others serve`, async (t) => {
      const folder = await folderOf(t, `${name}.wasm`, () => {})
      await assert.rejects(start(t, folder), message)
      const { request } = await start(t, folder, true)
      assert.equal((await request('/good')).status, 200)
    })
  }
})

const OTHER_KIND = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

describe('a file that is no plugin', { skip: withoutGo }, () => {
  const refused = async (t: TestContext, message: RegExp, change: (file: string) => void) => {
    const folder = await folderOf(t, 'broken.wasm', change)
    await assert.rejects(start(t, folder), message)
    const { request } = await start(t, folder, true)
    assert.equal((await request('/good')).status, 200)
  }

  test('an empty one', (t) => refused(t, /broken\.wasm/, (file) => writeFileSync(file, '')))

  test('one that is cut off', (t) =>
    refused(t, /broken\.wasm/, (file) => writeFileSync(file, readFileSync(file).subarray(0, 1_000_000))))

  test('WebAssembly of another kind', (t) =>
    refused(t, /no plugin that "loligo plugin build" has made/, (file) =>
      writeFileSync(file, Uint8Array.from(OTHER_KIND)),
    ))

  test('one whose code is damaged', (t) =>
    refused(t, /broken\.wasm: could not be started: .*/, (file) => {
      const bytes = readFileSync(file)
      bytes.fill(0xff, 3_000_000, 3_001_000)
      writeFileSync(file, bytes)
    }))

  test('one that is something else altogether', (t) =>
    refused(t, /broken\.wasm/, (file) => copyFileSync(import.meta.filename, file)))
})
