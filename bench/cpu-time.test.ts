import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { cpuTimeNs, processTree, residentBytes } from './cpu-time.ts'

const linuxOnly = { skip: process.platform !== 'linux' && 'reads /proc' }

test('CPU time grows by what was computed', linuxOnly, () => {
  const before = cpuTimeNs(process.pid)
  const usage = process.cpuUsage()
  let sum = 0
  for (let i = 0; i < 3e7; i++) sum += Math.sqrt(i)
  const spent = process.cpuUsage(usage)
  const expectedNs = (spent.user + spent.system) * 1000
  const found = cpuTimeNs(process.pid) - before
  assert.ok(sum > 0)
  assert.ok(found > expectedNs * 0.5 && found < expectedNs * 2 + 3e7, `${found} ns instead of about ${expectedNs}`)
})

test('a child belongs to the tree, and its memory to the sum', linuxOnly, async (t) => {
  const child = spawn(process.execPath, ['-e', 'console.log(1); process.stdin.resume()'])
  t.after(() => child.kill())
  await once(child.stdout, 'data')
  assert.ok(child.pid !== undefined)
  assert.ok(processTree(process.pid).includes(child.pid))
  const own = residentBytes(child.pid)
  assert.ok(own > 1e6 && residentBytes(process.pid) > own)
})

test('a process that is gone counts nothing', linuxOnly, () => {
  assert.equal(cpuTimeNs(2 ** 30), 0)
  assert.equal(residentBytes(2 ** 30), 0)
})
