import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { type SoakGateway, startSoakGateway } from './soak-gateway.ts'
import { startLoad, startUpstream } from './start-load.ts'
import { tellLatencies } from './tell.ts'

const RATE = 500
const SECONDS = 60
/** The upstream closes what it did not need for so long; then no connection to it is left. */
const UPSTREAM_IDLE_MS = 2_000

/** Of 100 calls of the wild plugin: 10 throw, 5 are slow, 5 reject late, 2 never settle, 3 leave a promise that rejects. */
const PLUGINS = `import { threadId } from 'node:worker_threads'
import { definePlugin } from 'loligo/plugin'

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function misbehave(store, next) {
  const turn = store.increment('turn') % 100
  const fate = turn < 10 ? 'throws' : turn < 15 ? 'slow' : turn < 20 ? 'late' : turn < 22 ? 'hangs' : turn < 25 ? 'stray' : 'fine'
  store.increment(fate)
  if (fate === 'throws') throw new Error('one of ten')
  if (fate === 'slow') await wait(50)
  if (fate === 'hangs') await new Promise(() => {})
  const response = await next()
  if (fate === 'late') {
    await wait(20)
    throw new Error('too late')
  }
  if (fate === 'stray') void wait(10).then(() => Promise.reject(new Error('nobody waits for this')))
  return response
}

const KINDS = ['requests', 'answers', 'throws', 'slow', 'late', 'hangs', 'stray', 'fine']

export const wild = definePlugin({
  name: 'wild',
  server: (_, { store }) => (next) => async (request, context) => {
    if (request.path === '/__counts') return { body: Object.fromEntries(KINDS.map((kind) => [kind, store.count(kind)])) }
    if (request.path === '/__left') {
      const kinds = Object.entries(Object.groupBy(process.getActiveResourcesInfo(), (kind) => kind))
      return { body: { thread: threadId, ...Object.fromEntries(kinds.map(([kind, all]) => [kind, all.length])) } }
    }
    store.increment('requests')
    const response = await next(request, context)
    store.increment('answers')
    return response
  },
  middleware: (_, { store }) => (next) => (request, context) => misbehave(store, () => next(request, context)),
  client: (_, { store }) => (next) => (request, context) => misbehave(store, () => next(request, context)),
})

export const tame = definePlugin({
  name: 'tame',
  server: () => (next) => (request, context) => next(request, context),
  middleware: () => (next) => (request, context) => next(request, context),
  modifier: () => ({ request() {}, response() {} }),
  client: () => (next) => (request, context) => next(request, context),
})
`

interface Counts {
  readonly [kind: string]: number
}

test('chains with a plugin that misbehaves: all counts add up, and nothing is left', {
  timeout: 180_000,
}, async (t) => {
  const gateway = await start(t)
  await load(t, gateway, 5, 'warm-up')
  const before = await whatIsLeft(gateway, null)
  const known = await counts(gateway)
  const startedAt = performance.now()
  const report = await load(t, gateway, SECONDS, 'measured')
  const seconds = (performance.now() - startedAt) / 1000
  t.diagnostic(`${report.due} requests in ${seconds.toFixed(0)} s: ${JSON.stringify(report.statuses)}`)
  tellLatencies(t, report)
  const after = await counts(gateway)
  const did = Object.fromEntries(Object.entries(after).map(([kind, count]) => [kind, count - (known[kind] ?? 0)]))
  t.diagnostic(`what the plugins counted: ${JSON.stringify(did)}`)
  const { throws = 0, late = 0, hangs = 0, slow = 0, stray = 0, fine = 0 } = did
  assert.deepEqual(report.problems, [])
  assert.deepEqual(did, { ...did, requests: report.due, answers: report.due })
  assert.equal(throws + late + hangs + slow + stray + fine, report.due)
  assert.deepEqual(report.statuses, { 200: slow + stray + fine, 500: throws + late + hangs })
  assert.equal(gateway.count(/gateway thread \d+ ended/), 0)

  const left = await whatIsLeft(gateway, before)
  t.diagnostic(`before: ${JSON.stringify(before)}`)
  t.diagnostic(`after: ${JSON.stringify(left)}`)
  assert.deepEqual(left, before)
  gateway.signal('SIGTERM')
  const { code, output } = await gateway.end
  assert.equal(code, 0)
  const served = Number(/(\d+) requests were served/.exec(output)?.[1])
  assert.ok(served >= report.due, `${served} requests were served`)
})

async function start(t: TestContext): Promise<SoakGateway> {
  const upstream = await startUpstream(t, UPSTREAM_IDLE_MS)
  const named = (...name: readonly string[]) => ({ name })
  const endpoint = (path: string, middlewares: readonly string[], clients: readonly string[]) => ({
    endpoint: path,
    timeout: '300ms',
    extra_config: { 'plugin/middleware': named(...middlewares), 'plugin/req-resp-modifier': named('tame') },
    backend: [
      {
        host: [upstream],
        url_pattern: '/',
        extra_config: { 'plugin/req-resp-modifier': named('tame'), 'plugin/http-client': named(...clients) },
      },
    ],
  })
  return await startSoakGateway(t, {
    'krakend.json': {
      version: 3,
      listen_ip: '127.0.0.1',
      plugin: { folder: 'plugins', pattern: '' },
      extra_config: {
        router: { disable_access_log: true },
        'plugin/http-server': named('tame', 'wild', 'tame'),
      },
      endpoints: [
        endpoint('/around', ['tame', 'wild', 'tame'], ['tame', 'tame']),
        endpoint('/within', ['tame', 'tame'], ['tame', 'wild', 'tame']),
      ],
    },
    'plugins/chain.ts': PLUGINS,
  })
}

async function load(t: TestContext, { port }: SoakGateway, seconds: number, label: string) {
  const running = await startLoad(t, { port, paths: ['/around', '/within'], rate: RATE, connections: 64, fresh: false })
  running.label(label)
  await delay(seconds * 1000)
  return await running.stop()
}

async function counts(gateway: SoakGateway): Promise<Counts> {
  return JSON.parse(await gateway.get('/__counts')) as Counts
}

interface Left {
  readonly descriptors: number
  /** What keeps each thread's event loop alive, by thread. */
  readonly threads: readonly Counts[]
}

/** Waits until it is as it was before, or, the first time, until no connection to the upstream is left; 10 s at most. */
async function whatIsLeft(gateway: SoakGateway, before: Left | null): Promise<Left> {
  await delay(before === null ? 2 * UPSTREAM_IDLE_MS : 0)
  let left = await look(gateway)
  for (let tries = 0; tries < 20 && before !== null && !isDeepStrictEqual(left, before); tries++) {
    await delay(500)
    left = await look(gateway)
  }
  return left
}

async function look(gateway: SoakGateway): Promise<Left> {
  const threads = new Map<number, Counts>()
  while (threads.size < 2) {
    const { thread = 0, ...kinds } = JSON.parse(await gateway.get('/__left')) as Counts
    threads.set(thread, kinds)
  }
  await delay(100) // its own connections close
  const inOrder = [...threads].sort(([a], [b]) => a - b).map(([, kinds]) => kinds)
  return { descriptors: gateway.descriptors(), threads: inOrder }
}
