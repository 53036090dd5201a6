import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatDuration, parseDuration } from './duration.ts'

const VALID: readonly (readonly [string, number])[] = [
  ['0', 0],
  ['-0', 0],
  ['0s', 0],
  ['2s', 2000],
  ['1m30s', 90_000],
  ['0h0m3.5s', 3500],
  ['0.35s', 350],
  ['.5s', 500],
  ['5.s', 5000],
  ['300000us', 300],
  ['5000000µs', 5000],
  ['5000000μs', 5000],
  ['300000000ns', 300],
  ['1ns', 1e-6],
  ['1.5ms', 1.5],
  ['1h1m1s', 3_661_000],
  ['-1.5h', -5_400_000],
  ['+1s', 1000],
  ['1s1s', 2000],
]

test('durations in the notation of Go become milliseconds', () => {
  for (const [text, ms] of VALID) assert.deepEqual(parseDuration(text), { ms: ms === 0 ? 0 : ms }, text)
})

const INVALID: readonly (readonly [string, RegExp])[] = [
  ['', /empty/],
  ['-', /number is missing/],
  ['2', /unit is missing after 2/],
  ['1m30', /unit is missing/],
  ['2 seconds', /unknown unit " seconds"/],
  ['2S', /unknown unit "S"/],
  ['3d', /unknown unit "d"/],
  ['s', /number was expected at "s"/],
  ['.s', /number was expected/],
  [' 2s', /number was expected/],
  ['1s ', /unknown unit "s "/],
  ['1constructor', /unknown unit/],
  ['9223372036855s', /longer than 292 years/],
]

test('what is no duration is refused with the reason', () => {
  for (const [text, reason] of INVALID) {
    const parsed = parseDuration(text)
    assert.ok('error' in parsed, text)
    assert.match(parsed.error, reason, text)
  }
})

const UNITS: readonly (readonly [string, number])[] = [
  ['h', 3.6e12],
  ['m', 6e10],
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
  ['ns', 1],
]

test('the parts of a duration add up', () => {
  const part = fc.tuple(fc.nat(10_000), fc.constantFrom(...UNITS))
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
      const text = parts.map(([count, [unit]]) => `${count}${unit}`).join('')
      const ns = parts.reduce((sum, [count, [, size]]) => sum + BigInt(count) * BigInt(size), 0n)
      assert.deepEqual(parseDuration(text), { ms: Number(ns) / 1e6 })
    }),
  )
})

test('a written duration reads as the same number of nanoseconds', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e15, max: 1e15 }), (ns) => {
      const ms = ns / 1e6
      const parsed = parseDuration(formatDuration(ms))
      assert.ok('ms' in parsed)
      assert.equal(Math.round(parsed.ms * 1e6), Math.round(ms * 1e6))
    }),
  )
})

test('durations are written as Go prints them', () => {
  const cases = {
    '0s': 0,
    '1.5s': 1500,
    '350ms': 350,
    '5m0s': 300_000,
    '1h0m0s': 3_600_000,
    '1.5µs': 0.0015,
    '-2s': -2000,
  }
  for (const [text, ms] of Object.entries(cases)) assert.equal(formatDuration(ms), text)
})
