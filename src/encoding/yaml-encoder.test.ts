import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { load } from 'js-yaml'
import { ExactNumber } from '../pipes/exact-number.ts'
import type { DataObject } from '../pipes/proxy.ts'
import { encodeYaml } from './yaml-encoder.ts'

const TABLE: [what: string, data: DataObject | null, yaml: string][] = [
  [
    'sorted members, lists at the indentation of their key',
    { zeta: 'x', alpha: { list: ['a', { k: 'v' }], flag: true, nothing: null }, text: 'a: b' },
    'alpha:\n  flag: true\n  list:\n  - a\n  - k: v\n  nothing: null\ntext: "a: b"\nzeta: x\n',
  ],
  ['nothing', {}, '{}\n'],
  ['no data', null, '{}\n'],
  ['empty containers', { a: [], b: {}, c: '' }, 'a: []\nb: {}\nc: ""\n'],
  ['lists in lists', { a: [[1, 2], [[3]], []] }, 'a:\n- - 1\n  - 2\n- - - 3\n- []\n'],
  ['objects in lists', { a: [{ b: { c: 1 }, d: [2] }] }, 'a:\n- b:\n    c: 1\n  d:\n  - 2\n'],
  [
    'numbers',
    { a: 1.5, b: 1e21, c: -1e-7, d: new ExactNumber('12345678901234567890') },
    'a: 1.5\nb: 1.0e+21\nc: -1.0e-7\nd: 12345678901234567890\n',
  ],
  ['an exact number with an exponent', { a: new ExactNumber('1E400') }, 'a: 1.0e+400\n'],
  [
    'words with a meaning',
    { y: 'yes', n: 'Off', a: 'null', b: 'yesterday' },
    'a: "null"\nb: yesterday\n"n": "Off"\n"y": "yes"\n',
  ],
  [
    'what looks like numbers and dates',
    { a: '0777', b: '2023-01-02', c: '1:30', d: '.5', e: '~' },
    'a: "0777"\nb: "2023-01-02"\nc: "1:30"\nd: ".5"\ne: "~"\n',
  ],
  ['text on several lines', { a: 'x\ny\t"z"\\' }, 'a: "x\\ny\\t\\"z\\"\\\\"\n'],
  ['unprintable characters', { a: '\x7f\u2028\ufeff\x01' }, 'a: "\\u007f\\u2028\\ufeff\\u0001"\n'],
  [
    'marks inside a text',
    { a: 'a, b [c] {d}', b: 'a #b', c: 'a#b', d: 'x:', e: '- x' },
    'a: a, b [c] {d}\nb: "a #b"\nc: a#b\nd: "x:"\ne: "- x"\n',
  ],
]

for (const [what, data, yaml] of TABLE) {
  test(`writes ${what}`, () => assert.equal(encodeYaml(data), yaml))
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...' :#-?[]{},&*!|>%@`\'"\\\n\ta0.e~=<'.split('')) }),
  fc.constantFrom('yes', 'null', '~', '0x1f', '1_000', '<<', '=', '---', '...', '2023-01-02', '1e3', '.inf', 'é: è'),
)

test('the document reads back as the same data', () => {
  fc.assert(
    fc.property(fc.dictionary(text, fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' })), text, (data, extra) => {
      const value = JSON.parse(JSON.stringify({ ...data, extra, [extra]: [extra, { [extra]: extra }] })) as DataObject
      assert.deepEqual(normal(load(encodeYaml(value))), normal(value))
    }),
    { numRuns: 1000 },
  )
})

test('a key too long for one line reads back', () => {
  const long = 'k'.repeat(3000)
  const data = { [long]: { [long]: [{ [long]: 'x', b: 1 }] }, a: { [long]: 2 } }
  assert.deepEqual(normal(load(encodeYaml(data))), normal(data))
})

/** Neither -0 nor the order of members matters. */
function normal(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))
  })
}
