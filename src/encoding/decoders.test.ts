import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DecodeError } from './decode-error.ts'
import { createDecoder } from './decoders.ts'

const TABLE: [encoding: string, isCollection: boolean, body: string, expected: unknown][] = [
  ['json', false, '{"a":1}', { a: 1 }],
  ['json', false, '{}', {}],
  ['json', false, 'null', null],
  ['json', false, '{"a":1} trailing', { a: 1 }],
  ['json', true, '[1,{"a":2}]', { collection: [1, { a: 2 }] }],
  ['json', true, '[]', { collection: [] }],
  ['fast-json', true, '[1]', { collection: [1] }],
  ['yaml', false, '{"a":1}', { a: 1 }],
  ['whatever', false, '{"a":1}', { a: 1 }],
  ['safejson', false, '{"a":1}', { a: 1 }],
  ['safejson', false, '[1,2]', { collection: [1, 2] }],
  ['safejson', true, '[1,2]', { collection: [1, 2] }],
  ['safejson', false, '12.5', { content: 12.5 }],
  ['safejson', false, '"hi"', { content: 'hi' }],
  ['safejson', false, 'null', { content: null }],
  ['string', false, '<b>héllo</b> & "x"', { content: '<b>héllo</b> & "x"' }],
  ['string', false, '', { content: '' }],
  ['no-op', false, 'anything', {}],
]

for (const [encoding, isCollection, body, expected] of TABLE) {
  test(`${encoding}${isCollection ? ' with is_collection' : ''} decodes ${body} at once`, () => {
    assert.deepEqual(createDecoder(encoding, isCollection)(Buffer.from(body)), expected)
  })
}

const FAILURES: [encoding: string, isCollection: boolean, body: string, problem: RegExp][] = [
  ['json', false, '', /as json: the body is empty/],
  ['json', false, '[1]', /expected an object, got an array \(set is_collection/],
  ['json', false, '12', /got a number/],
  ['json', false, '12345678901234567890', /got a number/],
  ['json', false, '"secret"', /got a string/],
  ['json', false, '{"secret":', /as json: /],
  ['json', false, '<p>secret</p>', /as json: /],
  ['json', true, '{"a":1}', /expected an array because of is_collection, got an object/],
  ['json', true, 'null', /got null/],
  ['safejson', false, '', /as safejson: the body is empty/],
]

for (const [encoding, isCollection, body, problem] of FAILURES) {
  test(`${encoding}${isCollection ? ' with is_collection' : ''} refuses ${JSON.stringify(body)}`, () => {
    assert.throws(
      () => createDecoder(encoding, isCollection)(Buffer.from(body)),
      (error) => {
        assert.ok(error instanceof DecodeError)
        assert.match(error.message, problem)
        assert.equal(error.status, 500)
        assert.equal(error.publicText, `the upstream's body cannot be decoded as ${encoding}`)
        return true
      },
    )
  })
}

test('an encoding with a library answers with a promise first, then at once', async () => {
  const decode = createDecoder('xml', false)
  const first = decode(Buffer.from('<a>1</a>'))
  assert.ok(first instanceof Promise)
  assert.deepEqual(await first, { a: '1' })
  assert.deepEqual(decode(Buffer.from('<a>2</a>')), { a: '2' })
})

test('a broken body rejects while the library is loaded and throws later', async () => {
  const decode = createDecoder('rss', false)
  await assert.rejects(async () => decode(Buffer.from('<html/>')), DecodeError)
  assert.throws(() => decode(Buffer.from('<html/>')), DecodeError)
})
