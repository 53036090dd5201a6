import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startSoakGateway } from './soak-gateway.ts'
import { stampsConfig, stampsPlugin } from './stamps.ts'
import { startLoad, startUpstream } from './start-load.ts'
import { tellLatencies } from './tell.ts'

const SUSPENDED_MS = 5_000

test('a process that is suspended for 5 s under load, three times: nobody is replaced, no request fails', async (t) => {
  const upstream = await startUpstream(t)
  const files = {
    'krakend.json': { ...stampsConfig(upstream, 0), timeout: '20s' },
    'plugins/stamps.ts': stampsPlugin(0),
  }
  const gateway = await startSoakGateway(t, files)
  const load = await startLoad(t, { port: gateway.port, paths: ['/v'], rate: 200, connections: 32, fresh: false })
  for (let round = 0; round < 3; round++) {
    load.label('running')
    await delay(2_000)
    load.label('suspended')
    gateway.signal('SIGSTOP')
    await delay(SUSPENDED_MS)
    gateway.signal('SIGCONT')
    await delay(1_000)
  }
  await delay(3_000)
  const report = await load.stop()
  tellLatencies(t, report)
  assert.equal(gateway.count(/stood still|is replaced/), 0)
  assert.deepEqual([report.problems, report.lost], [[], 0])
  assert.deepEqual(report.statuses, { 200: report.due })
})
