import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { canSharePort } from '../src/supervisor/thread-count.ts'
import { connections } from './support/kept-connections.ts'
import { startBackend } from './support/start-backend.ts'
import {
  cageWith,
  modifiers,
  type StartedThreads,
  startThreads,
  zooConfigWithThreads,
} from './support/start-threads.ts'

// Plugins that make a thread stand still, or end it: it is replaced, the log names the plugin, and the others serve.

const skip = !canSharePort()
const LIMIT_MS = 400

interface Case {
  readonly name: string
  readonly file: string
  readonly reason: RegExp
  /** By default `LIMIT_MS`. */
  readonly standstillMs?: number
}

const CASES: readonly Case[] = [
  {
    name: 'loops',
    file: 'loops.js',
    reason:
      /it stood still for \d\.\d s.* in plugin "loops", modifier\.request at \[ENDPOINT: \/bad\]: findPrice \(.*loops\.js:4:\d+\) < .*loops\.js:7:\d+/,
  },
  {
    name: 'loops-in-microtasks',
    file: 'loops-in-microtasks.js',
    reason: /it stood still for \d\.\d s.* in plugin "loops-in-microtasks": poll \(.*loops-in-microtasks\.js:4:\d+\)/,
  },
  {
    name: 'waits-for-memory',
    file: 'waits-for-memory.js',
    reason: /it stood still for \d\.\d s.* in plugin "waits-for-memory", modifier\.request at \[ENDPOINT: \/bad\]/,
  },
  {
    name: 'waits-for-a-process',
    file: 'waits-for-a-process.js',
    reason: /it stood still for \d\.\d s.* in plugin "waits-for-a-process", modifier\.request at \[ENDPOINT: \/bad\]/,
  },
  {
    name: 'hangs-in-native-code',
    file: 'hangs-in-native-code.js',
    reason:
      /it stood still for \d\.\d s.* in plugin "hangs-in-native-code", modifier\.request at \[ENDPOINT: \/bad\]; it hangs in a call of native code/,
  },
  {
    name: 'exits',
    file: 'exits.js',
    reason:
      /process\.exit\(3\) was called by plugin "exits", modifier\.request at \[ENDPOINT: \/bad\]: .*exits\.js:3:\d+/,
  },
  {
    name: 'memory-bomb',
    file: 'memory-bomb.js',
    standstillMs: 30_000, // the collector is busy for long before it gives up
    reason: /its heap reached the limit of \d+ MB in plugin "memory-bomb", modifier\.request at \[ENDPOINT: \/bad\]/,
  },
]

for (const { name, file, reason, standstillMs = LIMIT_MS } of CASES) {
  test(`${name}: the thread is replaced, the log names the plugin, the other thread serves`, { skip }, async (t) => {
    const gateway = await open(t, name, file, { standstillMs, heapLimitMb: 64 })
    const { bad, other } = await connections(t, gateway.supervisor.port)
    const ended = gateway.log.find(/ERROR.*gateway thread \d ended/)
    await assert.rejects(bad('/bad'), /socket hang up|ECONNRESET/)
    assert.equal(await other('/good'), '{"a":1}')
    assert.match(await ended, new RegExp(`${reason.source}.*; it is replaced now$`))
    await gateway.log.find(/gateway thread \d serves again/)
    assert.equal((await gateway.request('/good')).status, 200)
    assert.equal(gateway.log.all.filter((line) => /gateway thread \d ended/.test(line)).length, 1)
  })
}

async function open(t: TestContext, name: string, file: string, options: object): Promise<StartedThreads> {
  const upstream = await startBackend(t, { '/': { json: { a: 1 } } })
  const folder = cageWith(t, file, 'tells-thread.js')
  return await startThreads(t, zooConfigWithThreads(folder, upstream.url, modifiers(name)), options)
}
