import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { formatDiagnostic, loadConfigObject } from '../../src/config/load.ts'
import { buildGateway } from '../../src/gateway/build.ts'
import { features } from '../../src/gateway/pipeline.ts'
import { Context } from '../../src/pipes/context.ts'
import { HeaderList } from '../../src/pipes/headers.ts'
import { HttpRequest, HttpResponse } from '../../src/pipes/http.ts'
import { wholeBody } from '../../src/pipes/whole-body.ts'
import { createGuestOwner } from '../../src/plugins/runtimes/go/guest-owner.ts'
import { createLogger, DEFAULT_LOGGING } from '../../src/telemetry/logging.ts'
import { goPluginFolder, withoutGo } from '../support/go-plugin.ts'

const REQUESTS = 1_000_000
const KILLS = 200
const CONCURRENT = 64
/** After so many requests everything is compiled and every pool is filled. */
const WARM_UP = 200_000
/** By how much the later readings may be above the earlier ones. */
const TOLERANCE = 1.1
const SOURCES = join(import.meta.dirname, '../go-plugins/zoo/faults')

interface Stats {
  readonly sys: number
  readonly heap: number
  readonly goroutines: number
}

/** A gateway without sockets: the same plugin as a handler and as both sorts of modifiers at one endpoint. */
async function start(t: TestContext) {
  const folder = await goPluginFolder(t, { faults: SOURCES })
  const silent = createLogger({ ...DEFAULT_LOGGING, level: 'CRITICAL' }, () => {})
  const guests = createGuestOwner({ log: silent, print: () => {}, healthyMs: 0 })
  const extra = {
    'plugin/http-server': { name: ['faults'] },
    'plugin/req-resp-modifier': { name: ['faults-request', 'faults-response'] },
  }
  const backend = [{ url_pattern: '/', host: ['http://127.0.0.1:9100'] }]
  const { config, diagnostics } = await loadConfigObject(
    {
      version: 3,
      plugin: { folder, pattern: '' },
      endpoints: [{ endpoint: '/', timeout: '10s', input_headers: ['*'], extra_config: extra, backend }],
    },
    { features },
  )
  assert.ok(config !== null, diagnostics.map(formatDiagnostic).join('\n'))
  const handle = async () => {
    await Promise.resolve()
    return new HttpResponse(200, new HeaderList(['Content-Type', 'application/json']), Buffer.from('{"a":1,"b":"two"}'))
  }
  const client = { handle, close: async () => {} }
  const gateway = await buildGateway(config, { log: silent, accessLog: null, guests, client })
  t.after(async () => {
    await gateway.close()
    await guests.close()
  })
  gateway.begin()
  const ask = async (fault = ''): Promise<{ status: number; body: Buffer | null }> => {
    const context = new Context(performance.now(), '127.0.0.1')
    const headers = ['Host', 'gateway', 'User-Agent', 'soak', ...(fault === '' ? [] : ['X-Handler', fault])]
    const response = await gateway.handle(
      new HttpRequest('GET', '/', new HeaderList(headers), null, '', '127.0.0.1'),
      context,
    )
    const body = fault === '' ? null : await wholeBody(response, context)
    context.finish()
    return { status: response.status, body }
  }
  return { ask, restarts: () => gateway.plugins()[0]?.guest?.restarts ?? -1 }
}

test('a million requests through one instance: its memory stays as it is', {
  skip: withoutGo,
  timeout: 600_000,
}, async (t) => {
  const { ask, restarts } = await start(t)
  const stats = async () => JSON.parse(String((await ask('stats')).body)) as Stats
  const readings: (Stats & { rss: number })[] = []
  const from = performance.now()
  let [sent, failed] = [0, 0]
  while (sent < REQUESTS) {
    const until = sent + REQUESTS / 20
    const client = async (): Promise<void> => {
      while (sent < until) {
        sent++
        if ((await ask()).status !== 200) failed++
      }
    }
    await Promise.all(Array.from({ length: CONCURRENT }, client))
    readings.push({ ...(await stats()), rss: process.memoryUsage.rss() })
  }
  const seconds = (performance.now() - from) / 1000
  const mb = (value: 'sys' | 'heap' | 'rss') => readings.map((each) => (each[value] / 2 ** 20).toFixed(0)).join(' ')
  t.diagnostic(`${REQUESTS} requests in ${seconds.toFixed(0)} s, ${CONCURRENT} at once, 3 calls of the plugin each`)
  t.diagnostic(`the guest's memory, MB, after every ${REQUESTS / 20}th: ${mb('sys')}; its heap: ${mb('heap')}`)
  t.diagnostic(`resident memory of the process, MB: ${mb('rss')}`)
  t.diagnostic(`goroutines: ${readings.map(({ goroutines }) => goroutines).join(' ')}`)
  assert.deepEqual({ failed, restarts: restarts() }, { failed: 0, restarts: 0 })
  const warm = readings.slice(WARM_UP / (REQUESTS / 20))
  for (const value of ['sys', 'rss', 'goroutines'] as const) {
    const [early, late] = [median(warm.slice(0, 5), value), median(warm.slice(-5), value)]
    assert.ok(late <= early * TOLERANCE, `${value}: ${early} became ${late}`)
  }
})

test('200 instances that end in a row: each has a successor, and nothing is left of them', {
  skip: withoutGo,
  timeout: 300_000,
}, async (t) => {
  const { ask, restarts } = await start(t)
  const faults = ['exit', 'goroutine', 'close-63', 'memory']
  const took: number[] = []
  const rss: number[] = []
  const descriptors: number[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const others = Array.from({ length: 8 }, () => ask())
    assert.equal((await ask(faults[kill % faults.length])).status, 500)
    const from = performance.now()
    assert.equal((await ask()).status, 200)
    took.push(performance.now() - from)
    await Promise.all(others)
    rss.push(process.memoryUsage.rss() / 2 ** 20)
    descriptors.push(readdirSync('/proc/self/fd').length)
  }
  assert.equal(restarts(), KILLS)
  took.sort((a, b) => a - b)
  const at = (part: number) => took[Math.floor(part * (took.length - 1))]?.toFixed(0)
  t.diagnostic(
    `${KILLS} ends; the next answer after a median of ${at(0.5)} ms, 99 % within ${at(0.99)} ms, at most ${at(1)} ms`,
  )
  t.diagnostic(
    `resident memory, MB, after every 20th: ${rss
      .filter((_, i) => i % 20 === 19)
      .map((mb) => mb.toFixed(0))
      .join(' ')}`,
  )
  t.diagnostic(`open descriptors: ${descriptors[19]} after 20, ${descriptors.at(-1)} after ${KILLS}`)
  const middle = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN
  const [early, late] = [middle(rss.slice(40, 80)), middle(rss.slice(-40))]
  assert.ok(late <= early * TOLERANCE, `${early} MB became ${late} MB`)
  assert.ok((descriptors.at(-1) ?? 0) <= (descriptors[19] ?? 0) + 5)
})

function median(readings: readonly (Stats & { rss: number })[], value: 'sys' | 'rss' | 'goroutines'): number {
  const sorted = readings.map((each) => each[value]).sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
