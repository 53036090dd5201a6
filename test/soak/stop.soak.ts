import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { LoadReport } from './load-messages.ts'
import { startSoakGateway } from './soak-gateway.ts'
import { startLoad, startUpstream } from './start-load.ts'

const ROUNDS = 10
const RATE = 2000

/** A gateway that is told to stop amid its work, and what its clients saw of it. */
async function stopUnderLoad(t: TestContext, upstream: string, fresh: boolean): Promise<LoadReport> {
  const endpoints = [{ endpoint: '/x', backend: [{ host: [upstream], url_pattern: '/' }] }]
  const router = { disable_access_log: true }
  const config = { version: 3, listen_ip: '127.0.0.1', extra_config: { router }, endpoints }
  const gateway = await startSoakGateway(t, { 'krakend.json': config })
  const load = await startLoad(t, {
    port: gateway.port,
    paths: ['/x'],
    rate: RATE,
    connections: 64,
    fresh,
    patienceMs: 500,
  })
  await delay(1500)
  gateway.signal('SIGTERM')
  const { code, output } = await gateway.end
  assert.equal(code, 0, output)
  return await load.stop()
}

for (const [title, fresh] of [
  ['on connections that are kept', false],
  ['each on a connection of its own', true],
] as const) {
  test(`SIGTERM under ${RATE} requests per second ${title}, ${ROUNDS} times`, { timeout: 300_000 }, async (t) => {
    const upstream = await startUpstream(t)
    let answered = 0
    let unanswered = 0
    for (let round = 0; round < ROUNDS; round++) {
      const report = await stopUnderLoad(t, upstream, fresh)
      assert.deepEqual(Object.keys(report.statuses), ['200'])
      answered += report.answered
      unanswered += report.unanswered
    }
    t.diagnostic(`${answered} requests answered; ${unanswered} sent and not answered`)
    if (!fresh) assert.equal(unanswered, 0)
  })
}
