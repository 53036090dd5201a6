import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CASES } from './cases.ts'
import { findMissingHeaders, findMissingUpstreamHeaders, findWrongData } from './check-answer.ts'
import { parseCoreList } from './cores.ts'
import { PAYLOADS } from './payloads.ts'
import { median } from './rounds.ts'

const json = CASES.find((one) => one.name === 'json')
assert.ok(json !== undefined)
const body = PAYLOADS.get('/small') ?? ''
const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Krakend: Version 1\r\nx-krakend-completed: true'

test('the short payload has 116 bytes, the long one 9 kB', () => {
  assert.equal(Buffer.byteLength(body), 116)
  assert.equal(Math.round(Buffer.byteLength(PAYLOADS.get('/large') ?? '') / 1000), 9)
})

test('an answer may spell its JSON otherwise, but not say something else', () => {
  const spaced = JSON.stringify(JSON.parse(body), null, 2)
  assert.equal(findWrongData(json, { status: 200, head, body: spaced }), null)
  assert.match(findWrongData(json, { status: 200, head, body: '{"id":1}' }) ?? '', /another body: \{"id":1\}/)
  assert.match(findWrongData(json, { status: 200, head, body: 'oops' }) ?? '', /another body: oops/)
  assert.match(findWrongData(json, { status: 500, head, body }) ?? '', /status 500/)
})

test('headers of the visible work are missed by name', () => {
  assert.equal(findMissingHeaders(json, { status: 200, head, body }), null)
  const without = { status: 200, head: head.replace('true', 'false'), body }
  assert.equal(findMissingHeaders(json, without), 'the answer lacks x-krakend-completed: true')
  const upstream = 'GET / HTTP/1.1\r\nUser-Agent: a\r\nX-Forwarded-For: b\r\nX-Forwarded-Host: c'
  assert.equal(findMissingUpstreamHeaders(upstream), "the upstream's request lacks accept-encoding: gzip")
  assert.equal(findMissingUpstreamHeaders(`${upstream}\r\naccept-encoding: gzip`), null)
})

test('core lists and medians', () => {
  assert.deepEqual(parseCoreList('\t0-2,5\n'), [0, 1, 2, 5])
  assert.deepEqual(parseCoreList(''), [])
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 2, 3]), 2.5)
  assert.ok(Number.isNaN(median([])))
})
