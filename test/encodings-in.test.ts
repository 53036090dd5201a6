import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBackend } from './support/start-backend.ts'
import { startGateway } from './support/start-gateway.ts'

const FAILS = Symbol('fails')

// encoding, is_collection, the upstream's body, the gateway's answer; its completeness where it is not that of the data
for (const [encoding, isCollection, body, expected, complete] of [
  ['json', false, '{"a":[1,{"b":null}]}', { a: [1, { b: null }] }],
  ['json', false, ' \n{"a":1} trailing text', { a: 1 }],
  ['json', false, '{"a":1}{"b":2}', { a: 1 }],
  ['json', false, '{"a":1,"a":2}', { a: 2 }],
  ['json', false, '{}', {}, false],
  ['json', false, 'null', null, false],
  ['json', false, '[1]', FAILS],
  ['json', false, '"text"', FAILS],
  ['json', false, '1', FAILS],
  ['json', false, '', FAILS],
  ['json', false, '{"a":1', FAILS],
  ['json', false, "{'a':1}", FAILS],
  ['json', false, '{"a":NaN}', FAILS],
  ['json', false, '\ufeff{"a":1}', FAILS],
  ['json', true, '[1,{"a":2}]', { collection: [1, { a: 2 }] }],
  ['json', true, '[]', { collection: [] }],
  ['json', true, '{"a":1}', FAILS],
  ['json', true, 'null', FAILS],
  ['fast-json', false, '{"a":1}', { a: 1 }],
  ['yaml', false, '{"a":1}', { a: 1 }],
  ['whatever', true, '[1]', { collection: [1] }],
  ['safejson', false, '{"a":1}', { a: 1 }],
  ['safejson', false, '[1]', { collection: [1] }],
  ['safejson', true, '{"a":1}', { a: 1 }],
  ['safejson', false, '"text"', { content: 'text' }],
  ['safejson', false, '1.5', { content: 1.5 }],
  ['safejson', false, 'false', { content: false }],
  ['safejson', false, 'null', { content: null }],
  ['safejson', false, '', FAILS],
  ['safejson', false, 'no', FAILS],
  ['string', false, 'any <text>\n', { content: 'any <text>\n' }],
  ['string', false, '', { content: '' }],
  ['string', true, '[1]', { content: '[1]' }],
  [
    'xml',
    false,
    '<r><a>1</a><a> 2 </a><b c="d">t</b><e/></r>',
    { r: { a: ['1', '2'], b: { '-c': 'd', '#text': 't' }, e: '' } },
  ],
  ['xml', false, '<n:r xmlns:n="u"><n:a><![CDATA[<x>]]></n:a><!-- c --><?p i?></n:r>', { r: { '-n': 'u', a: '<x>' } }],
  ['xml', true, '<r><a>1</a></r>', { collection: { r: { a: '1' } } }],
  ['xml', false, '<r><__proto__>1</__proto__></r>', JSON.parse('{"r":{"__proto__":"1"}}')],
  ['xml', false, '<r>', FAILS],
  ['xml', false, '', FAILS],
  ['xml', false, '<!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><r>&b;</r>', FAILS],
  ['rss', false, '{"a":1}', FAILS],
  ['json', false, '{"a":"\\ud83d\\ude00 \\ud83d \\ude00\\uDC80 \\\\ud800"}', { a: '😀 \ufffd \ufffd\ufffd \\ud800' }],
  ['json', false, Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]), { a: '\ufffd' }],
  ['json', false, '{"\\ud800":1}', { '\ufffd': 1 }],
] as const) {
  const shown = JSON.stringify(String(body))
  test(`${encoding}${isCollection ? ' with is_collection' : ''}: ${shown}`, async (t) => {
    const upstream = await startBackend(t, { '/': { body } })
    const gateway = await startGateway(t, {
      host: [upstream.url],
      endpoints: [{ endpoint: '/x', backend: [{ url_pattern: '/', encoding, is_collection: isCollection }] }],
    })
    const answer = await gateway.request('/x')
    if (expected === FAILS) {
      assert.deepEqual([answer.status, answer.body], [500, ''])
      return
    }
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json(), expected)
    assert.equal(answer.header('X-Krakend-Completed'), String(complete ?? true))
    assert.equal(answer.header('Content-Type'), 'application/json; charset=utf-8')
  })
}

for (const depth of [500, 5_000, 20_000]) {
  for (const output of ['json', 'xml', 'yaml', 'json-collection']) {
    test(`data nested ${depth} levels deep as ${output} is answered, and the gateway goes on`, async (t) => {
      const list = '['.repeat(depth) + ']'.repeat(depth)
      const upstream = await startBackend(t, {
        '/deep': { body: `{"collection":${list}}` },
        '/exact': { body: `{"n":12345678901234567890,"collection":${list}}` },
      })
      const gateway = await startGateway(t, {
        host: [upstream.url],
        endpoints: ['/deep', '/exact'].map((path) => ({
          ...{ endpoint: path, output_encoding: output, timeout: '20s' },
          backend: [{ url_pattern: path }],
        })),
      })
      for (const path of ['/deep', '/exact']) {
        const { status, body } = await gateway.request(path)
        assert.ok(status === 200 || (status === 500 && body === '' && depth > 500), `${path}: ${status}`)
        if (status === 200 && output.startsWith('json')) assert.ok(body.includes(list))
      }
      assert.equal((await gateway.request('/__health')).status, 200)
    })
  }
}
