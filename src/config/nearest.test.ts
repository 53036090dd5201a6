import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { editDistance, nearest } from './nearest.ts'

test('a swap of neighbours counts as one change', () => {
  assert.equal(editDistance('prot', 'port'), 1)
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(editDistance('timeout', 'timeout'), 0)
})

test('the distance is symmetric and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const distance = editDistance(a, b)
      assert.equal(distance, editDistance(b, a))
      assert.equal(distance === 0, a === b)
      assert.ok(distance <= Math.max(a.length, b.length))
    }),
  )
})

test('only a near candidate is suggested', () => {
  assert.equal(nearest('tiemout', ['host', 'timeout'], 0.25), 'timeout')
  assert.equal(nearest('urlPattern', ['url_pattern', 'target'], 0.25), 'url_pattern')
  assert.equal(nearest('weight', ['target', 'method', 'group'], 0.25), undefined)
  assert.equal(nearest('note', ['name'], 0.25), undefined)
})
