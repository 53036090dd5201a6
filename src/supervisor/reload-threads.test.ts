import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_LOGGING } from '../telemetry/logging.ts'
import { emptyConfig } from './test-fixtures/config.ts'
import { shares, start } from './test-fixtures/start.ts'

describe('reload', () => {
  test('lets all threads serve the next generation and closes the one before, once in each', async (t) => {
    const { log, supervisor, reload, generations } = await start(t, 2)
    assert.equal(await reload(), 2)
    assert.deepEqual(await generations(), [2])
    await log.shows(/closed 1 in/, 2)
    const { generation, threads } = supervisor.counters()
    assert.equal(generation, 2)
    assert.deepEqual(
      threads.map((thread) => [thread.index, thread.generation, thread.generations]),
      [
        [0, 2, 1],
        [1, 2, 1],
      ],
    )
    assert.equal(log.count(/closed/), 2)
    assert.equal(log.count(/INFO: built for/), 2, 'one thread speaks at the start, one at the reload')
  })

  for (const [fault, message] of [
    ['throw', /the plugin "auth" is not there/],
    ['exit', /^the trial thread ended while it built: it called process\.exit\(7\)$/],
    ['never', /^the trial thread ended while it built: it waited for a promise that nothing can settle any more$/],
    ['hang', /^the trial thread was not done after 2000 ms with building/],
    ['throw beside', /one of two does not build/],
    ['exit beside', /^gateway thread \d ended while it built: it called process\.exit\(8\)$/],
    ['hang beside', /^gateway thread \d was not done after 2000 ms with building/],
  ] as const) {
    test(`fails and changes nothing when the next generation fails by "${fault}"`, { skip: !shares }, async (t) => {
      const { log, supervisor, reload, generations } = await start(
        t,
        2,
        {},
        fault.startsWith('hang') ? { buildLimitMs: 2000 } : {},
      )
      await assert.rejects(reload({ extra: { 'test/build': fault } }), { name: 'ReloadRefused', message })
      assert.deepEqual(await generations(), [1])
      assert.equal(supervisor.counters().generation, 1)
      // The one that had built it closes it.
      if (fault.endsWith('beside')) await log.shows(/closed 2 in/)
      if (fault === 'exit beside') await log.shows(/serves again/)
      assert.equal(log.count(/closed 1 in/), 0)
      assert.equal(await reload(), 3)
      assert.deepEqual(await generations(), [3])
    })
  }

  test('takes threads along that died of something else, even when all did', async (t) => {
    const { log, get, reload, generations } = await start(t, 1)
    await assert.rejects(get('/exit'))
    await log.shows(/serves again/)
    await assert.rejects(get('/exit'))
    await log.shows(/it is replaced in 100 ms/)
    assert.equal(await reload(), 2)
    await log.shows(/serves again(.*\n)*.*serves again/)
    assert.deepEqual(await generations(), [2])
  })

  test('ends a thread that is starting and does not come to serve, and says why', async (t) => {
    const limit = { buildLimitMs: 1000 }
    const { log, get, reload, generations } = await start(t, 1, { extra: { 'test/build': 'hang beside' } }, limit)
    await assert.rejects(get('/exit'))
    await log.shows(/built for(.*\n)*.*it is replaced now/)
    assert.equal(await reload(), 2)
    await log.shows(/gateway thread 0 ended: it did not serve within 1000 ms; it is replaced/)
    await log.shows(/serves again/)
    assert.deepEqual(await generations(), [2])
  })

  test('a thread that dies afterwards is replaced with the generation that counts', async (t) => {
    const { log, get, reload, generations } = await start(t, 1)
    await reload()
    await assert.rejects(get('/exit'))
    await log.shows(/serves again/)
    assert.deepEqual(await generations(), [2])
  })

  test('two that are asked for at once come one after the other', async (t) => {
    const { reload, generations } = await start(t, 1)
    assert.deepEqual(await Promise.all([reload(), reload()]), [2, 3])
    assert.deepEqual(await generations(), [3])
  })

  test('is given up when the gateway stops', async (t) => {
    const { supervisor, reload } = await start(t, 1)
    const refused = assert.rejects(reload({ extra: { 'test/build': 'hang' } }), { name: 'ReloadRefused' })
    await new Promise(setImmediate) // the trial has begun
    await supervisor.stop()
    await refused
  })

  test('the next generation logs as its configuration says', async (t) => {
    const { log, supervisor } = await start(t, 1)
    assert.equal(log.count(/DEBUG: built/), 1)
    await supervisor.reload({ config: emptyConfig(), logging: { ...DEFAULT_LOGGING, level: 'ERROR' } })
    assert.equal(log.count(/DEBUG: built/), 1)
  })

  test('keeps cells that stay in use, and forgets those that only former generations used', async (t) => {
    const { log, supervisor, reload } = await start(t, 1, { extra: { 'test/cell': 'a' } })
    const { cells } = supervisor.counters()
    for (let generation = 2; generation < 6; generation++) {
      await reload({ extra: { 'test/cell': `options ${generation}` } })
      await log.shows(new RegExp(`closed ${generation - 1} in`))
    }
    await assert.rejects(reload({ extra: { 'test/cell': 'other', 'test/build': 'throw' } }))
    assert.equal(supervisor.counters().cells, cells)
  })
})
