import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseFlags, UsageError } from './flags.ts'

const SPECS = {
  config: { kind: 'string', short: 'c', help: '' },
  debug: { kind: 'count', short: 'd', help: '' },
  lenient: { kind: 'boolean', short: 'l', help: '' },
} as const

const parse = (line: string) => parseFlags(SPECS, line === '' ? [] : line.split(' '))

describe('parseFlags', () => {
  const NONE = { config: undefined, debug: 0, lenient: false }
  const cases: readonly (readonly [string, object, string[]?])[] = [
    ['', NONE],
    ['-c k.json', { ...NONE, config: 'k.json' }],
    ['-ck.json', { ...NONE, config: 'k.json' }],
    ['-c=k.json', { ...NONE, config: 'k.json' }],
    ['--config k.json', { ...NONE, config: 'k.json' }],
    ['--config=a=b', { ...NONE, config: 'a=b' }],
    ['--config=', { ...NONE, config: '' }],
    ['-c -d', { ...NONE, config: '-d' }],
    ['-ddd', { ...NONE, debug: 3 }],
    ['-d --debug -d', { ...NONE, debug: 3 }],
    ['--debug=2', { ...NONE, debug: 2 }],
    ['-dlc k.json x', { config: 'k.json', debug: 1, lenient: true }, ['x']],
    ['--lenient=false', NONE],
    ['--debug=true', { ...NONE, debug: 1 }],
    ['x - -d -- -c y', { ...NONE, debug: 1 }, ['x', '-', '-c', 'y']],
  ]
  for (const [line, flags, rest = []] of cases) {
    test(`understands "${line}"`, () => assert.deepEqual(parse(line), { flags, rest }))
  }

  const errors: readonly (readonly [string, string])[] = [
    ['--frobnicate', 'unknown flag: --frobnicate'],
    ['--frobnicate=1', 'unknown flag: --frobnicate'],
    ['--constructor', 'unknown flag: --constructor'],
    ['-x', "unknown shorthand flag: 'x' in -x"],
    ['-dx', "unknown shorthand flag: 'x' in -dx"],
    ['--config', 'flag needs an argument: --config'],
    ['-dc', "flag needs an argument: 'c' in -dc"],
    ['--lenient=perhaps', 'invalid argument "perhaps" for "--lenient" flag: want true or false'],
    ['--debug=many', 'invalid argument "many" for "--debug" flag: want a number'],
  ]
  for (const [line, message] of errors) {
    test(`refuses "${line}"`, () => assert.throws(() => parse(line), new UsageError(message)))
  }

  test('a value is taken as it is, however it is given', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        assert.equal(parseFlags(SPECS, [`--config=${value}`]).flags.config, value)
        assert.equal(parseFlags(SPECS, ['--config', value]).flags.config, value)
        assert.equal(parseFlags(SPECS, ['-dc', value]).flags.config, value)
      }),
    )
  })
})
