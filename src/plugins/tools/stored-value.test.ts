import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deserialize, serialize } from 'node:v8'
import { ExactNumber } from '../../pipes/exact-number.ts'
import { HeaderList } from '../../pipes/headers.ts'
import { fromStored, toStored } from './stored-value.ts'

/** What comes back of a value that another thread has kept. */
function kept(value: unknown): unknown {
  return fromStored(deserialize(serialize(toStored('key', value))))
}

test('what a copy keeps comes back as it was, and is not looked into for nothing', () => {
  const bare = Object.assign(Object.create(null), { a: 1 })
  const values = [
    ...[undefined, null, false, 'text', 2n ** 70n, [], [[null, undefined, 1]], { a: { b: new Date(5) } }, /x/gi],
    ...[new Map([['k', new Set([{ a: 1 }])]]), Buffer.from('a'), new Uint16Array([1]), new ArrayBuffer(2)],
    ...[new RangeError('no'), [new Error('no')]],
  ]
  for (const value of values) {
    assert.equal(toStored('key', value), value)
    assert.deepEqual(kept(value), value)
  }
  assert.deepEqual(kept(bare), { a: 1 })
})

test('exact numbers keep their digits wherever they are', () => {
  const exact = new ExactNumber('9007199254740993')
  const list = [exact, 1]
  const value = {
    credit: exact,
    list,
    again: list,
    map: new Map([['a', exact]]),
    set: new Set([exact]),
    at: new Date(5),
  }
  const back = kept(value) as typeof value
  assert.deepEqual(back, value)
  assert.ok(back.credit instanceof ExactNumber)
  assert.equal(back.list, back.again)
  assert.equal(JSON.stringify(back.list), '[9007199254740993,1]')
  assert.equal(value.list[0], exact, 'the given value is left alone')
  assert.deepEqual(kept(exact), exact)
  assert.deepEqual(kept(JSON.parse('{"__proto__":{"a":1}}')), JSON.parse('{"__proto__":{"a":1}}'))
})

test('a value that holds itself comes back so', () => {
  const ring: { n: ExactNumber; self?: unknown } = { n: new ExactNumber('0.10') }
  ring.self = ring
  const back = kept(ring) as typeof ring
  assert.equal(back.self, back)
  assert.deepEqual(back.n, new ExactNumber('0.10'))
})

test('instances that a copy would lose are refused, with their place', () => {
  class User {
    readonly name = 'Ada'
  }
  class Names extends Array {}
  for (const [value, place] of [
    [new User(), 'it is an instance of User'],
    [{ users: [{ user: new User() }] }, 'users[0].user is an instance of User'],
    [new Map([['ada', new User()]]), 'ada is an instance of User'],
    [new Set([[new User()]]), 'is an instance of User'],
    [{ 'a b': new URL('http://a') }, '"a b" is an instance of URL'],
    [[new HeaderList()], '[0] is an instance of HeaderList'],
    [new Names(), 'it is an instance of Names'],
    [new (class Refusal extends Error {})('no'), 'it is an instance of Refusal'],
    [{ text: Object('text') }, 'text is an instance of String'],
    [{ n: new ExactNumber('1'), user: new User() }, 'user is an instance of User'],
  ] as const) {
    assert.throws(
      () => toStored('key', value),
      (error) =>
        error instanceof TypeError && error.message.includes(place) && error.message.startsWith('the value of "key"'),
    )
  }
})
