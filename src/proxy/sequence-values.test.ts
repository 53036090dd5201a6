import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compileUrlPattern } from '../backend/url-pattern.ts'
import { ExactNumber } from '../pipes/exact-number.ts'
import { type DataObject, ProxyRequest } from '../pipes/proxy.ts'
import { compileSequenceValues, textOf } from './sequence-values.ts'

function collected(patterns: string[], propagated: string[], answers: (DataObject | null)[], text?: string) {
  const values = compileSequenceValues(patterns, propagated)
  const params: Record<string, string> = { id: '25' }
  for (const [index, data] of answers.entries()) values.collect(index, data, params, text)
  return params
}

describe('collect', () => {
  test('takes what the later url_patterns name, and nothing else', () => {
    const patterns = ['/hotels/{id}', '/dest/{resp0_dest}?n={resp0_nested.deep}', '/{resp1_g.method}/{resp0_dest}']
    const answers = [{ dest: 'LAX', nested: { deep: 'v1' }, other: 1 }, { g: { method: 'GET' } }]
    assert.deepEqual(collected(patterns, [], answers), {
      id: '25',
      resp0_dest: 'LAX',
      'resp0_nested.deep': 'v1',
      'resp1_g.method': 'GET',
    })
  })

  test('gives no parameter for what is missing, null, or in a list', () => {
    const patterns = ['/', '/{resp0_nul}/{resp0_missing}/{resp0_list.0}/{resp0_text.length}/{resp0_toString}']
    assert.deepEqual(collected(patterns, ['resp0_x', 'resp0'], [{ nul: null, list: ['a'], text: 'b' }]), { id: '25' })
    assert.deepEqual(collected(patterns, [], [null]), { id: '25' })
  })

  test('lets the call that lacks a value fail when its URL is built', () => {
    const params = collected(['/', '/{resp0_a}'], [], [{ a: null }])
    const request = new ProxyRequest('GET', '/', params)
    assert.throws(() => compileUrlPattern('/{resp0_a}').build(request), { placeholder: 'resp0_a' })
  })

  test('propagates fields and whole texts', () => {
    const params = collected(['/', '/'], ['resp0_user.id', 'resp1'], [{ user: { id: 'u-9' } }, null], 'whole')
    assert.deepEqual(params, { id: '25', 'Resp0_user.id': 'u-9', Resp1: 'whole' })
  })

  test('asks for the text only where it is propagated', () => {
    const values = compileSequenceValues(['/', '/{resp0_a}', '/'], ['resp1', 'resp0_b'])
    assert.deepEqual(
      [0, 1, 2, 3].map((index) => values.needsText(index)),
      [false, true, false, false],
    )
  })
})

describe('warnings', () => {
  test('name references that can never have a value', () => {
    const { warnings } = compileSequenceValues(
      ['/{resp0_a}', '/{resp0_a}/{resp1_b}/{resp7_c}/{id}/{resp_x}'],
      ['resp2', 'user'],
    )
    assert.deepEqual(warnings, [
      'backend[0].url_pattern "/{resp0_a}": {resp0_a} names no backend before this one, so it never has a value; the first backend cannot use any',
      'backend[1].url_pattern "/{resp0_a}/{resp1_b}/{resp7_c}/{id}/{resp_x}": {resp1_b} names no backend before this one, so it never has a value; use resp0 to resp0',
      'backend[1].url_pattern "/{resp0_a}/{resp1_b}/{resp7_c}/{id}/{resp_x}": {resp7_c} names no backend before this one, so it never has a value; use resp0 to resp0',
      'sequential_propagated_params: "resp2" names no answer; write respN or respN_field with N from 0 to 1',
      'sequential_propagated_params: "user" names no answer; write respN or respN_field with N from 0 to 1',
    ])
  })

  test('are absent when all is well', () => {
    assert.deepEqual(compileSequenceValues(['/', '/{resp0_a}'], ['resp1_x']).warnings, [])
  })
})

describe('textOf', () => {
  for (const [value, expected] of [
    ['a b', 'a b'],
    [1.5, '1.5'],
    [9007199254740991, '9007199254740991'],
    [new ExactNumber('12345678901234567890'), '12345678901234567890'],
    [true, 'true'],
    [[1, 'a', false, new ExactNumber('1.10')], '1,a,false,1.10'],
    [[], ''],
    [{ a: [new ExactNumber('12345678901234567890')] }, '{"a":[12345678901234567890]}'],
  ] as const) {
    test(String(expected), () => assert.equal(textOf(value as Parameters<typeof textOf>[0]), expected))
  }

  test('writes objects so that they can be read again', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (value) => {
        const data = JSON.parse(JSON.stringify(value)) as DataObject
        assert.deepEqual(JSON.parse(textOf(data)), data)
      }),
    )
  })
})
