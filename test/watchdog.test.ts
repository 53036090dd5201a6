import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { canSharePort } from '../src/supervisor/thread-count.ts'
import { request } from './support/client.ts'
import { type CommandRun, folderWith, runCommand } from './support/command-line.ts'
import { connections } from './support/kept-connections.ts'
import { startBackend } from './support/start-backend.ts'
import { cageWith, modifiers, zooConfigWithThreads } from './support/start-threads.ts'

// The watchdog with its default limit of 2 s, in a process of its own: only there its clock is not that of the test.

const skip = !canSharePort()

test('a thread that stands still is replaced soon after the limit; the other one answers all the time', {
  skip,
}, async (t) => {
  const { command, port } = await open(t, 'loops')
  const { bad, other } = await connections(t, port)
  let again = false
  const replaced = command.lines.find(/gateway thread \d serves again/).then(() => {
    again = true
  })
  const startedAt = performance.now()
  const cut = assert.rejects(bad('/bad'))
  let answers = 0
  for (; !again; answers++) {
    assert.equal(await other('/good'), '{"a":1}')
    await delay(5) // leaves the processors to the gateway
  }
  const tookMs = Math.round(performance.now() - startedAt)
  await Promise.all([cut, replaced])
  t.diagnostic(`replaced after ${tookMs} ms, ${answers} answers meanwhile`)
  assert.ok(answers > 10, `${answers} answers`)
  // 3 s, unless other tests have the processors: what the thread waits for them does not count.
  assert.ok(tookMs > 1800 && tookMs < 15_000, `replaced after ${tookMs} ms`)
})

test('a process that was suspended replaces nobody when it goes on', { skip }, async (t) => {
  const { command, port } = await open(t, 'loops')
  command.signal('SIGSTOP')
  await delay(3000)
  command.signal('SIGCONT')
  for (let round = 0; round < 20; round++) {
    assert.equal((await request(port, '/good')).status, 200)
    await delay(20)
  }
  assert.deepEqual(linesAbout(command, /stood still|is replaced/), [])
})

test('threads that get no processor are not replaced', { skip }, async (t) => {
  const { command, port } = await open(t, 'loops')
  const busy = Array.from({ length: 2 * availableParallelism() }, () => keepBusy(t))
  await delay(3000)
  for (const child of busy) child.kill('SIGKILL')
  assert.equal((await request(port, '/good')).status, 200)
  assert.deepEqual(linesAbout(command, /stood still|is replaced/), [])
})

test('--watchdog 0 lets a thread stand still', { skip }, async (t) => {
  const { command, port } = await open(t, 'loops', ['--watchdog', '0'])
  const { bad, other } = await connections(t, port)
  bad('/bad').catch(() => {})
  await delay(2600)
  assert.equal(await other('/good'), '{"a":1}')
  assert.deepEqual(linesAbout(command, /stood still|is replaced/), [])
})

async function open(
  t: TestContext,
  name: string,
  flags: readonly string[] = [],
): Promise<{ command: CommandRun; port: number }> {
  const upstream = await startBackend(t, { '/': { json: { a: 1 } } })
  const plugins = cageWith(t, `${name}.js`, 'tells-thread.js')
  const folder = folderWith(t, { 'krakend.json': zooConfigWithThreads(plugins, upstream.url, modifiers(name)) })
  const command = runCommand(t, folder, ['run', '-c', 'krakend.json', '-p', '0', ...flags], { LOLIGO_THREADS: '2' })
  return { command, port: await command.listening() }
}

function linesAbout({ lines }: CommandRun, pattern: RegExp): string[] {
  return lines.all.filter((line) => pattern.test(line))
}

function keepBusy(t: TestContext): ChildProcess {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
  t.after(() => child.kill('SIGKILL'))
  return child
}
