import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseFeedDate } from './feed-date.ts'

const TABLE: [text: string, expected: string | undefined][] = [
  ['Mon, 02 Jan 2023 15:04:05 GMT', '2023-01-02T15:04:05Z'],
  ['Mon, 2 Jan 2023 15:04:05 +0200', '2023-01-02T13:04:05Z'],
  ['02 Jan 23 15:04 EST', '2023-01-02T20:04:00Z'],
  ['Monday, 02-Jan-06 15:04:05 UTC', '2006-01-02T15:04:05Z'],
  ['Sun, 31 Dec 1999 23:30:00 PST', '2000-01-01T07:30:00Z'],
  ['2 January 2023', '2023-01-02T00:00:00Z'],
  ['Mon Jan  2 15:04:05 2006', '2006-01-02T15:04:05Z'],
  ['Mon Jan 2 15:04:05 MST 2006', '2006-01-02T22:04:05Z'],
  ['January 2, 2023', '2023-01-02T00:00:00Z'],
  ['2023-01-02T15:04:05Z', '2023-01-02T15:04:05Z'],
  ['2023-01-02T15:04:05.120-07:00', '2023-01-02T22:04:05.12Z'],
  ['2023-01-02T15:04+01:00', '2023-01-02T14:04:00Z'],
  ['2023-01-02 15:04:05', '2023-01-02T15:04:05Z'],
  ['2023-01-02', '2023-01-02T00:00:00Z'],
  ['2023-01', '2023-01-01T00:00:00Z'],
  [' 2024-02-29 ', '2024-02-29T00:00:00Z'],
  ['2023-02-29', undefined],
  ['2023-13-01', undefined],
  ['2023-01-01T24:61:00Z', undefined],
  ['02 Foo 2023 15:04:05 GMT', undefined],
  ['yesterday', undefined],
  ['', undefined],
]

for (const [text, expected] of TABLE) {
  test(`${JSON.stringify(text)} is ${expected ?? 'no date'}`, () => assert.equal(parseFeedDate(text), expected))
}

test('what JavaScript writes comes back', () => {
  const date = fc.date({ min: new Date('1970-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  fc.assert(
    fc.property(date, (value) => {
      const expected = `${value.toISOString().slice(0, 19)}Z`
      assert.equal(parseFeedDate(value.toUTCString()), expected)
      assert.equal(parseFeedDate(expected), expected)
    }),
  )
})
