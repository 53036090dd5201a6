import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { filterBytes, layFilter } from './revocation-filter.ts'
import { crc64, filterSize, fnv64, fnv128, placesOfElement } from './revocation-hashes.ts'

describe('hashes', () => {
  test('known answers', () => {
    assert.equal(fnv64(Buffer.from('')).toString('hex'), 'cbf29ce484222325')
    assert.equal(fnv64(Buffer.from('a')).toString('hex'), 'af63bd4c8601b7be')
    assert.equal(fnv128(Buffer.from('a')).toString('hex'), 'd228cb69101a8caf78912b704e4a141e')
    assert.equal(crc64(Buffer.from('123456789')).toString('hex'), '995dc9bbdf1939fa')
  })

  test('the places of an element', () => {
    const size = filterSize(10_000, 1e-7)
    assert.deepEqual(size, { bits: 335_478, hashes: 24 })
    const places = placesOfElement('jti-abc', 'optimal', size)
    assert.equal(places.length, 24)
    assert.ok(places.every((place) => Number.isInteger(place) && place >= 0 && place < size.bits))
    // MD5 has two words, CRC-64 one, SHA-1 two, FNV one and two.
    assert.equal(placesOfElement('jti-abc', 'default', size).length, 8)
    assert.equal(placesOfElement('jti-abc', 'default', { bits: 100, hashes: 2 }).length, 3)
  })
})

describe('filter', () => {
  const size = filterSize(1000, 1e-6)
  const element = placesOfElement('jti-1', 'optimal', size)
  const another = placesOfElement('jti-2', 'optimal', size)
  const open = (start = 1_000_000) => {
    const memory = new SharedArrayBuffer(filterBytes(size.bits))
    return { memory, filter: layFilter(memory, size.bits, 1000, start) }
  }

  test('an element stays for two to three times the TTL', () => {
    for (const addedAfter of [0, 500, 999]) {
      const { filter } = open()
      filter.add(element, 1_000_000 + addedAfter)
      for (const after of [0, 1000, 2000]) assert.equal(filter.has(element, 1_000_999 + after), true, `${after}`)
      assert.equal(filter.has(element, 1_003_000), false)
      assert.equal(filter.has(another, 1_000_999), false)
    }
  })

  test('what one thread adds all see, whoever moves the filters', () => {
    const { memory, filter } = open()
    const other = layFilter(memory, size.bits, 1000, 1_000_900)
    filter.add(element, 1_000_950)
    assert.equal(other.has(element, 1_000_950), true)
    other.add(another, 1_001_500)
    assert.deepEqual(filter.count(1_001_500), { previous: 1, current: 2 })
    assert.equal(filter.has(another, 1_003_900), true)
    assert.equal(filter.has(element, 1_003_900), false)
  })

  test('after a long rest nothing is left', () => {
    const { filter } = open()
    filter.add(element, 1_000_000)
    assert.equal(filter.has(element, 1_050_000), false)
    assert.deepEqual(filter.count(1_050_000), { previous: 0, current: 0 })
  })

  test('a thread that died while it moved the filters holds them up for seconds only', () => {
    const { memory, filter } = open()
    filter.add(element, 1_000_000)
    new BigInt64Array(memory, 32, 2)[1] = 1_008_000n
    assert.equal(filter.has(element, 1_005_000), true)
    assert.equal(filter.has(element, 1_008_000), false)
  })
})
