import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canSharePort } from '../src/supervisor/thread-count.ts'
import { request } from './support/client.ts'
import { folderWith, runCommand } from './support/command-line.ts'

const THREADS = canSharePort() ? 2 : 1

const PLUGIN = `
import { threadId } from 'node:worker_threads'
import { definePlugin } from 'loligo/plugin'

export const shared = definePlugin({
  name: 'shared',
  server: async (_, { counter, every, store }) => {
    const asked = counter('asked')
    counter('made').add()
    store.increment('made')
    let ticks = 0
    every(1, () => void ticks++)
    return (next) => async (request, context) => {
      if (request.path === '/__plugins') return next(request, context)
      asked.add()
      const [, what, key = ''] = request.path.split('/')
      const value =
        what === 'count' ? store.increment(key)
        : what === 'once' ? await store.setIfAbsent(key, { thread: threadId })
        : what === 'get' ? await store.get(key)
        : what === 'stands' ? store.count(key)
        : ticks
      return { body: { thread: threadId, value: value ?? null } }
    }
  },
})
`

test('values and counters are those of all threads, exactly, and outlive a reload', { timeout: 30_000 }, async (t) => {
  const folder = folderWith(t, {
    'krakend.json': {
      version: 3,
      listen_ip: '127.0.0.1',
      plugin: { folder: './plugins/', pattern: '' },
      extra_config: { 'plugin/http-server': { name: ['shared'] }, 'telemetry/plugins': {} },
    },
    'plugins/shared.ts': PLUGIN,
  })
  const gateway = runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0'], { LOLIGO_THREADS: String(THREADS) })
  const port = await gateway.listening()
  const ask = async (path: string) => {
    const { thread, value } = JSON.parse((await request(port, path)).body)
    return { thread, value } as { thread: number; value: never }
  }
  const askOften = (path: string, times: number) => Promise.all(Array.from({ length: times }, () => ask(path)))

  const counted = await askOften('/count/a', 200)
  const inOrder = counted.map(({ value }) => value).sort((a, b) => a - b)
  assert.deepEqual(
    inOrder,
    Array.from({ length: 200 }, (_, i) => i + 1),
  )
  assert.equal(new Set(counted.map(({ thread }) => thread)).size, THREADS)

  const tries = await askOften('/once/a', 40)
  assert.equal(tries.filter(({ value }) => value).length, 1)
  const winner = tries.find(({ value }) => value)?.thread
  for (const { value } of await askOften('/get/a', 20)) assert.deepEqual(value, { thread: winner })

  gateway.signal('SIGHUP')
  await gateway.lines.find(/generation 2 serves/)
  assert.equal((await ask('/count/a')).value, 201)
  assert.deepEqual((await ask('/get/a')).value, { thread: winner })
  // The trial of the reload has made an instance too: what that wrote is gone with it.
  assert.equal((await ask('/stands/made')).value, 2 * THREADS)
  const report = JSON.parse((await request(port, '/__plugins')).body) as { metrics: { name: string; value: number }[] }
  assert.equal(report.metrics.find(({ name }) => name === 'made')?.value, 2 * THREADS)
  gateway.signal('SIGTERM')
  assert.equal((await gateway.end).code, 0)
})
