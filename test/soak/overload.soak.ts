import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { LoadReport } from './load-messages.ts'
import { type SoakGateway, startSoakGateway } from './soak-gateway.ts'
import { startLoad, startUpstream } from './start-load.ts'
import { tellLatencies } from './tell.ts'

const SECONDS = 15
/** Requests at once that the gateway takes on, and connections that clients have. */
const LIMIT = 100
const CONNECTIONS = 1000

/** Six calls for each request, so that the work is in the gateway and not in the load. */
async function start(t: TestContext): Promise<SoakGateway> {
  const upstream = await startUpstream(t)
  const backend = Array.from({ length: 6 }, (_, i) => ({ host: [upstream], url_pattern: '/', group: `g${i}` }))
  const config = {
    version: 3,
    listen_ip: '127.0.0.1',
    max_concurrent_requests: LIMIT,
    extra_config: { router: { disable_access_log: true } },
    endpoints: [{ endpoint: '/x', backend }],
  }
  return await startSoakGateway(t, { 'krakend.json': config }, ['--threads', '1'])
}

async function load(
  t: TestContext,
  { port }: SoakGateway,
  rate: number,
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

test('three times what can be sustained', { timeout: 180_000 }, async (t) => {
  const gateway = await start(t)
  await load(t, gateway, 500, 16, 4, 'warm-up')
  const { perSecond: capacity } = await load(t, gateway, 6_000, 50, 4, 'as much as 50 connections ask for')
  const rssBefore = gateway.rssMb()
  const readings: number[] = []
  const reader = setInterval(() => readings.push(gateway.rssMb()), 500)
  const over = await load(t, gateway, Math.round(capacity * 3), CONNECTIONS, SECONDS, 'three times that')
  clearInterval(reader)
  const after = await load(t, gateway, Math.round(capacity / 3), 50, 4, 'a third of it, at once behind')
  t.diagnostic(`capacity ${capacity.toFixed(0)} per second; under three times of it ${over.perSecond.toFixed(0)}`)
  t.diagnostic(`under overload: ${JSON.stringify(over.statuses)} of ${over.due} that were due`)
  t.diagnostic(`memory: ${rssBefore.toFixed(0)} MB before, at most ${Math.max(...readings).toFixed(0)} MB`)
  assert.deepEqual(Object.keys(over.statuses).sort(), ['200', '503'])
  assert.deepEqual([after.lost, after.statuses], [0, { 200: after.due }])
  assert.ok(over.perSecond > capacity / 2, 'most of the capacity goes into answers')
  assert.ok(Math.max(...readings) < rssBefore + 150, 'the memory is bounded')
})
