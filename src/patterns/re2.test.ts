import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileAny, PatternError } from './re2.ts'

describe('matching', () => {
  for (const [patterns, text, some, whole] of [
    [['b'], 'abc', true, false],
    [['x', 'b'], 'abc', true, false],
    [['a|b'], 'ac', true, false],
    [['abc'], 'abc', true, true],
    [['abc'], 'abc\n', true, false],
    [['(?i)ABC', 'd'], 'abc', true, true],
    [['(?i)x', 'ABC'], 'abc', false, false],
    [['(?s).', 'zz'], '\n', true, true],
    [['\\Qa.b\\E'], 'a.b', true, true],
    [['(?P<name>a)'], 'a', true, true],
    [['[[:digit:]]+$'], 'a1', true, false],
    [['\\pL'], 'é', true, true],
  ] as const) {
    test(`${patterns.join(' or ')} in ${JSON.stringify(text)}`, async () => {
      assert.equal((await compileAny(patterns))(text), some)
      assert.equal((await compileAny(patterns, { whole: true }))(text), whole)
    })
  }

  test('without case', async () => {
    assert.ok((await compileAny(['aBc'], { ignoreCase: true, whole: true }))('AbC'))
  })

  test('without patterns nothing does', async () => {
    assert.ok(!(await compileAny([]))(''))
    assert.ok(!(await compileAny([], { whole: true }))(''))
  })
})

test('a pattern that is none is told by its place', async () => {
  await assert.rejects(compileAny(['a', 'b(?=c)']), (error) => {
    assert.ok(error instanceof PatternError)
    assert.equal(error.index, 1)
    assert.match(error.message, /^"b\(\?=c\)" is no regular expression of RE2: /)
    return true
  })
})

test('a text that makes an automaton grow takes no longer', async () => {
  const matches = await compileAny(['(?:a|b)*a(?:a|b){18}c'])
  let seed = 1
  const text = Array.from({ length: 100_000 }, () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % 2 === 0 ? 'a' : 'b'
  }).join('')
  const from = performance.now()
  assert.ok(!matches(text))
  assert.ok(performance.now() - from < 3000)
})
