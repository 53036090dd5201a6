import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { AccessRecord } from './access-log.ts'
import { formatAccessLine } from './access-log.ts'
import { formatLatency } from './go-duration.ts'

const record: AccessRecord = {
  status: 200,
  latencyMs: 1.234,
  clientAddress: '127.0.0.1',
  method: 'GET',
  path: '/path?query',
  errors: null,
}
const noon = new Date(2026, 0, 31, 12, 34, 56, 789).getTime()

describe('formatAccessLine', () => {
  test('pads status, latency, client address and method', () => {
    const line = formatAccessLine(record, noon)
    assert.equal(line, '[GIN] 2026/01/31 - 12:34:56 | 200 |   1.23ms |       127.0.0.1 | GET      "/path?query"')
  })

  test('follows the clock from second to second', () => {
    assert.match(formatAccessLine(record, noon + 1000), /12:34:57 /)
    assert.match(formatAccessLine(record, noon), /12:34:56 /)
  })

  test('lets long values run over their width', () => {
    const line = formatAccessLine(
      { ...record, latencyMs: 0.232545, clientAddress: '2001:db8:0:0:1::1', method: 'OPTIONS' },
      noon,
    )
    assert.ok(line.endsWith('| 232.545µs | 2001:db8:0:0:1::1 | OPTIONS  "/path?query"'))
  })

  test('lists what failed below the line', () => {
    const line = formatAccessLine({ ...record, status: 500, errors: [new Error('one'), new Error('two\nthree')] }, noon)
    assert.deepEqual(line.split('\n').slice(1), ['Error #01: one', 'Error #02: two', '\tthree'])
  })

  test('a path cannot end the line or the quotes', () => {
    const line = formatAccessLine({ ...record, path: '/a"b\\c\nd\x1b\x7fé\u200b' }, noon)
    assert.ok(line.endsWith('"/a\\"b\\\\c\\nd\\x1b\\x7fé\\u200b"'), line)
  })
})

describe('formatLatency', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [-1, '0s'],
    [Number.NaN, '0s'],
    [0.0000001, '0s'],
    [0.0005, '500ns'],
    [0.012345, '12.345µs'],
    [0.232545, '232.545µs'],
    [0.9999999, '1ms'],
    [1, '1ms'],
    [1.15, '1.15ms'],
    [1.239, '1.23ms'],
    [12.5, '12.5ms'],
    [999.999, '999.99ms'],
    [1234.5, '1.23s'],
    [60_000, '1m0s'],
    [90_567, '1m30.56s'],
    [3_723_000, '1h2m3s'],
  ]
  for (const [ms, text] of cases) test(`${ms} ms is ${text}`, () => assert.equal(formatLatency(ms), text))

  test('never has more than two decimals from a millisecond on, and is never too large', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 59_999, noNaN: true }), (ms) => {
        const [, number = '', unit] = /^(\d+(?:\.\d{1,2})?)(ms|s)$/.exec(formatLatency(ms)) ?? []
        const back = Number(number) * (unit === 's' ? 1000 : 1)
        const step = unit === 's' ? 10 : 0.01
        assert.ok(back <= ms + step * 1e-3 && back > ms - step * 1.001, `${ms}: ${number}${unit}`)
      }),
    )
  })
})
