import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { folderWith } from '../support/command-line.ts'
import { startBackend } from '../support/start-backend.ts'
import { type JsonObject, type StartedThreads, startThreads } from '../support/start-threads.ts'
import { PLACES, stampsConfig, stampsPlugin } from './stamps.ts'

/**
 * Lets every generation have a request under way when the next one takes its place, so that all of them live at once,
 * then answers these requests. Asserts how many generations and instances of plugins there are before and after.
 */
export async function holdGenerations(t: TestContext, reloads: number): Promise<void> {
  const held: ServerResponse[] = []
  const upstream = await startBackend(t, { '*': (_, response) => void held.push(response) })
  const folder = folderWith(t, { 'plugins/stamps.ts': stampsPlugin(0) })
  const configFor = (version: number): JsonObject => ({
    ...stampsConfig(upstream.url, version),
    ...{ timeout: '1h', plugin: { folder: `${folder}/plugins/`, pattern: '' } },
  })
  const gateway = await startThreads(t, configFor(0), {})
  const threads = gateway.supervisor.counters().threads.length
  assert.deepEqual(await countAll(gateway), { generations: threads, instances: PLACES * threads })

  const answers: Promise<{ readonly status: number; readonly body: string }>[] = []
  for (let version = 1; version <= reloads; version++) {
    answers.push(gateway.request('/v'))
    while (held.length < version) await delay(1)
    await gateway.reload(configFor(version))
  }
  const all = threads + reloads
  await settles(gateway, { generations: all, instances: PLACES * all })
  t.diagnostic(`${reloads} requests under way on as many generations: ${all} gateways, ${PLACES * all} instances`)

  // Not in the order in which they came: every third one first.
  const released = held.map((response, at) => ({ response, at })).sort((a, b) => (a.at % 3) - (b.at % 3))
  for (const { response } of released) response.setHeader('Content-Type', 'application/json').end('{"a":1}')
  const bodies = await Promise.all(answers)
  assert.deepEqual(
    bodies.map(({ body }) => (JSON.parse(body) as { readonly within: string }).within),
    Array.from({ length: reloads }, (_, version) => `0.${version}`),
    'each on the generation that it began on',
  )
  await settles(gateway, { generations: threads, instances: PLACES * threads })
  for (const { generations } of gateway.supervisor.counters().threads) assert.equal(generations, 1)
}

interface Count {
  /** Gateways that live, over all threads. */
  readonly generations: number
  /** Instances of plugins that are open, over all threads. */
  readonly instances: number
}

async function countAll({ supervisor, request }: StartedThreads): Promise<Count> {
  const generations = supervisor.counters().threads.reduce((sum, thread) => sum + thread.generations, 0)
  return { generations, instances: Number((await request('/__open')).body) }
}

/** A generation closes soon after its last answer. */
async function settles(gateway: StartedThreads, expected: Count): Promise<void> {
  let count = await countAll(gateway)
  for (let tries = 0; tries < 100 && !isDeepStrictEqual(count, expected); tries++) {
    await delay(20)
    count = await countAll(gateway)
  }
  assert.deepEqual(count, expected)
}
