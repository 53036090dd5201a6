import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ExactNumber } from '../pipes/exact-number.ts'
import type { DataObject } from '../pipes/proxy.ts'
import { compileShape, type ShapeOptions } from './shape.ts'

const NOTHING: ShapeOptions = { target: '', allow: [], deny: [], mapping: {}, group: '' }

/** Shapes JSON text, which unlike a literal can hold a field `__proto__`; the result is compared as JSON. */
function shaped(options: Partial<ShapeOptions>, json: string): unknown {
  const shape = compileShape({ ...NOTHING, ...options })
  assert.ok(shape !== null, 'a shape was configured')
  return JSON.parse(JSON.stringify(shape(JSON.parse(json) as DataObject)))
}

const USER =
  '{"id":1,"user":{"name":"Ada","mail":"x","address":{"city":"L","zip":"1"}},"tags":["a"],"items":[{"id":1}],"nul":null,"none":{}}'

describe('a backend without shaping options', () => {
  test('has no shape', () => {
    assert.equal(compileShape(NOTHING), null)
    assert.equal(compileShape({ ...NOTHING, flatmap: [] }), null)
    assert.equal(compileShape({ ...NOTHING, mapping: { a: 'a.b' } }), null)
  })
})

describe('target', () => {
  for (const [target, json, expected] of [
    ['data.user', '{"data":{"user":{"a":1}},"x":1}', { a: 1 }],
    ['data.missing', '{"data":{}}', {}],
    ['data', '{"data":[1]}', {}],
    ['data.0', '{"data":[{"a":1}]}', {}],
    ['data', '{"data":null}', {}],
    ['data.user', '{"data":"text"}', {}],
    ['constructor', '{}', {}],
    ['__proto__', '{"a":1}', {}],
    ['__proto__', '{"__proto__":{"a":1}}', { a: 1 }],
  ] as const) {
    test(`${target} of ${json}`, () => assert.deepEqual(shaped({ target }, json), expected))
  }
})

describe('allow', () => {
  for (const [allow, expected] of [
    [['id', 'user.name', 'user.address.city'], { id: 1, user: { name: 'Ada', address: { city: 'L' } } }],
    [['tags', 'items.id'], { tags: ['a'] }],
    [['tags.0'], {}],
    [['user.nope', 'id'], { id: 1 }],
    [['user.address.nope', 'user.mail'], { user: { mail: 'x' } }],
    [['user.name', 'user'], JSON.parse(`{"user":${JSON.stringify(JSON.parse(USER).user)}}`)],
    [['user', 'user.name'], JSON.parse(`{"user":${JSON.stringify(JSON.parse(USER).user)}}`)],
    [['nul', 'none'], { nul: null, none: {} }],
    [['nul.x', 'none.x', 'id.x'], {}],
    [['toString', 'constructor.name', '__proto__', '__proto__.toString'], {}],
  ] as const) {
    test(allow.join(' '), () => assert.deepEqual(shaped({ allow, deny: ['id'] }, USER), expected))
  }

  test('takes an exact number for a leaf', () => {
    const shape = compileShape({ ...NOTHING, allow: ['n', 'm.text'] })
    const n = new ExactNumber('9007199254740993')
    assert.deepEqual(shape?.({ n, m: n }), { n })
  })
})

describe('deny', () => {
  const all = JSON.parse(USER)
  for (const [deny, expected] of [
    [['id', 'user', 'tags', 'items', 'nul', 'none'], {}],
    [['user.name', 'user.mail', 'user.address'], { ...all, user: {} }],
    [['user.address.zip', 'nope', 'nope.x', 'id.x'], { ...all, user: { ...all.user, address: { city: 'L' } } }],
    [['user', 'user.name', 'items.id', 'tags.0'], { ...all, user: undefined }],
    [['constructor', '__proto__'], all],
  ] as const) {
    test(deny.join(' '), () => assert.deepEqual(shaped({ deny }, USER), JSON.parse(JSON.stringify(expected))))
  }
})

describe('mapping', () => {
  for (const [mapping, json, expected] of [
    [{ a: 'b' }, '{"a":1,"b":2,"c":3}', { b: 1, c: 3 }],
    [{ a: 'b.c' }, '{"a":1}', { b: 1 }],
    [{ 'a.b': 'c' }, '{"a":{"b":1}}', { a: { b: 1 } }],
    [{ 'a.b': 'c' }, '{"a.b":1}', { c: 1 }],
    [{ missing: 'a' }, '{"a":1}', { a: 1 }],
    [{ a: 'b', b: 'a' }, '{"a":1,"b":2}', { a: 2, b: 1 }],
    [{ a: 'c', b: 'c' }, '{"a":1,"b":2}', { c: 2 }],
    [{ constructor: 'x', toString: 'y' }, '{"a":1}', { a: 1 }],
  ] as const) {
    test(`${JSON.stringify(mapping)} of ${json}`, () => assert.deepEqual(shaped({ mapping }, json), expected))
  }

  test('to __proto__ makes a field and no prototype', () => {
    const result = compileShape({ ...NOTHING, mapping: { a: '__proto__' } })?.({ a: { polluted: true }, b: 1 })
    assert.deepEqual(Object.keys(result ?? {}), ['b', '__proto__'])
    assert.equal((result as { polluted?: boolean }).polluted, undefined)
  })
})

describe('the whole', () => {
  test('runs target, deny, mapping, group in this order', () => {
    const options = { target: 'data.user', deny: ['secret'], mapping: { name: 'full', missing: 'm' }, group: 'u' }
    const json = '{"data":{"user":{"name":"Ada","secret":1,"age":36},"n":1}}'
    assert.deepEqual(shaped(options, json), { u: { age: 36, full: 'Ada' } })
  })

  test('groups emptiness too', () => assert.deepEqual(shaped({ group: 'a.b' }, '{}'), { 'a.b': {} }))

  test('a group called __proto__ is a field', () => {
    assert.equal(JSON.stringify(compileShape({ ...NOTHING, group: '__proto__' })?.({ a: 1 })), '{"__proto__":{"a":1}}')
  })

  test('flatmap stands in for allow, deny and mapping', () => {
    const options = { target: 'd', allow: ['x'], mapping: { a: 'm' }, group: 'g' }
    const flatmap = [{ type: 'move', args: ['a', 'b'] }]
    assert.deepEqual(shaped({ ...options, flatmap }, '{"d":{"a":1,"x":2}}'), { g: { b: 1, x: 2 } })
    assert.deepEqual(shaped({ ...options, flatmap: [{ type: 'sort', args: [] }] }, '{"d":{"a":1}}'), { g: { a: 1 } })
  })
})

// The models go over flat lists of leaves: what has a listed path as its beginning is selected.
const key = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor')
const json = fc
  .letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.integer(),
      fc.constant(null),
      fc.array(fc.integer(), { maxLength: 2 }),
      tie('object'),
    ),
    object: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
  }))
  .object.map((object) => JSON.stringify(object))
const paths = fc.array(
  fc.array(key, { minLength: 1, maxLength: 3 }).map((keys) => keys.join('.')),
  { minLength: 1, maxLength: 4 },
)

function leaves(value: unknown, path: string[] = []): [string[], unknown][] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!isObject || (Object.keys(value).length === 0 && path.length > 0)) return [[path, value]]
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]))
}

function isCovered(path: readonly string[], list: readonly string[]): boolean {
  return path.some((_, depth) => list.includes(path.slice(0, depth + 1).join('.')))
}

const sorted = (entries: [string[], unknown][]) => entries.map((entry) => JSON.stringify(entry)).sort()

test('allow keeps exactly the leaves that a listed path covers', () => {
  fc.assert(
    fc.property(json, paths, (text, allow) => {
      const expected = leaves(JSON.parse(text)).filter(([path]) => isCovered(path, allow))
      assert.deepEqual(sorted(leaves(shaped({ allow }, text))), sorted(expected))
    }),
  )
})

test('deny removes exactly the leaves that a listed path covers', () => {
  fc.assert(
    fc.property(json, paths, (text, deny) => {
      const before = leaves(JSON.parse(text)).map(([path]) => path.join('.'))
      const expected = leaves(JSON.parse(text)).filter(([path]) => !isCovered(path, deny))
      // Objects that were emptied stay, and are leaves that were none before.
      const after = leaves(shaped({ deny }, text)).filter(
        ([path, value]) => before.includes(path.join('.')) || JSON.stringify(value) !== '{}',
      )
      assert.deepEqual(sorted(after), sorted(expected))
    }),
  )
})
