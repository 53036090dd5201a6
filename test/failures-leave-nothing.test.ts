import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { FAILING } from './support/failing-upstreams.ts'
import { startGateway } from './support/start-gateway.ts'
import { startRawBackend } from './support/start-raw-backend.ts'
import { countWaitingContexts } from './support/waiting-contexts.ts'

const FAILURES = 10_000
const AT_ONCE = 50

/** Too much work for thousands of them; `upstream-failures.test.ts` has them. */
const LARGE = /without end|bomb|nested|entities/

/** What keeps this process busy, by kind. */
function resources(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return { sockets: counts.TCPSocketWrap ?? 0, timers: counts.Timeout ?? 0, lookups: counts.GetAddrInfoReqWrap ?? 0 }
}

async function start(t: TestContext) {
  const kinds = FAILING.filter(({ title }) => !LARGE.test(title))
  const upstream = await startRawBackend(t, (peer) => {
    const index = Number(/ \/(\d+) /.exec(peer.head)?.[1])
    const kind = kinds[index]
    if (kind !== undefined) kind.answer(peer)
    else peer.socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n') // where redirects lead
  })
  const gateway = await startGateway(t, {
    ...{ host: [upstream.url], timeout: '60ms', max_decoded_bytes: 1_000_000, idle_connection_timeout: '50ms' },
    extra_config: { router: { disable_access_log: true } },
    endpoints: kinds.flatMap(({ backend = {} }, i) => {
      const call = { url_pattern: `/${i}`, ...backend }
      return [
        { endpoint: `/one/${i}`, backend: [call] },
        { endpoint: `/merged/${i}`, backend: [call, { ...call, group: 'b' }] },
        { endpoint: `/raw/${i}`, output_encoding: 'no-op', backend: [{ url_pattern: `/${i}` }] },
      ]
    }),
  })
  return { gateway, kinds }
}

test(`after ${FAILURES} failures no socket, timer or context is left`, { timeout: 120_000 }, async (t) => {
  const contexts = countWaitingContexts(t)
  const { gateway, kinds } = await start(t)
  const before = resources()
  const paths = ['one', 'merged', 'raw'].flatMap((shape) => kinds.map((_, i) => `/${shape}/${i}`))
  let next = 0
  let failed = 0
  const worker = async () => {
    while (next < FAILURES) {
      const answer = await gateway.request(paths[next++ % paths.length] ?? '').catch(() => null)
      if (answer === null || answer.status === 500) failed++
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  t.diagnostic(`${failed} of ${next} failed or broke off; ${contexts.entered} contexts`)
  assert.ok(failed > FAILURES * 0.85)
  assert.ok(contexts.entered >= FAILURES)
  // What is left ends with its time, and connections with theirs.
  while (gateway.listener.active > 0 || contexts.waiting > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  const isAsBefore = () => {
    const now = resources()
    return Object.entries(before).every(([kind, count]) => (now[kind] ?? 0) <= count)
  }
  for (let i = 0; i < 500 && !isAsBefore(); i++) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(resources(), { ...before, timers: Math.min(before.timers ?? 0, resources().timers ?? 0) })
})
