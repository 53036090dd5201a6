import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { folderWith, runCommand } from '../support/command-line.ts'
import { keepConnection } from '../support/kept-connections.ts'
import { startBackend } from '../support/start-backend.ts'
import { cageWith, modifiers, zooConfigWithThreads } from '../support/start-threads.ts'

const BUSY_MS = 10_000

test('with two busy processes for each core no thread is replaced, and every request is answered', async (t) => {
  const upstream = await startBackend(t, { '/': { json: { a: 1 } } })
  const plugins = cageWith(t, 'throws.js', 'tells-thread.js')
  const folder = folderWith(t, { 'krakend.json': zooConfigWithThreads(plugins, upstream.url, modifiers('throws')) })
  const command = runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0'], { LOLIGO_THREADS: '4' })
  const connections = await Promise.all(
    Array.from({ length: 16 }, async () => keepConnection(t, await command.listening())),
  )
  const busy = Array.from({ length: 2 * availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  )
  t.after(() => busy.forEach((child) => void child.kill('SIGKILL')))
  const endsAt = performance.now() + BUSY_MS
  let answers = 0
  await Promise.all(
    connections.map(async (get) => {
      for (; performance.now() < endsAt; answers++) {
        assert.equal(await get('/good'), '{"a":1}')
        await delay(5)
      }
    }),
  )
  t.diagnostic(`${answers} answers`)
  assert.deepEqual(
    command.lines.all.filter((line) => /stood still|is replaced/.test(line)),
    [],
  )
})
