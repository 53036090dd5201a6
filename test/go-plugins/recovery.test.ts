import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { PluginReport } from '../../src/features/telemetry/plugins.ts'
import { createGuestOwner } from '../../src/plugins/runtimes/go/guest-owner.ts'
import { createLogger, DEFAULT_LOGGING } from '../../src/telemetry/logging.ts'
import { withoutGo } from '../support/go-plugin.ts'
import { Lines } from '../support/lines.ts'
import { startBackend } from '../support/start-backend.ts'
import { startGateway } from '../support/start-gateway.ts'
import { type JsonObject, startThreads } from '../support/start-threads.ts'
import { type ZooOptions, zooConfig, zooFolder } from './zoo/start-zoo.ts'

// What becomes of a Go plugin whose instances end again and again, and how the gateway tells.

const EXIT = { headers: { 'X-Handler': 'exit' } }

async function start(t: TestContext, options: ZooOptions = {}, extra: JsonObject = {}) {
  const upstream = await startBackend(t, { '*': { json: { a: 1 } } })
  const folder = await zooFolder(t, 'faults', 'bystander')
  const guestLog = new Lines()
  const log = createLogger(DEFAULT_LOGGING, (line) => guestLog.add(line))
  const guests = createGuestOwner({ log, print: () => {} })
  t.after(() => guests.close())
  const config = zooConfig(folder, upstream.url, options)
  const extraConfig = { ...(config.extra_config as JsonObject), ...extra }
  const started = await startGateway(t, { ...config, extra_config: extraConfig }, { guests })
  return { ...started, guestLog, folder }
}

type Started = Awaited<ReturnType<typeof start>>

/** Ends its instance so often that the next one is started after 400 ms. */
async function wearOut({ request, guestLog }: Started): Promise<void> {
  for (let ends = 1; ends <= 4; ends++) {
    const { status } = await request('/handler', EXIT)
    assert.equal(status, 500)
    if (ends < 4) await guestLog.findAll(/another instance serves/, ends)
  }
}

describe('a plugin whose instances end again and again', { skip: withoutGo }, () => {
  test('fails at once during the pause, and the health endpoint says so until it serves again', async (t) => {
    const started = await start(t)
    const { request, guestLog } = started
    assert.equal((await request('/__health')).status, 200)
    await wearOut(started)
    const health = await request('/__health')
    assert.equal(health.status, 503)
    const { status, problems, agents } = health.json() as { status: string; problems: string[]; agents: object }
    assert.deepEqual([status, agents], ['unavailable', {}])
    assert.match(problems.join(), /^plugin faults\.wasm: it ended with exit code 3; another instance is started/)
    const from = performance.now()
    assert.equal((await request('/handler')).status, 500)
    assert.ok(performance.now() - from < 300, 'the request waited for the next instance')
    assert.equal((await request('/good')).status, 200)
    const { plugins } = (await request('/__plugins')).json() as PluginReport
    const { guest } = plugins.find(({ name }) => name === 'faults') ?? {}
    assert.deepEqual(guest, { state: 'paused', restarts: 4, reason: 'it ended with exit code 3' })
    await guestLog.findAll(/another instance serves/, 4)
    while ((await request('/__health')).status !== 200);
    assert.equal((await request('/handler')).status, 200)
  })

  test('does not hide that by standing before the health endpoint itself', async (t) => {
    const started = await start(t, {}, { 'plugin/http-server': { name: ['faults'] } })
    assert.equal((await started.request('/__health')).status, 200)
    assert.notEqual((await started.request('/__health')).header('x-born'), null)
    await wearOut(started)
    assert.equal((await started.request('/plain')).status, 500)
    assert.equal((await started.request('/__health')).status, 503)
    assert.match((await started.request('/__health')).body, /plugin faults\.wasm/)
  })
})

test('a request that comes while the next instance starts waits for it', { skip: withoutGo }, async (t) => {
  const { request, gateway } = await start(t)
  const lost = request('/handler', EXIT)
  const others = Array.from({ length: 20 }, () => request('/handler'))
  assert.equal((await lost).status, 500)
  const afterwards = await Promise.all(Array.from({ length: 20 }, () => request('/modifier')))
  for (const { status } of afterwards) assert.equal(status, 200)
  await Promise.all(others)
  assert.equal(gateway.plugins().find(({ name }) => name === 'faults')?.guest?.state, 'serves')
})

test('a factory that fails in the next instance is told, and costs nobody else', {
  skip: withoutGo,
}, async (t) => {
  const folder = await zooFolder(t, 'bystander')
  const when = join(folder, 'fails')
  const { request, gateway, log } = await start(t, {
    own: { factory: 'error', when },
    settings: { faults: { permissions: { files: [folder] } } },
  })
  const use = () => gateway.plugins().find(({ name }) => name === 'faults')?.guest
  assert.equal((await request('/handler')).status, 200)
  writeFileSync(when, '')
  await request('/handler', EXIT)
  await log.find(/\[PLUGIN: faults\] its factory failed in the new instance: not with these settings/)
  assert.equal((await request('/handler')).status, 500)
  assert.equal(use()?.state, 'failing')
  assert.match((await request('/__health')).body, /plugin faults\.wasm: a factory of .*not with these settings/)
  assert.equal((await request('/good')).status, 200)
})

test('an instance for two threads: both lose it, both have the next', { skip: withoutGo }, async (t) => {
  const upstream = await startBackend(t, { '*': { json: { a: 1 } } })
  const folder = await zooFolder(t, 'faults', 'bystander')
  const { request, log } = await startThreads(t, zooConfig(folder, upstream.url))
  const born = (await request('/handler')).header('x-born')
  const waiting = Array.from({ length: 16 }, () => request('/handler', { headers: { 'X-Handler': 'wait' } }))
  await Promise.all(Array.from({ length: 16 }, () => request('/handler')))
  assert.equal((await request('/handler', EXIT)).status, 500)
  for (const { status } of await Promise.all(waiting)) assert.equal(status, 500)
  const next = await Promise.all(Array.from({ length: 16 }, () => request('/handler')))
  const all = new Set(next.map((answer) => answer.header('x-born')))
  assert.deepEqual([next.every(({ status }) => status === 200), all.size, all.has(born)], [true, 1, false])
  await log.find(/\[PLUGIN: faults\.wasm\] it ended with exit code 3; another instance is started at once/)
  const took = /after (\d+) ms/.exec(await log.find(/another instance serves after/))?.[1]
  assert.ok(Number(took) < 2000, `${took} ms`)
})
