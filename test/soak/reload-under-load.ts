import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { within } from '../../src/supervisor/within.ts'
import { type LoadReport, sharedNow } from './load-messages.ts'
import { type SoakGateway, startSoakGateway } from './soak-gateway.ts'
import { PLACES, stampsBody, stampsConfig, stampsPlugin } from './stamps.ts'
import { startLoad, startUpstream } from './start-load.ts'
import { tellLatencies } from './tell.ts'

export interface ReloadPlan {
  /** Requests per second. */
  readonly rate: number
  readonly connections: number
  /** Every other one is of something broken. */
  readonly reloads: number
  /** How long the load runs before the first reload, in milliseconds, to have something to compare with. */
  readonly beforeMs: number
  readonly flags?: readonly string[]
}

/** What a gateway that works answered, and when it may have. */
interface Version {
  readonly body: string
  /** Nobody can have seen it before. */
  readonly from: number
  /** Nobody who sends a request later may see it. */
  until: number
}

/** A way to break what the gateway is made of; every round breaks it anew. */
interface Fault {
  readonly name: string
  readonly files: (upstream: string, round: number) => Readonly<Record<string, unknown>>
  /** What the log must say about it. */
  readonly message: (round: number) => RegExp
}

const BROKEN = 'plugins/broken.ts'

const FAULTS: readonly Fault[] = [
  {
    name: 'bad JSON',
    files: (_, round) => ({ 'krakend.json': `${'\n'.repeat(round)}{ "version": 3,` }),
    message: (round) => new RegExp(`ERROR: krakend\\.json:${round + 1}:\\d+: the file ends`),
  },
  {
    name: 'throws at import',
    files: (_, round) => ({ [BROKEN]: `throw new Error('round ${round}')` }),
    message: (round) => new RegExp(`plugins/broken\\.ts: error: threw while it was loaded.*round ${round}$`),
  },
  {
    name: 'invalid value',
    files: (upstream, round) => ({ 'krakend.json': { ...stampsConfig(upstream, 0), timeout: `soon ${round}` } }),
    message: (round) => new RegExp(`ERROR: krakend\\.json:\\d+:\\d+: timeout: .*soon ${round}`),
  },
  {
    name: 'factory throws',
    files: (upstream, round) => ({
      [BROKEN]: `import { definePlugin } from 'loligo/plugin'
        export const broken = definePlugin({
          name: 'broken',
          server: () => { throw new Error('round ${round}') },
        })`,
      'krakend.json': stampsConfig(upstream, 0, 'broken'),
    }),
    message: (round) => new RegExp(`krakend\\.json:\\d+:\\d+: error: .*broken.*round ${round}.*broken\\.ts`),
  },
  {
    name: 'never ends at import',
    files: (_, round) => ({ [BROKEN]: `/* ${round} */ for (;;);` }),
    message: () => /the trial thread .*broken\.ts/,
  },
]

/**
 * Reloads again and again under a constant load. Every second reload is of something broken. Asserts that every request
 * was answered, by a version that served when it was sent or answered; that what is broken is told with its file and
 * reason and changes nothing; that what is good takes effect; and that nothing is left of former generations.
 */
export async function reloadUnderLoad(t: TestContext, plan: ReloadPlan): Promise<void> {
  const upstream = await startUpstream(t)
  const versions: Version[] = [{ body: stampsBody(0, 0), from: 0, until: Number.POSITIVE_INFINITY }]
  const gateway = await startSoakGateway(
    t,
    { 'krakend.json': stampsConfig(upstream, 0), 'plugins/stamps.ts': stampsPlugin(0) },
    plan.flags,
  )
  const load = await startLoad(t, { ...plan, port: gateway.port, paths: ['/v'], fresh: false })
  load.label('before')
  await delay(plan.beforeMs)
  const startedAt = performance.now()
  const current = { options: 0, code: 0 }
  for (let round = 1; round <= plan.reloads; round++) {
    if (round % 2 === 0) {
      const fault = FAULTS[(round / 2 - 1) % FAULTS.length]
      assert.ok(fault !== undefined)
      load.label(`refused: ${fault.name}`)
      await breakIt(gateway, fault, upstream, round)
      gateway.write('krakend.json', stampsConfig(upstream, current.options))
      gateway.remove(BROKEN)
    } else {
      // The code is changed less often than the options: not so often that threads get successors.
      const what = round % 6 === 5 ? 'code' : 'options'
      load.label(`reloaded: ${what}`)
      current[what] = round
      await change(gateway, upstream, current, versions)
    }
  }
  const reloadsMs = performance.now() - startedAt
  load.label('afterwards')
  await delay(plan.beforeMs / 2)
  const report = await load.stop()
  await nothingIsLeft(gateway)
  t.diagnostic(`${plan.reloads} reloads in ${(reloadsMs / 1000).toFixed(1)} s, ${report.due} requests`)
  tellLatencies(t, report)
  checkAnswers(report, versions)
  assert.equal(gateway.count(/is replaced|stood still.*gateway thread|has a successor/), 0)
  gateway.signal('SIGTERM')
  assert.equal((await gateway.end).code, 0)
}

async function breakIt(gateway: SoakGateway, fault: Fault, upstream: string, round: number): Promise<void> {
  for (const [name, content] of Object.entries(fault.files(upstream, round))) gateway.write(name, content)
  const before = gateway.count(fault.message(round))
  const { reloaded, lines } = await gateway.reload()
  assert.ok(!reloaded, `${fault.name} was taken`)
  const told = gateway.lines.findAll(fault.message(round), before + 1)
  await within(told, TOLD_MS).catch(() => assert.fail(`${fault.name}, round ${round}: ${lines.join('\n')}`))
}

async function change(
  gateway: SoakGateway,
  upstream: string,
  { options, code }: { readonly options: number; readonly code: number },
  versions: Version[],
): Promise<void> {
  const body = stampsBody(code, options)
  gateway.write('krakend.json', stampsConfig(upstream, options))
  gateway.write('plugins/stamps.ts', stampsPlugin(code))
  const from = sharedNow()
  const { reloaded, lines } = await gateway.reload()
  assert.ok(reloaded, lines.join('\n'))
  const before = versions.at(-1)
  if (before !== undefined) before.until = sharedNow()
  versions.push({ body, from, until: Number.POSITIVE_INFINITY })
  assert.equal(await gateway.get('/v'), body)
}

function checkAnswers(report: LoadReport, versions: readonly Version[]): void {
  const { due, answered, lost, closedIdle, closedAsTold, problems, statuses } = report
  assert.deepEqual(problems, [])
  assert.deepEqual({ lost, closedIdle, closedAsTold, answered }, { ...NOTHING_LOST, answered: due })
  assert.deepEqual(statuses, { 200: due })
  let newest = -1
  for (const { body, firstAt, lastSentAt } of report.bodies) {
    const at = versions.findIndex((version) => version.body === body)
    const version = versions[at]
    assert.ok(version !== undefined, `${body} was never good`)
    assert.ok(at > newest, `${body} came after its successor`)
    assert.ok(firstAt > version.from, `${body} came before it was there`)
    assert.ok(lastSentAt < version.until, `${body} came ${lastSentAt - version.until} ms after the next one served`)
    newest = at
  }
  assert.equal(newest, versions.length - 1, 'the last version was seen')
}

const NOTHING_LOST = { lost: 0, closedIdle: 0, closedAsTold: 0 }

/** The rest of a message of several lines may come a moment after its first line. */
const TOLD_MS = 2_000

/** The instances of former generations close when their last requests are answered, so this may take a moment. */
async function nothingIsLeft(gateway: SoakGateway): Promise<void> {
  const expected = String(PLACES * 2)
  for (let tries = 0; tries < 100 && (await gateway.get('/__open')) !== expected; tries++) await delay(50)
  assert.equal(await gateway.get('/__open'), expected, 'open instances')
}
