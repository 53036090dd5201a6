import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpstreamHead } from './upstream-head.ts'

test('names that every object has are no fields', () => {
  const head = new UpstreamHead([Buffer.from('X-A'), Buffer.from('1')], { 'x-a': '1' })
  assert.equal(head.get('X-a'), '1')
  for (const name of ['constructor', '__proto__', 'toString', 'X-B']) assert.equal(head.get(name), null)
})
