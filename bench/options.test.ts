import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CASES } from './cases.ts'
import { readOptions, splitCommand } from './options.ts'

test('without arguments everything is measured', () => {
  const options = readOptions([])
  assert.ok(options !== 'help')
  assert.deepEqual(options.cases, CASES)
  assert.equal(options.sides, null)
  assert.deepEqual([options.rounds, options.seconds, options.connections], [5, 2, 64])
})

test('what is given counts more than what --quick sets', () => {
  const options = readOptions(['--quick', '--rounds', '3', '--cases', 'json,noop', '--sides', 'bare'])
  assert.ok(options !== 'help')
  assert.deepEqual([options.rounds, options.seconds], [3, 0.2])
  assert.deepEqual(
    options.cases.map((one) => one.name),
    ['json', 'noop'],
  )
  assert.deepEqual(options.sides, ['bare'])
})

test('another gateway has a name, or takes that of its program', () => {
  const options = readOptions(['--against', 'other=/bin/gw run -c {config}', '--against', '/bin/gw -p {port}'])
  assert.ok(options !== 'help')
  assert.deepEqual(options.against, [
    { name: 'other', command: ['/bin/gw', 'run', '-c', '{config}'] },
    { name: 'gw', command: ['/bin/gw', '-p', '{port}'] },
  ])
})

const WRONG: readonly [args: string[], message: RegExp][] = [
  [['--cases', 'jason'], /no case "jason"; known: noop, json/],
  [['--sides', 'apache'], /no side "apache"; known: bare, loligo, nginx/],
  [['--rounds', '0'], /--rounds: "0" is not a number above 0/],
  [['--seconds', 'long'], /--seconds: "long" is not a number/],
  [['--against', 'x='], /--against: the command is empty/],
  [['--fast'], /Unknown option '--fast'/],
]

for (const [args, message] of WRONG) {
  test(`${args.join(' ')} is refused`, () => {
    assert.throws(() => readOptions(args), message)
  })
}

test('quotes hold the words of a command together', () => {
  assert.deepEqual(splitCommand(`a "b c" 'd "e"' f=g\\ "" --x="1 2"`), ['a', 'b c', 'd "e"', 'f=g\\', '', '--x=1 2'])
})
