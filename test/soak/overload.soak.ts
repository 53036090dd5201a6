import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { LoadReport } from './load-messages.ts'
import { type SoakGateway, startSoakGateway } from './soak-gateway.ts'
import { startLoad, startUpstream } from './start-load.ts'
import { tellLatencies } from './tell.ts'

const SECONDS = 15

interface Case {
  readonly name: string
  readonly limits: object
  /** What a plugin computes in each request, in milliseconds; 0: there is no plugin. */
  readonly workMs: number
  /** How many calls a request makes. */
  readonly calls: number
  readonly connections: number
  /** What part of its capacity the gateway keeps at least. */
  readonly keeps: number
}

const CASES: readonly Case[] = [
  { name: 'default limits', limits: {}, workMs: 1, calls: 1, connections: 3_500, keeps: 0.85 },
  {
    name: 'a limit of 100',
    limits: { max_concurrent_requests: 100 },
    workMs: 1,
    calls: 1,
    connections: 1_000,
    keeps: 0.85,
  },
  // To refuse costs a tenth of what an answer costs here, and the load takes a part of both cores.
  {
    name: 'cheap requests',
    limits: { max_concurrent_requests: 100 },
    workMs: 0,
    calls: 6,
    connections: 1_000,
    keeps: 0.3,
  },
]

async function start(t: TestContext, { limits, workMs, calls }: Case): Promise<SoakGateway> {
  const upstream = await startUpstream(t)
  const works = `import { definePlugin } from 'loligo/plugin'
    const request = () => { for (const end = performance.now() + ${workMs}; performance.now() < end; ); }
    export const works = definePlugin({ name: 'works', modifier: () => ({ request }) })`
  const modifier = { 'plugin/req-resp-modifier': { name: ['works'] } }
  const backend = Array.from({ length: calls }, (_, i) => ({
    ...{ host: [upstream], url_pattern: '/', group: `g${i}` },
    ...(workMs > 0 ? { extra_config: modifier } : {}),
  }))
  const config = {
    version: 3,
    listen_ip: '127.0.0.1',
    plugin: { folder: './plugins', pattern: '.js' },
    ...limits,
    extra_config: { router: { disable_access_log: true } },
    endpoints: [{ endpoint: '/x', backend }],
  }
  return await startSoakGateway(t, { 'krakend.json': config, 'plugins/works.js': works }, ['--threads', '1'])
}

async function load(
  t: TestContext,
  { port }: SoakGateway,
  rate: number | null,
  connections: number,
  seconds: number,
  label: string,
): Promise<LoadReport & { readonly perSecond: number }> {
  const running = await startLoad(t, { port, paths: ['/x'], rate, connections, fresh: false })
  running.label(label)
  const startedAt = performance.now()
  await delay(seconds * 1000)
  const report = await running.stop()
  const perSecond = (report.statuses[200] ?? 0) / ((performance.now() - startedAt) / 1000)
  tellLatencies(t, report)
  return { ...report, perSecond }
}

for (const each of CASES) {
  test(`three times what can be sustained, ${each.name}`, { timeout: 180_000 }, async (t) => {
    const gateway = await start(t, each)
    await load(t, gateway, 200, 16, 4, 'warm-up')
    const { perSecond: capacity } = await load(t, gateway, null, 50, 4, 'as much as 50 connections get')
    const rssBefore = gateway.rssMb()
    const readings: number[] = []
    const reader = setInterval(() => readings.push(gateway.rssMb()), 500)
    const over = await load(t, gateway, Math.round(capacity * 3), each.connections, SECONDS, 'three times that')
    clearInterval(reader)
    const after = await load(t, gateway, Math.round(capacity / 3), 50, 4, 'a third of it, at once behind')
    t.diagnostic(`capacity ${capacity.toFixed(0)} per second; under three times of it ${over.perSecond.toFixed(0)}`)
    t.diagnostic(`under overload: ${JSON.stringify(over.statuses)} of ${over.due} that were due`)
    t.diagnostic(`memory: ${rssBefore.toFixed(0)} MB before, at most ${Math.max(...readings).toFixed(0)} MB`)
    assert.deepEqual([Object.keys(over.statuses).sort(), over.lost], [['200', '503'], 0])
    assert.deepEqual([after.lost, after.statuses], [0, { 200: after.due }])
    assert.ok(over.perSecond > capacity * each.keeps, 'most of the capacity goes into answers')
    assert.ok(Math.max(...readings) < rssBefore + 150, 'the memory is bounded')
  })
}
