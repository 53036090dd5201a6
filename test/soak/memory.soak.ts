import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { LoadReport } from './load-messages.ts'
import { createReadings } from './readings.ts'
import { startSoakGateway } from './soak-gateway.ts'
import { stampsBody, stampsConfig, stampsPlugin } from './stamps.ts'
import { startLoad, startUpstream } from './start-load.ts'
import { tellLatencies } from './tell.ts'

/**
 * By how much the later readings may be above the earlier ones: V8 gives memory back when it likes, and the allocator
 * keeps what it may need again. A generation that stayed would cost far more: see ENDPOINTS.
 */
const TOLERANCE = 1.1

/** So many that a generation that is not let go is seen: about 1.5 MB in two threads, 460 MB more after 300 reloads. */
const ENDPOINTS = 60

async function start(t: TestContext) {
  const upstream = await startUpstream(t)
  const config = (version: number) => {
    const made = stampsConfig(upstream, version)
    const more = Array.from({ length: ENDPOINTS }, (_, index) => ({ ...made.endpoints[0], endpoint: `/more/${index}` }))
    return { ...made, endpoints: [...made.endpoints, ...more] }
  }
  const files = { 'krakend.json': config(0), 'plugins/stamps.ts': stampsPlugin(0) }
  const gateway = await startSoakGateway(t, files)
  return { gateway, config, load: { port: gateway.port, paths: ['/v'] } }
}

test('500 reloads of changed options: the memory does not grow', { timeout: 600_000 }, async (t) => {
  const { gateway, config, load: plan } = await start(t)
  const load = await startLoad(t, { ...plan, rate: 100, connections: 8, fresh: false })
  const rss = createReadings()
  const startedAt = performance.now()
  for (let version = 1; version <= 500; version++) {
    gateway.write('krakend.json', config(version))
    const { reloaded, lines } = await gateway.reload()
    assert.ok(reloaded, lines.join('\n'))
    rss.add(gateway.rssMb())
  }
  const tookMs = performance.now() - startedAt
  assert.equal(await gateway.get('/v'), stampsBody(0, 500))
  const report = await load.stop()
  const [early, late] = [rss.median(100, 200), rss.median(400, 500)]
  t.diagnostic(`500 reloads, ${Math.round(tookMs / 500)} ms each; ${report.due} requests`)
  rss.tell(t, 'resident memory', 25)
  t.diagnostic(`median after 100 to 200: ${early.toFixed(0)} MB, after 400 to 500: ${late.toFixed(0)} MB`)
  tellLatencies(t, report)
  assertAllAnswered(report)
  assert.ok(late <= early * TOLERANCE, `${early} MB became ${late} MB`)
})

function assertAllAnswered({ due, answered, statuses, problems }: LoadReport): void {
  assert.deepEqual(problems, [])
  assert.deepEqual({ answered, statuses }, { answered: due, statuses: { 200: due } })
}
