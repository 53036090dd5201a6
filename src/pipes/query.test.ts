import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeForm, encodeForm, isUnreserved, percentDecode, percentEncode, Query } from './query.ts'

describe('Query.parse', () => {
  for (const [search, pairs] of [
    ['', []],
    [
      'a=1&b=2&a=3',
      [
        ['a', '1'],
        ['b', '2'],
        ['a', '3'],
      ],
    ],
    [
      'a&b=&=c&=',
      [
        ['a', ''],
        ['b', ''],
        ['', 'c'],
        ['', ''],
      ],
    ],
    ['&&a=1&', [['a', '1']]],
    ['a=b=c', [['a', 'b=c']]],
    [
      'a=x+y%2B%20z&items%5B%5D=1',
      [
        ['a', 'x y+ z'],
        ['items[]', '1'],
      ],
    ],
    ['bad=%zz&ok=1&%=2&x=%4', [['ok', '1']]],
    ['a=1;b=2&c=3', [['c', '3']]],
    [
      '__proto__=1&constructor=2',
      [
        ['__proto__', '1'],
        ['constructor', '2'],
      ],
    ],
    ['a=%FF%C3%A9%E2%82', [['a', '\udcffé\udce2\udc82']]],
  ] as const) {
    test(search, () => assert.deepEqual([...Query.parse(search)], pairs))
  }
})

describe('Query', () => {
  test('reads without changing', () => {
    const query = Query.parse('a=1&b=2&a=3')
    assert.deepEqual([query.get('a'), query.get('A'), query.getAll('a'), query.has('b')], ['1', null, ['1', '3'], true])
    assert.equal(query.changed, false)
    assert.deepEqual([...query.entries()], [...query])
  })

  test('set, append and delete say that they changed it', () => {
    for (const [change, expected] of [
      [(query: Query) => query.set('a', 'x'), 'a=x&b=2'],
      [(query: Query) => query.append('a', 'x'), 'a=1&a=3&a=x&b=2'],
      [(query: Query) => query.delete('a'), 'b=2'],
      [(query: Query) => query.delete('b'), 'a=1&a=3'],
    ] as const) {
      const query = Query.parse('a=1&b=2&a=3')
      change(query)
      assert.deepEqual([query.toString(), query.changed], [expected, true])
    }
  })

  test('a copy is independent', () => {
    const query = Query.parse('a=1')
    query.copy().append('b', '2')
    assert.equal(query.toString(), 'a=1')
  })

  test('is written sorted by the bytes of the names, in form encoding', () => {
    assert.equal(Query.parse('z=1&a=2&z=0&A=3').toString(), 'A=3&a=2&z=1&z=0')
    assert.equal(Query.parse('q=a%20b%26c&e').toString(), 'e=&q=a+b%26c')
    assert.equal(
      new Query(['\u{1f600}', '1', '\uffee', '2', 'ab', '3', 'a', '4']).toString(),
      'a=4&ab=3&%EF%BF%AE=2&%F0%9F%98%80=1',
    )
  })

  test('deletes from a long list in linear time', () => {
    const query = Query.parse('a=1&b=2&'.repeat(100_000))
    query.delete('a')
    assert.equal(query.raw.length, 200_000)
  })
})

describe('percentDecode', () => {
  for (const [text, expected] of [
    ['a+b', 'a+b'],
    ['%41%c3%A9', 'Aé'],
    ['%', undefined],
    ['%4', undefined],
    ['%zz', undefined],
    ['%FF%z', undefined],
    ['%ff', '\udcff'],
    ['%C3', '\udcc3'],
    ['%C0%80', '\udcc0\udc80'],
    ['%E0%80%80', '\udce0\udc80\udc80'],
    ['%ED%A0%80', '\udced\udca0\udc80'],
    ['%F4%90%80%80', '\udcf4\udc90\udc80\udc80'],
    ['%F5%80%80%80', '\udcf5\udc80\udc80\udc80'],
    ['%F0%9F%98%80%FF%EF%BF%BD', '\u{1f600}\udcff\ufffd'],
    ['é%FF', 'é\udcff'],
  ] as const) {
    test(text, () => assert.equal(percentDecode(text), expected))
  }
})

test('any bytes survive decoding and encoding', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const encoded = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('')
      const decoded = percentDecode(encoded)
      assert.equal(
        percentEncode(decoded ?? '', () => false),
        encoded,
      )
      const text = Buffer.from(bytes).toString('utf8')
      if (Buffer.from(text).equals(bytes)) assert.equal(decoded, text)
    }),
    { numRuns: 500, examples: [[Uint8Array.of(0xef, 0xbb, 0xbf)], [Uint8Array.of(0x41, 0xc3, 0xa9, 0xc3)]] },
  )
})

test('any text survives form encoding, and only bare characters are left', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const encoded = encodeForm(text)
      assert.match(encoded, /^(?:[A-Za-z0-9\-_.~+]|%[0-9A-F]{2})*$/)
      assert.equal(decodeForm(encoded), text)
      const standard = new URLSearchParams([['', text]]).toString().slice(1)
      assert.equal(encoded.replaceAll('%2A', '*').replaceAll('~', '%7E'), standard)
    }),
  )
})

test('a query that is written and read again has the same values for each name', () => {
  const name = fc.oneof(fc.constantFrom('a', 'b', '\uffee', '\u{1f600}'), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.string({ unit: 'binary' }))), (pairs) => {
      const read = Query.parse(new Query(pairs.flat()).toString())
      const byName = (a: readonly string[], b: readonly string[]) =>
        Buffer.compare(Buffer.from(a[0] ?? ''), Buffer.from(b[0] ?? ''))
      assert.deepEqual([...read], pairs.toSorted(byName))
    }),
  )
})

test('the unreserved characters are those of RFC 3986', () => {
  const all = Array.from({ length: 256 }, (_, code) => code)
  const bare = String.fromCharCode(...all.filter(isUnreserved))
  assert.equal(bare, '-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~')
})
