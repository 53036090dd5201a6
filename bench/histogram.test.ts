import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Histogram } from './histogram.ts'

test('a percentile is within 1.6 % of the exact one', () => {
  const values = fc.array(fc.integer({ min: 0, max: 0x7fff_ffff }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
      const histogram = new Histogram()
      for (const value of list) histogram.record(value)
      const sorted = list.toSorted((a, b) => a - b)
      const exact = sorted[Math.max(1, Math.ceil(share * list.length)) - 1] ?? Number.NaN
      const found = histogram.percentile(share)
      assert.ok(Math.abs(found - exact) <= exact / 64, `${found} is too far from ${exact}`)
    }),
  )
})

test('small values are exact, and values out of range count at the borders', () => {
  const histogram = new Histogram()
  for (const value of [-5, 3.9, 100]) histogram.record(value)
  assert.deepEqual([histogram.percentile(0.3), histogram.percentile(0.6), histogram.percentile(1)], [0, 3, 100])
  histogram.record(Number.MAX_SAFE_INTEGER)
  assert.ok(histogram.percentile(1) > 0x7f00_0000)
})

test('reset forgets everything', () => {
  const histogram = new Histogram()
  histogram.record(7)
  assert.equal(histogram.total, 1)
  histogram.reset()
  assert.equal(histogram.total, 0)
  assert.equal(histogram.percentile(0.5), 0)
})
