import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { canonicalName, HeaderList, sameName } from './headers.ts'

const fields = () =>
  new HeaderList(['Accept', 'a', 'X-One', '1', 'accept', 'b', 'Set-Cookie', 'c=1', 'set-cookie', 'd=2'])

describe('HeaderList', () => {
  test('looks names up without case', () => {
    const list = fields()
    assert.deepEqual([list.get('ACCEPT'), list.get('x-one'), list.get('x')], ['a, b', '1', null])
    assert.deepEqual(
      [list.getAll('Accept'), list.getSetCookie()],
      [
        ['a', 'b'],
        ['c=1', 'd=2'],
      ],
    )
    assert.deepEqual([list.has('x-ONE'), list.has('constructor')], [true, false])
  })

  test('set leaves one field where the first one was', () => {
    const list = fields()
    list.set('ACCEPT', 'z')
    list.set('X-New', '2')
    const rest = ['X-One', '1', 'Set-Cookie', 'c=1', 'set-cookie', 'd=2', 'X-New', '2']
    assert.deepEqual(list.raw, ['Accept', 'z', ...rest])
  })

  test('delete removes all fields of the name', () => {
    const list = fields()
    list.delete('accept')
    list.delete('nope')
    assert.deepEqual(list.raw, ['X-One', '1', 'Set-Cookie', 'c=1', 'set-cookie', 'd=2'])
  })

  test('is made of an object, pairs, Headers or another list', () => {
    const source = { a: '1', b: ['2', '3'], c: 4, d: undefined }
    assert.deepEqual(HeaderList.from(source).raw, ['a', '1', 'b', '2', 'b', '3', 'c', '4'])
    assert.deepEqual(
      HeaderList.from([
        ['a', '1'],
        ['a', '2'],
      ]).raw,
      ['a', '1', 'a', '2'],
    )
    assert.deepEqual(HeaderList.from(new Headers({ A: '1' })).raw, ['a', '1'])
    assert.deepEqual(HeaderList.from(undefined).raw, [])
    const list = fields()
    HeaderList.from(list).delete('accept')
    assert.equal(list.get('accept'), 'a, b')
  })

  test('shows itself as an object with lower-case names', () => {
    assert.deepEqual(fields().toJSON(), { accept: 'a, b', 'x-one': '1', 'set-cookie': ['c=1', 'd=2'] })
    assert.equal(Object.getPrototypeOf(new HeaderList(['__proto__', 'x']).toJSON()), Object.prototype)
  })

  test('iterates in order', () => {
    const seen: string[] = []
    fields().forEach((value, name) => {
      seen.push(name, value)
    })
    assert.deepEqual(seen, fields().raw)
    assert.deepEqual([...fields().entries()].flat(), fields().raw)
  })
})

describe('what cannot be sent is refused where it is written', () => {
  const names: unknown[] = ['', 'a b', 'a:', 'a\n', 'ä', 'x\u{1f600}', 1, undefined, null]
  const values: readonly (readonly [value: unknown, reason: RegExp])[] = [
    ['a\r\nb', /holds U\+000D: control characters/],
    ['\0', /holds U\+0000/],
    ['\x7f', /holds U\+007F/],
    ['a€', /holds U\+20AC: write encodeURIComponent\(value\)/],
    [undefined, /undefined is no value of the header X-A: take the header away with delete\('X-A'\)/],
    [null, /null is no value/],
    [['a'], /write value\.join/],
    [{}, /\{\} is no value/],
    [() => 1, /is no value/],
  ]
  const ways: readonly ((list: HeaderList, name: never, value: never) => void)[] = [
    (list, name, value) => list.set(name, value),
    (list, name, value) => list.append(name, value),
    (_, name, value) => HeaderList.from([[name, value]]),
  ]

  for (const [i, way] of ways.entries()) {
    test(`by ${['set', 'append', 'from'][i]}`, () => {
      const list = fields()
      for (const name of names) assert.throws(() => way(list, name as never, 'x' as never), TypeError)
      for (const [value, reason] of values) {
        assert.throws(
          () => way(list, 'X-A' as never, value as never),
          (error) => error instanceof TypeError && reason.test(error.message),
        )
      }
      assert.deepEqual(list.raw, fields().raw)
    })
  }

  test('of an object, in which undefined means nothing', () => {
    assert.throws(() => HeaderList.from({ 'a b': '1' }), /'a b' is no name of a header/)
    assert.throws(() => HeaderList.from({ a: ['1', '2\n'] }), TypeError)
    assert.throws(() => HeaderList.from('a: b' as never), /headers are written \{ name: 'value' \}/)
    assert.deepEqual(HeaderList.from({ a: undefined }).raw, [])
  })

  test('numbers, URLs, tabs and all of Latin-1 can be sent', () => {
    const list = new HeaderList()
    list.set('X-N', 5)
    list.set("!#$%&'*+-.^_`|~09AZaz", '')
    list.append('Location', new URL('http://h/ü') as never)
    list.append('X-A', 'a\tb é ÿ')
    const expected = ['X-N', '5', "!#$%&'*+-.^_`|~09AZaz", '', 'Location', 'http://h/%C3%BC', 'X-A', 'a\tb é ÿ']
    assert.deepEqual(list.raw, expected)
  })
})

test('behaves as the Fetch standard says', () => {
  const name = fc.constantFrom('a', 'A', 'b', 'B', 'c')
  const step = fc.tuple(fc.constantFrom('set', 'append', 'delete'), name, fc.stringMatching(/^[a-z]{1,3}$/))
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const list = new HeaderList()
      const standard = new Headers()
      for (const [action, field, value] of steps) {
        if (action === 'delete') {
          list.delete(field)
          standard.delete(field)
        } else {
          list[action as 'set' | 'append'](field, value)
          standard[action as 'set' | 'append'](field, value)
        }
      }
      assert.deepEqual(list.toJSON(), Object.fromEntries(standard))
    }),
  )
})

test('names are compared without case and written in canonical form', () => {
  assert.deepEqual([sameName('X-a', 'x-a'), sameName('x-a', 'x-a'), sameName('X-b', 'x-a')], [true, true, false])
  const names = ['x-custom-a', 'X-CUSTOM-A', 'etag', 'x--b', 'x-1a', '-a']
  assert.deepEqual(names.map(canonicalName), ['X-Custom-A', 'X-Custom-A', 'Etag', 'X--B', 'X-1a', '-A'])
})
