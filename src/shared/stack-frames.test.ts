import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatFrame, parseStack } from './stack-frames.ts'

test('reads what V8 writes into stacks', () => {
  const stack = `Error: at the top (of it)
    at /plugins/a.js:1:7
    at answer (file:///plugins/with%20space/a.ts?v=123:3:5)
    at async Object.request [as hook] (/plugins/b (old).js:30:1)
    at new Timeout (node:internal/timers:100:2)
    at Array.push (<anonymous>)
    at async Promise.all (index 0)`
  assert.deepEqual(parseStack(stack), [
    { name: '', file: '/plugins/a.js', line: 1, column: 7 },
    { name: 'answer', file: '/plugins/with space/a.ts', line: 3, column: 5 },
    { name: 'Object.request [as hook]', file: '/plugins/b (old).js', line: 30, column: 1 },
    { name: 'new Timeout', file: 'node:internal/timers', line: 100, column: 2 },
  ])
  assert.deepEqual(parseStack(undefined), [])
})

test('a frame is written as editors understand it', () => {
  assert.equal(formatFrame({ name: 'f', file: '/a.js', line: 3, column: 5 }), 'f (/a.js:3:5)')
  assert.equal(formatFrame({ name: '', file: '/a.js', line: 3, column: 5 }), '/a.js:3:5')
})
