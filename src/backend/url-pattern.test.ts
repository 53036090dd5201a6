import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ProxyRequest } from '../pipes/proxy.ts'
import { decodeForm, percentDecode } from '../pipes/query.ts'
import { compileUrlPattern, MissingParameter, placeholdersOf } from './url-pattern.ts'

function urlOf(pattern: string, params: Record<string, string> = {}, query = ''): string {
  const request = new ProxyRequest('GET', '/client', params, query)
  request.fixedSearch = 'left=over'
  compileUrlPattern(pattern).build(request)
  return request.url
}

describe('a pattern without placeholders', () => {
  for (const [pattern, expected] of [
    ['/a/b?c=d', '/a/b?c=d'],
    ['a', '/a'],
    ['', '/'],
    ['?a=1', '/?a=1'],
    ['/a#fragment?x=1', '/a'],
    ['/a?x=1#fragment', '/a?x=1'],
    ['/a b/é/"<>\\^`{}|', '/a%20b/%C3%A9/%22%3C%3E%5C%5E%60%7B%7D%7C'],
    ['/a%20b%2Fc/100%/%zz', '/a%20b%2Fc/100%25/%25zz'],
    ["/-._~!$&'()*+,;=:@[]", "/-._~!$&'()*+,;=:@[]"],
    ['/a?q=a b&r=é&s=%20+{}|"&t=100%', '/a?q=a%20b&r=%C3%A9&s=%20+{}|"&t=100%'],
    ['/a\r\nHost: x?b\r\nc', '/a%0D%0AHost:%20x?b%0D%0Ac'],
    ['/{}/{a b}', '/%7B%7D/%7Ba%20b%7D'],
  ] as const) {
    test(JSON.stringify(pattern), () => assert.equal(urlOf(pattern), expected))
  }

  test('sends its own query before the forwarded one', () => {
    assert.equal(urlOf('/echo?fixed=1', {}, 'b=2&page=1'), '/echo?fixed=1&b=2&page=1')
  })
})

describe('a placeholder', () => {
  for (const [pattern, params, expected] of [
    ['/{post}/of/{user}?u={user}&f=1', { user: 'ada', post: '42' }, '/42/of/ada?u=ada&f=1'],
    ['/{a}{b}.{a}', { a: '1', b: '2' }, '/12.1'],
    ['/u/{id}', { id: 'a b' }, '/u/a%20b'],
    ['/u/{id}', { id: 'café' }, '/u/caf%C3%A9'],
    ['/u/{id}', { id: "+;:@&='()!$,*~-_." }, "/u/+;:@&='()!$,*~-_."],
    ['/u/{id}', { id: 'a/b?c#d%2F\\' }, '/u/a%2Fb%3Fc%23d%252F%5C'],
    ['/u/{id}', { id: '\udcff\udc80' }, '/u/%FF%80'],
    ['/u?q={id}', { id: 'a&b=c d+é#/' }, '/u?q=a%26b%3Dc+d%2B%C3%A9%23%2F'],
    ['/u?q={id}', { id: '' }, '/u?q='],
    ['/{resp0_a.b-c}/{JWT.sub}', { 'resp0_a.b-c': 'x', 'JWT.sub': 'y' }, '/x/y'],
    ['{id}', { id: 'x' }, '/x'],
    ['/{a}', { a: '{b}' }, '/%7Bb%7D'],
    ['/v{a}', { a: '..' }, '/v..'],
    ['/{a}', { a: '...' }, '/...'],
    ['/{a}', { a: '...;x' }, '/...;x'],
    ['/{a};{b}', { a: '.x', b: '..' }, '/.x;..'],
    ['/?a={a}', { a: '..' }, '/?a=..'],
  ] as const) {
    test(`${pattern} with ${JSON.stringify(params)}`, () => assert.equal(urlOf(pattern, params), expected))
  }

  for (const [pattern, params] of [
    ['/{a}', { a: '..' }],
    ['/{a}/x', { a: '.' }],
    ['/{a}{b}', { a: '.', b: '.' }],
    ['/.{a}/x', { a: '.' }],
    ['/.{a}./x', { a: '' }],
    ['/{a}/x', { a: '..;' }],
    ['/{a}', { a: '..;a=b' }],
    ['/.{a}/x', { a: ';a' }],
    ['/{a}{b}/x', { a: '..', b: ';a' }],
  ] as const) {
    test(`must not make a dot segment: ${pattern} with ${JSON.stringify(params)}`, () => {
      assert.throws(() => urlOf(pattern, params), { name: 'HttpError', status: 400 })
    })
  }

  test('without a value fails and is named', () => {
    assert.throws(() => urlOf('/x/{id}'), {
      name: 'MissingParameter',
      status: 500,
      placeholder: 'id',
      message: 'url_pattern "/x/{id}": no value for {id}: the request has no parameter "id"',
    })
    assert.throws(() => urlOf('/x?y={resp1_a.b}', { id: '1' }), {
      message: /\{resp1_a\.b\}: the answer of backend 1 has no field "a\.b", or it is null$/,
    })
    assert.throws(() => urlOf('/{constructor}'), MissingParameter)
    assert.throws(() => urlOf('/{__proto__}'), MissingParameter)
  })

  test('is listed once, in the order of occurrence', () => {
    assert.deepEqual(placeholdersOf('/{b}/{a}?x={b}'), ['b', 'a'])
    assert.deepEqual(compileUrlPattern('/{b}/{a}?x={b}#{c}').names, ['b', 'a'])
  })
})

const REQUEST_TARGET = /^\/[\x21-\x7e]*$/

test('a value comes out of the path and of the query as it went in, and nothing is added', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      fc.pre(!/^\.{1,2}(?:;|$)/.test(value))
      const url = urlOf('/a/{v}/b?c={v}&d=1', { v: value })
      assert.match(url, REQUEST_TARGET)
      assert.equal(url.split('?').length, 2)
      const [path = '', query = ''] = url.split('?')
      const segments = path.split('/')
      assert.deepEqual([segments.length, percentDecode(segments[2] ?? '')], [4, value])
      const pairs = query.split('&')
      assert.deepEqual([pairs.length, decodeForm(pairs[0]?.slice(2) ?? '')], [2, value])
    }),
  )
})

test('any pattern makes a request target', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (pattern) => {
      fc.pre(placeholdersOf(pattern).length === 0)
      assert.match(urlOf(pattern), REQUEST_TARGET)
    }),
  )
})
