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
