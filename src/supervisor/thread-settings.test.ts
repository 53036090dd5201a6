import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heapLimitMb } from './heap-limit.ts'
import { defaultThreads, parseThreads } from './thread-count.ts'
import { threadEntry } from './thread-entry.ts'

test('a number of threads is whole and from 1 to 128', () => {
  assert.equal(parseThreads('1'), 1)
  assert.equal(parseThreads('128'), 128)
  for (const text of ['0', '129', '-1', '1.5', '1e2', ' 2', '', 'two']) assert.equal(parseThreads(text), null, text)
})

test('by default two to eight threads serve', () => {
  assert.ok(defaultThreads() >= 2 && defaultThreads() <= 8)
})

test('all heaps together leave a quarter of the memory, within bounds', () => {
  const gibibyte = 1024 ** 3
  assert.equal(heapLimitMb(2, 2 * gibibyte), 768)
  assert.equal(heapLimitMb(8, gibibyte / 4), 128)
  assert.equal(heapLimitMb(1, 64 * gibibyte), 2048)
  assert.ok(heapLimitMb(2) >= 128)
})

test('the thread is beside the source in a checkout and beside the bundle in a package', () => {
  assert.equal(threadEntry('file:///a/src/supervisor/thread-entry.ts').href, 'file:///a/src/supervisor/thread.ts')
  assert.equal(threadEntry('file:///a/dist/cli.js').href, 'file:///a/dist/thread.js')
})
