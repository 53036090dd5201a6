import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LastWords } from './last-words.ts'

function after(...texts: readonly string[]): string {
  const heard = new LastWords()
  for (const text of texts) heard.heard(text)
  return heard.words
}

test('the line of a panic, however it is cut and however much follows', () => {
  const stack = 'goroutine 1 [running]:\n'.repeat(1000)
  assert.equal(after('starting\npa', 'nic: ', 'a bug', '\n\n', stack), 'panic: a bug')
})

test('what the run time says before a fatal error says more', () => {
  const words = after('runtime: out of memory: cannot allocate 8 bytes\nfatal error: out of memory\n\nruntime stack:\n')
  assert.equal(words, 'runtime: out of memory: cannot allocate 8 bytes')
})

test('what it says amid the stack does not count', () => {
  const stack = 'runtime.throw(…)\n'.repeat(100)
  assert.equal(
    after('fatal error: out of memory\n', stack, 'runtime: g 0: unexpected return pc\n'),
    'fatal error: out of memory',
  )
})

test('the last panic counts, for those before were recovered', () => {
  assert.equal(after('panic: one\n', 'and more\npanic: two\n'), 'panic: two')
})

test('nothing without one', () => {
  assert.equal(after('what a panic: no\n'), '')
})
