import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { DataObject } from '../pipes/proxy.ts'
import { mergeData } from './merge.ts'

const parse = (json: string) => JSON.parse(json) as DataObject

describe('mergeData', () => {
  test('replaces whole values of root fields, in the order of the parts', () => {
    const parts = [{ a: 1, o: { x: 1 } }, { b: 2, o: { y: 2 } }, { a: 3 }]
    assert.deepEqual(mergeData(parts), { a: 3, b: 2, o: { y: 2 } })
  })

  test('skips parts without data', () => {
    assert.deepEqual(mergeData([]), {})
    assert.deepEqual(mergeData([null, null]), {})
    assert.deepEqual(mergeData([null, { a: 1 }, null]), { a: 1 })
    assert.deepEqual(mergeData([null, null, null, { a: 1 }, { a: 2 }]), { a: 2 })
  })

  test('leaves the parts as they are', () => {
    const parts = [{ a: 1 }, { b: 2 }]
    mergeData(parts)
    assert.deepEqual(parts, [{ a: 1 }, { b: 2 }])
  })
})

test('the merged object holds the last value of every field, also of __proto__', () => {
  const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'toString')
  const part = fc.option(fc.array(fc.tuple(key, fc.integer()), { maxLength: 4 }))
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const expected = new Map(parts.flatMap((pairs) => pairs ?? []))
      const objects = parts.map((pairs) => pairs && parse(JSON.stringify(Object.fromEntries(pairs))))
      const merged = mergeData(objects)
      assert.equal(Object.getPrototypeOf(merged), Object.prototype)
      assert.deepEqual(new Map(Object.entries(merged)), expected)
    }),
  )
})
