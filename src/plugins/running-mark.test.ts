import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostWith, httpRequest, innerHttp, newContext, SERVICE } from '../../test/support/plugin-host.ts'
import { type CodeEntry, CodeTable } from '../shared/code-table.ts'
import { RunningCode, runningSite } from '../shared/running-code.ts'

test('each call of a hook leaves its mark while it runs, also around others, and takes it away', async (t) => {
  const table = new CodeTable()
  const files: string[] = []
  const running = new RunningCode(new Int32Array(2), (entry: CodeEntry) => {
    table.add(entry)
    if (entry.type === 'file') files.push(...entry.file.plugins)
  })
  const { host } = await hostWith(t, 'well-behaved.ts', { running })
  assert.ok(files.includes('mark') && files.includes('two'))
  const stage = await host.server({ name: ['mark', 'one'] }, SERVICE)
  const now = () => runningSite(table, running.slots)
  assert.equal(now(), null, 'the factories are over')

  const { next } = innerHttp()
  const seen: unknown[] = []
  const handle = stage?.((request) => {
    seen.push(now())
    return next(request)
  })
  const answer = handle?.(httpRequest(), newContext())
  seen.push(now())
  await answer
  assert.deepEqual(seen, ['plugin "mark", server at [PLUGIN: Server]', null])
})

test('a hook that throws leaves no mark', async (t) => {
  const running = new RunningCode()
  const { host } = await hostWith(t, 'misbehaves.js', { running })
  const stage = await host.server({ name: ['throws-error'] }, SERVICE)
  await stage?.(innerHttp().next)(httpRequest(), newContext())
  assert.equal(running.slots[0], 0)
})

test('an error that a plugin causes outside of its hooks counts as one of its errors', async (t) => {
  const running = new RunningCode()
  const { host } = await hostWith(t, 'well-behaved.ts', { running })
  const stage = await host.server({ name: ['mark'] }, SERVICE)
  stage?.(innerHttp().next)
  running.countStrayError('mark')
  running.countStrayError('nobody')
  assert.equal(host.counters().find(({ name }) => name === 'mark')?.hooks.server?.errors, 1)
})
