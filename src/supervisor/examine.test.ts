import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { examine } from './examine.ts'

describe('examine', () => {
  test('tells what a thread runs, which goes on afterwards', async (t) => {
    const counts = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(
      'const { workerData } = require("node:worker_threads"); function counting() { for (;;) Atomics.add(workerData, 0, 1) }\ncounting()',
      { eval: true, workerData: counts },
    )
    t.after(() => worker.terminate())
    await once(worker, 'online')
    const frames = await examine(worker.threadId, () => 0)
    assert.deepEqual(
      frames?.slice(0, 2).map(({ name, line }) => ({ name, line })),
      [
        { name: 'counting', line: 1 },
        { name: '', line: 2 },
      ],
    )
    const before = Atomics.load(counts, 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.ok(Atomics.load(counts, 0) > before)
  })

  test('a thread in native code shows nothing, and neither does one that is not there', async (t) => {
    const progress = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(
      `const { workerData } = require("node:worker_threads")
      const { pbkdf2Sync } = require('node:crypto')
      Atomics.store(workerData, 0, 1)
      Atomics.notify(workerData, 0)
      pbkdf2Sync('', '', 4_000_000, 64, 'sha512')
      Atomics.store(workerData, 0, 2)`,
      { eval: true, workerData: progress },
    )
    t.after(() => worker.terminate())
    await Atomics.waitAsync(progress, 0, 0).value
    while ((await examine(worker.threadId, () => 0)) !== null); // it may be about to call it
    assert.equal(Atomics.load(progress, 0), 1)
    assert.equal(await examine(4711, () => 0), null)
  })

  test('threads that end meanwhile do no harm', async () => {
    assert.deepEqual(await run('examine-beside-ends.ts'), { code: 0, stdout: 'found 20' })
  })

  test('the process can end in each phase of it', async () => {
    for (const afterMs of [0, 5, 10, 15, 20, 25, 30, 50]) {
      assert.deepEqual(await run('exit-while-examining.ts', String(afterMs)), { code: 3, stdout: '' })
    }
  })
})

/** Runs a fixture in a process of its own, which is ended when it takes too long. */
function run(fixture: string, ...args: string[]): Promise<{ readonly code: unknown; readonly stdout: string }> {
  const file = join(import.meta.dirname, 'test-fixtures', fixture)
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { timeout: 20_000 }, (error, stdout) => {
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout })
    })
  })
}
