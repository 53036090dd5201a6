import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ExactNumber } from '../pipes/exact-number.ts'
import { parseJson, parseJsonBytes, parseJsonTexts, stringifyJson } from './json.ts'

// Each number beside what it must be written as.
const NUMBERS: [source: string, written: string][] = [
  ['1', '1'],
  ['1.50', '1.5'],
  ['1e3', '1000'],
  ['123456789012345', '123456789012345'],
  ['9007199254740991', '9007199254740991'],
  ['9007199254740993', '9007199254740993'],
  ['12345678901234567890', '12345678901234567890'],
  ['-98765432109876543210', '-98765432109876543210'],
  ['1700000000000000000', '1700000000000000000'],
  ['13.404953999999975', '13.404953999999975'],
  ['0.12345678901234567890123', '0.12345678901234567890123'],
  ['0.0000000000000000000001', '1e-22'],
  ['1e400', '1e400'],
  ['-1E+400', '-1E+400'],
  ['1e-400', '1e-400'],
  ['1e0400', '1e0400'],
  ['1.234567e-310', '1.234567e-310'],
  ['1e308', '1e+308'],
  ['0e999', '0'],
  ['1e-007', '1e-7'],
]

for (const [source, written] of NUMBERS) {
  test(`the number ${source} is written as ${written} wherever it stands`, () => {
    for (const [before, after] of [
      ['', ''],
      ['[', ']'],
      ['{"a":', '}'],
      ['[0, ', ' ,0]'],
      ['{"é€":[true,', '\n]}'],
    ]) {
      const text = `${before}${source}${after}`
      const expected = `${before}${written}${after}`.replace(/[ \n]/g, '')
      assert.equal(stringifyJson(parseJson(text)), expected)
      assert.equal(stringifyJson(parseJsonBytes(Buffer.from(text))), expected)
    }
  })
}

test('a number that a double holds stays a plain number', () => {
  assert.deepEqual(parseJson('[1, 2.5, 13.404953999999975, 1700000000000000000]'), [1, 2.5, 13.404953999999975, 1.7e18])
})

const digits = fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), minLength: 1, maxLength: 24 })
const jsonNumber = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits.map((text) => text.replace(/^0+(?=.)/, '')),
    fc.option(digits, { nil: undefined }),
    fc.option(fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.nat(420)), { nil: undefined }),
  )
  .map(([sign, whole, fraction, exponent]) => {
    return `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent === undefined ? '' : exponent.join('')}`
  })
const textWithNumbers = fc
  .array(fc.oneof(fc.string({ unit: 'grapheme' }), jsonNumber, fc.constantFrom(' ', ',', ':', 'e', '-')))
  .map((parts) => JSON.stringify(parts.join('')))
const { document } = fc.letrec<{ document: string; member: string }>((tie) => ({
  member: fc.tuple(textWithNumbers, fc.constantFrom(':', ' : '), tie('document')).map((parts) => parts.join('')),
  document: fc.oneof(
    { maxDepth: 4 },
    jsonNumber,
    textWithNumbers,
    fc.constantFrom('true', 'null'),
    fc.array(tie('document'), { maxLength: 5 }).map((items) => `[${items.join(',')}]`),
    fc.array(tie('member'), { maxLength: 5 }).map((members) => `{${members.join(', ')}}`),
  ),
}))

test('every number keeps its value, in any document', () => {
  fc.assert(
    fc.property(document, (text) => {
      const numbers: string[] = []
      JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
        if (typeof value === 'number') numbers.push(context?.source ?? '')
        return value
      })
      for (const value of [parseJson(text), parseJsonBytes(Buffer.from(text))]) {
        const written: string[] = []
        JSON.parse(stringifyJson(value), (_key, parsed: unknown, context?: { source?: string }) => {
          if (typeof parsed === 'number') written.push(context?.source ?? '')
          return parsed
        })
        // A repeated key drops its first value from both.
        assert.deepEqual(written.map(exactDecimal), numbers.map(exactDecimal))
      }
    }),
    { numRuns: 2000 },
  )
})

/** The value as a fraction of integers in lowest powers of ten: an independent reading of a decimal. */
function exactDecimal(source: string): string {
  const [mantissa = '', exponent = '0'] = source.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  let units = BigInt(whole.replace('-', '') + fraction)
  let power = Number(exponent) - fraction.length
  if (units === 0n) return '0'
  while (units % 10n === 0n) {
    units /= 10n
    power++
  }
  return `${mantissa.startsWith('-') ? '-' : '+'}${units}e${power}`
}

test('what follows the first value is ignored', () => {
  assert.deepEqual(parseJson('{"a":1} trailing'), { a: 1 })
  assert.deepEqual(parseJson(' {"a":"}\\"{"}{"b":2}'), { a: '}"{' })
  assert.deepEqual(parseJson('[1,[2]]]'), [1, [2]])
  assert.equal(parseJson('"a\\\\" x'), 'a\\')
  assert.equal(parseJson('12 13'), 12)
  assert.equal(parseJson('null null'), null)
  assert.equal(stringifyJson(parseJson('{"a":9007199254740993} {')), '{"a":9007199254740993}')
})

for (const text of ['', ' ', '{"a":', '{"a":1,}', '[1', '"abc', '<p>x</p>', 'nul', '\ufeff{}', "{'a':1}", '{"a":1]}']) {
  test(`${JSON.stringify(text)} is refused`, () => assert.throws(() => parseJson(text), SyntaxError))
}

test('a key named __proto__ is data', () => {
  for (const number of ['1', '12345678901234567890']) {
    const value = parseJson(`{"__proto__":{"admin":${number}}}`)
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
    assert.equal(stringifyJson(value), `{"__proto__":{"admin":${number}}}`)
  }
})

test('an exact number is one object with the digits of the text', () => {
  const value = parseJson('[12345678901234567890]')
  assert.ok(Array.isArray(value) && value[0] instanceof ExactNumber && value[0].text === '12345678901234567890')
})

test('where texts are wanted, a number keeps the one it was written as', () => {
  for (const text of [
    '1.50',
    '1.0',
    '-0',
    '-0.0',
    '1e3',
    '1E+2',
    '0.0000001',
    '0.10',
    '12345678901234567890',
    '1',
    '1.5',
  ]) {
    for (const whole of [text, `[${text},2]`, `{"a":{"b":${text}}}`, `{"a": ${text} }`]) {
      const value = parseJsonTexts(Buffer.from(whole))
      assert.equal(stringifyJson(value), whole.replaceAll(' ', ''))
    }
  }
  assert.deepEqual(parseJsonTexts(Buffer.from('{"a":[1.5,20,-3,1.05,"1.50"]}')), { a: [1.5, 20, -3, 1.05, '1.50'] })
})
