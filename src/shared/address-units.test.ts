import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { addressUnits } from './address-units.ts'

const hexOf = (address: string) =>
  Array.from(addressUnits(address) ?? '', (unit) => unit.charCodeAt(0).toString(16)).join(' ')

test('addresses are read', () => {
  for (const [address, units] of [
    ['192.0.2.1', 'c000 201'],
    ['255.255.255.255', 'ffff ffff'],
    ['::ffff:192.0.2.1', 'c000 201'],
    ['0:0:0:0:0:FFFF:c000:0201', 'c000 201'],
    ['::', '0 0 0 0 0 0 0 0'],
    ['::1', '0 0 0 0 0 0 0 1'],
    ['1::', '1 0 0 0 0 0 0 0'],
    ['2001:db8::a:B', '2001 db8 0 0 0 0 a b'],
    ['1:2:3:4:5:6:7::', '1 2 3 4 5 6 7 0'],
    ['::2:3:4:5:6:7:8', '0 2 3 4 5 6 7 8'],
    ['1:2:3:4:5:6:7:8', '1 2 3 4 5 6 7 8'],
    ['1:2:3:4:5:6:1.2.3.4', '1 2 3 4 5 6 102 304'],
    ['64:ff9b::1.2.3.4', '64 ff9b 0 0 0 0 102 304'],
    ['fe80::1%eth0', 'fe80 0 0 0 0 0 0 1'],
  ] as const) {
    assert.equal(hexOf(address), units, address)
  }
})

test('what is read is what Node takes for an address, and nothing else', () => {
  const valid = fc.oneof(fc.ipV4(), fc.ipV6())
  const junk = fc.string({ unit: fc.constantFrom(...'0123456789abcfFg:.%-x '.split('')) })
  const pieces = fc
    .array(fc.constantFrom(':', '::', '.', '0', '1', '01', '255', '256', 'ffff', 'ABCDE', '1.2.3.4', '%', '%e'), {
      maxLength: 12,
    })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.oneof(valid, junk, pieces), (text) => {
      fc.pre(!/%.*[^0-9a-zA-Z.:-]/.test(text)) // zones may hold any text here
      assert.equal(addressUnits(text) !== null, isIP(text) !== 0, text)
    }),
    { numRuns: 5000 },
  )
})
