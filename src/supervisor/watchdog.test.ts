import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { CodeTable } from '../shared/code-table.ts'
import type { Scheduling } from '../shared/scheduling.ts'
import { createLogger, DEFAULT_LOGGING } from '../telemetry/logging.ts'
import { Watchdog, type Watched } from './watchdog.ts'

const LIMIT_MS = 200

describe('Watchdog', () => {
  test('a thread that beats is left alone; one that has stopped is ended, with what it ran', async (t) => {
    const { watchdog, thread, beat, ended } = watchOne(t)
    const beating = setInterval(beat, 10)
    await new Promise((resolve) => setTimeout(resolve, 2 * LIMIT_MS))
    assert.equal(ended.reason, null)
    clearInterval(beating)
    thread.code.add({ type: 'site', number: 7, text: 'plugin "a", server at [PLUGIN: Server]' })
    new Int32Array(thread.pulse)[2] = 7
    assert.match(await ended.promise, /^it stood still for \d\.\d s in plugin "a", server at \[PLUGIN: Server\]$/)
    watchdog.forget(thread)
  })

  test('one that has not begun is not waited for', async (t) => {
    const { ended } = watchOne(t)
    await new Promise((resolve) => setTimeout(resolve, 2 * LIMIT_MS))
    assert.equal(ended.reason, null)
  })

  test('time in which it waited for a processor does not count', async (t) => {
    const startedAt = performance.now()
    const starved = () => ({ ranMs: 5, waitedMs: performance.now() - startedAt })
    const { beat, ended } = watchOne(t, starved)
    beat()
    await new Promise((resolve) => setTimeout(resolve, 4 * LIMIT_MS))
    assert.equal(ended.reason, null)
  })

  test('nor does time in which the supervisor itself was not on time', async (t) => {
    const { beat, ended } = watchOne(t)
    beat()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * LIMIT_MS)
    await new Promise(setImmediate)
    await new Promise((resolve) => setTimeout(resolve, LIMIT_MS / 4))
    beat()
    assert.equal(ended.reason, null)
  })

  test('one that computes is told from one that waits', async (t) => {
    const startedAt = performance.now()
    const { beat, ended } = watchOne(t, () => ({ ranMs: performance.now() - startedAt, waitedMs: 0 }))
    beat()
    assert.match(await ended.promise, /^it stood still for \d\.\d s \(computing\), and no plugin is known to have run$/)
    const other = watchOne(t, () => ({ ranMs: 5, waitedMs: 0 }))
    other.beat()
    assert.match(await other.ended.promise, / \(waiting\), and no plugin/)
  })

  test('a limit of 0 watches nothing', (t) => {
    const watchdog = new Watchdog({ limitMs: 0, log: createLogger(DEFAULT_LOGGING, (line) => t.diagnostic(line)) })
    assert.equal(watchdog.beatMs, 0)
  })
})

/** A thread that there is not: the inspector finds nothing of it. */
function watchOne(t: TestContext, schedulingOf: () => Scheduling | null = () => null) {
  const { promise, resolve } = Promise.withResolvers<string>()
  const ended = { promise, reason: null as string | null }
  const log = createLogger(DEFAULT_LOGGING, (line) => t.diagnostic(line))
  const watchdog = new Watchdog({ limitMs: LIMIT_MS, log, schedulingOf })
  const pulse = new SharedArrayBuffer(16)
  const thread: Watched = {
    name: 'gateway thread 0',
    threadId: 4711,
    pulse,
    code: new CodeTable(),
    end(reason) {
      ended.reason = reason
      watchdog.forget(thread)
      resolve(reason)
    },
  }
  watchdog.watch(thread)
  t.after(() => watchdog.forget(thread))
  return { watchdog, thread, beat: () => void Atomics.add(new Int32Array(pulse), 0, 1), ended }
}
