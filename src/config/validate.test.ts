import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatPath } from './path.ts'
import { type TSchema, Type } from './type.ts'
import { validate } from './validate.ts'

function convert(schema: TSchema, value: unknown): unknown {
  const { value: converted, problems } = validate(schema, value)
  assert.deepEqual(problems, [])
  return converted
}

function complaints(schema: TSchema, value: unknown): string[] {
  const { problems } = validate(schema, value, ['root'])
  return problems.map(
    ({ severity, path, message, remedy }) =>
      `${severity} ${formatPath(path)}: ${message}${remedy === undefined ? '' : ` | ${remedy}`}`,
  )
}

test('scalars are converted loosely', () => {
  const cases: readonly (readonly [TSchema, unknown, unknown])[] = [
    [Type.Integer(), '8080', 8080],
    [Type.Integer(), '-3', -3],
    [Type.Integer(), '0x10', 16],
    [Type.Integer(), '010', 8],
    [Type.Integer(), true, 1],
    [Type.Integer(), '', 0],
    [Type.Number(), '1.5', 1.5],
    [Type.Number(), '010', 10],
    [Type.Number(), '1e3', 1000],
    [Type.String(), 77, '77'],
    [Type.String(), 1e21, '1000000000000000000000'],
    [Type.String(), 1.5e-7, '0.00000015'],
    [Type.String(), true, 'true'],
    [Type.Boolean(), 'true', true],
    [Type.Boolean(), 'T', true],
    [Type.Boolean(), 1, true],
    [Type.Boolean(), 0, false],
    [Type.Boolean(), '0', false],
    [Type.Duration(), '1m30s', 90_000],
    [Type.Duration(), 1_500_000_000, 1500],
    [Type.Duration({ minimum: null }), '-1s', -1000],
    [Type.Array(Type.String()), 'a', ['a']],
    [Type.Array(Type.Integer()), '3', [3]],
    [Type.Array(Type.Object({ a: Type.Integer() })), { a: '1' }, [{ a: 1 }]],
    [Type.Record(Type.String(), Type.Boolean()), { a: 'true', _id: 0 }, { a: true, _id: false }],
    [Type.Record(Type.String(), Type.String()), [], {}],
    [Type.Literal(3), '3', 3],
    [Type.Enum(['ip', 'header']), 'ip', 'ip'],
    [Type.Enum([1, 2]), '2', 2],
    [Type.Unknown(), { a: [null] }, { a: [null] }],
  ]
  for (const [schema, value, expected] of cases) {
    assert.deepEqual(convert(schema, value), expected, `${JSON.stringify(schema)} of ${JSON.stringify(value)}`)
  }
})

test('what cannot be converted is an error', () => {
  const cases: readonly (readonly [TSchema, unknown, string])[] = [
    [Type.Integer(), '8o80', 'expected a whole number, got "8o80"'],
    [Type.Integer(), 1.5, 'expected a whole number, got 1.5'],
    [Type.Integer(), {}, 'expected a whole number, got an object'],
    [Type.Number(), Number.NaN, 'expected a number, got NaN'],
    [Type.String(), { a: 1 }, 'expected a string, got an object'],
    [Type.String(), ['a'], 'expected a string, got a list'],
    [Type.Boolean(), 'yes', 'expected true or false, got "yes"'],
    [Type.Object({}), null, 'expected an object, got null'],
    [Type.Object({}), [], 'expected an object, got a list'],
    [Type.Array(Type.String()), null, 'expected a list, got null'],
    [Type.Duration(), true, 'expected a duration, got true'],
    [Type.Duration(), '2 seconds', 'invalid duration "2 seconds": unknown unit " seconds"'],
    [Type.Duration(), '-1s', 'invalid duration "-1s": it must not be negative'],
    [Type.Duration({ minimum: 1000 }), '1ms', 'invalid duration "1ms": it must be at least 1000ms'],
    [Type.Duration({ maximum: 1000 }), '1h', 'invalid duration "1h": it may be at most 1000ms'],
    [Type.Integer({ minimum: 1 }), 0, '0 is less than 1'],
    [Type.Integer({ maximum: 65535 }), '70000', '70000 is more than 65535'],
    [Type.Number({ exclusiveMinimum: 0 }), 0, '0 is not more than 0'],
    [Type.Number({ exclusiveMaximum: 1 }), 1, '1 is not less than 1'],
    [Type.String({ minLength: 1 }), '', 'it must not be empty'],
    [Type.String({ maxLength: 2 }), 'abc', 'it may have at most 2 characters'],
    [Type.String({ pattern: '^a+$' }), 'b', '"b" does not match ^a+$'],
    [Type.Array(Type.String(), { minItems: 1 }), [], 'the list needs at least 1 items'],
    [Type.Array(Type.String(), { maxItems: 1 }), ['a', 'b'], 'the list may have at most 1 items'],
    [Type.Enum(['ip', 'header']), 'haeder', '"haeder" is not one of "ip", "header"; did you mean "header"?'],
    [Type.Literal('x'), 'y', '"y" is not "x"'],
    [Type.Union([Type.Integer(), Type.Array(Type.Integer())]), 'x', 'expected a whole number, got "x"'],
    [Type.Union([Type.Integer(), Type.Boolean()]), 'x', 'expected a whole number or true or false, got "x"'],
  ]
  for (const [schema, value, message] of cases) {
    const { problems } = validate(schema, value)
    assert.equal(problems.length, 1, message)
    assert.equal(problems[0]?.severity, 'error')
    assert.equal(problems[0]?.message, message)
  }
})

test('objects fill in defaults, name what is missing and warn of what is unknown', () => {
  const schema = Type.Object({
    alg: Type.String(),
    every: Type.Duration({ default: 60_000 }),
    cache: Type.Optional(Type.Boolean({ default: true })),
    roles: Type.Optional(Type.Array(Type.String())),
  })
  assert.deepEqual(convert(schema, { alg: 'RS256', roles: null, '@comment': 1, $x: 1, _y: 1, '#z': 1 }), {
    alg: 'RS256',
    every: 60_000,
    cache: true,
  })
  assert.deepEqual(complaints(schema, { rolse: ['a'], colour: 1 }), [
    'error root: the required key "alg" is missing | Add the key "alg".',
    'warning root.rolse: the key "rolse" is not known here and is ignored | Did you mean "roles"?',
    'warning root.colour: the key "colour" is not known here and is ignored',
  ])
  assert.deepEqual(
    validate(schema, { alg: 'x', colour: 1, cahce: 1 }, [], { unknownKeys: 'similar' }).problems.length,
    1,
  )
})

test('additionalProperties lets further keys pass, checked or as they are', () => {
  const name = { name: Type.String() }
  assert.deepEqual(convert(Type.Object(name, { additionalProperties: true }), { name: 'a', x: 1 }), { name: 'a', x: 1 })
  const schema = Type.Object(name, { additionalProperties: Type.Integer() })
  assert.deepEqual(convert(schema, { name: 'a', x: '1' }), { name: 'a', x: 1 })
  assert.deepEqual(complaints(schema, { name: 'a', x: 'b' }), [
    'error root.x: expected a whole number, got "b" | Write a whole number.',
  ])
})

test('a union takes the branch that fits without conversion, else the first that fits', () => {
  const schema = Type.Union([Type.Integer(), Type.String(), Type.Object({ a: Type.Integer() })])
  assert.equal(convert(schema, '3'), '3')
  assert.equal(convert(schema, 3), 3)
  assert.deepEqual(convert(schema, { a: '1' }), { a: 1 })
  assert.deepEqual(complaints(schema, { a: 'x' }), [
    'error root.a: expected a whole number, got "x" | Write a whole number.',
  ])
  assert.equal(convert(Type.Union([Type.Integer(), Type.Boolean()]), '3'), 3)
})

test('paths lead into lists and objects, and a wrong item leaves a hole', () => {
  const schema = Type.Object({ list: Type.Array(Type.Object({ 'a/b': Type.Integer() })) })
  const { value, problems } = validate(schema, { list: [{ 'a/b': 1 }, 'x', { 'a/b': 'y' }] })
  assert.deepEqual(
    problems.map(({ path }) => formatPath(path)),
    ['list[1]', 'list[2]."a/b"'],
  )
  assert.deepEqual(value, { list: [{ 'a/b': 1 }, undefined, {}] })
})

test('keys of the prototype are data', () => {
  const input: unknown = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}')
  const record = convert(Type.Record(Type.String(), Type.Unknown()), input)
  assert.deepEqual(Object.keys(record as object), ['__proto__', 'constructor'])
  assert.equal(Object.getPrototypeOf(record), Object.prototype)
  const { value } = validate(
    Type.Object({ toString: Type.Optional(Type.String()) }),
    JSON.parse('{"__proto__": {"a": 1}}'),
  )
  assert.deepEqual(Object.keys(value), [])
  assert.equal('polluted' in {}, false)
})

test('a schema with a type that options cannot have is a mistake of its author', () => {
  assert.throws(() => validate({ type: 'date' } as TSchema, 1), /schema has the type "date"/)
})

test('numbers, booleans and lists survive being written as text or alone', () => {
  fc.assert(
    fc.property(
      fc.maxSafeInteger(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      (integer, number, boolean) => {
        assert.equal(convert(Type.Integer(), String(integer)), integer)
        assert.equal(convert(Type.Number(), String(number)), Number(String(number)))
        assert.equal(convert(Type.Boolean(), String(boolean)), boolean)
        assert.equal(convert(Type.Boolean(), Number(boolean)), boolean)
        assert.equal(Number(convert(Type.String(), number)), Number(String(number)))
        assert.deepEqual(convert(Type.Array(Type.Integer()), String(integer)), [integer])
        assert.equal(convert(Type.Duration({ minimum: null }), integer), integer / 1e6)
      },
    ),
  )
})

test('any JSON is either valid or complained about, never an exception, and is left as it was', () => {
  const schema = Type.Object({
    a: Type.Optional(Type.Union([Type.Duration(), Type.Array(Type.Boolean())])),
    b: Type.Optional(Type.Record(Type.String(), Type.Enum(['x', 'y']))),
  })
  fc.assert(
    fc.property(fc.record({ a: fc.jsonValue(), b: fc.jsonValue() }, { requiredKeys: [] }), (input) => {
      const before = JSON.stringify(input)
      const first = validate(schema, input)
      assert.equal(JSON.stringify(input), before)
      for (const { path, message } of first.problems) assert.ok(path.length > 0 && message !== '')
      assert.doesNotThrow(() => structuredClone(first.value))
    }),
  )
})
