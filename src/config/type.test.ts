import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as TypeBox from 'typebox'
import { type Static, Type } from './type.ts'
import { validate } from './validate.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles when both types are the same. */
function sameType<A, B>(same: Same<A, B>): void {
  assert.ok(same)
}

const OURS = Type.Object(
  {
    word: Type.String({ minLength: 1, description: 'A word' }),
    kind: Type.Enum(['a', 'b', 3]),
    fixed: Type.Literal('yes'),
    either: Type.Union([Type.Integer({ minimum: 2 }), Type.Boolean()]),
    list: Type.Optional(Type.Array(Type.Object({ deep: Type.Optional(Type.Number()) }), { minItems: 1 })),
    names: Type.Optional(Type.Record(Type.String(), Type.String())),
    coded: Type.Record(Type.String({ pattern: '^[0-9]+$' }), Type.Unknown()),
    three: Type.Literal(3),
  },
  { additionalProperties: false, description: 'All of them' },
)

const THEIRS = TypeBox.Object(
  {
    word: TypeBox.String({ minLength: 1, description: 'A word' }),
    kind: TypeBox.Enum(['a', 'b', 3]),
    fixed: TypeBox.Literal('yes'),
    either: TypeBox.Union([TypeBox.Integer({ minimum: 2 }), TypeBox.Boolean()]),
    list: TypeBox.Optional(
      TypeBox.Array(TypeBox.Object({ deep: TypeBox.Optional(TypeBox.Number()) }), { minItems: 1 }),
    ),
    names: TypeBox.Optional(TypeBox.Record(TypeBox.String(), TypeBox.String())),
    coded: TypeBox.Record(TypeBox.String({ pattern: '^[0-9]+$' }), TypeBox.Unknown()),
    three: TypeBox.Literal(3),
  },
  { additionalProperties: false, description: 'All of them' },
)

describe('Type', () => {
  test('makes the JSON Schema and the type that TypeBox makes', () => {
    sameType<Static<typeof OURS>, TypeBox.Static<typeof THEIRS>>(true)
    assert.deepEqual(JSON.parse(JSON.stringify(OURS)), JSON.parse(JSON.stringify(THEIRS)))
  })

  test('an object without required keys says nothing of them', () => {
    assert.deepEqual(Object.keys(Type.Object({ a: Type.Optional(Type.String()) })), ['type', 'properties'])
  })

  test('a schema can be required in one place and optional in another', () => {
    const word = Type.String()
    const both = Type.Object({ must: word, may: Type.Optional(word) })
    sameType<Static<typeof both>, { must: string; may?: string }>(true)
    const [problem, ...others] = validate(both, {}).problems
    assert.match(problem?.message ?? '', /must/)
    assert.deepEqual(others, [])
  })

  test('options made with TypeBox are understood', () => {
    const { value, problems } = validate(THEIRS, {
      word: 'w',
      kind: 'a',
      fixed: 'yes',
      either: 'true',
      coded: {},
      three: 3,
    })
    assert.deepEqual(problems, [])
    assert.deepEqual(value, { word: 'w', kind: 'a', fixed: 'yes', either: true, coded: {}, three: 3 })
  })
})
