import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { BodyStream } from '../pipes/body.ts'
import { HeaderList } from '../pipes/headers.ts'
import { HttpResponse } from '../pipes/http.ts'
import { ProxyRequest, ProxyResponse } from '../pipes/proxy.ts'
import { toHttpResponse, toRequestOutcome, toResponseOutcome } from './answer.ts'

const bodies: [what: string, body: unknown, text: string, type: string | null][] = [
  ['text', 'hé', 'hé', 'text/plain; charset=utf-8'],
  ['an object', { a: [1] }, '{"a":[1]}', 'application/json; charset=utf-8'],
  ['a list', [1, 2], '[1,2]', 'application/json; charset=utf-8'],
  ['a number', 5, '5', 'application/json; charset=utf-8'],
  ['false', false, 'false', 'application/json; charset=utf-8'],
  ['bytes', Buffer.from('b'), 'b', null],
  ['an ArrayBuffer', new Uint8Array([98]).buffer, 'b', null],
  ['a stream', new Blob(['b']).stream(), 'b', null],
  ['nothing', undefined, '', null],
  ['null', null, '', null],
]

for (const [what, body, text, type] of bodies) {
  test(`a body may be ${what}`, async () => {
    const response = toHttpResponse({ body })
    assert.equal(response.status, 200)
    assert.equal(await response.text(), text)
    assert.equal(response.headers.get('content-type'), type)
  })
}

test('a content type among the headers counts more', () => {
  const { headers } = toHttpResponse({ status: 201, headers: { 'content-type': 'text/csv' }, body: 'a,b' })
  assert.deepEqual(headers.raw, ['content-type', 'text/csv'])
})

test('an HttpResponse is passed on as one of its own, unless it streams', () => {
  const response = new HttpResponse(204, new HeaderList(['A', '1']))
  const answer = toHttpResponse(response)
  answer.headers.append('A', '2')
  assert.deepEqual([answer.status, response.headers.raw], [204, ['A', '1']])
  const streaming = new HttpResponse(200, null, BodyStream.from(['a']))
  assert.equal(toHttpResponse(streaming), streaming)
})

test('a Response of the Fetch standard keeps status, headers and single cookies', async () => {
  const headers = new Headers({ 'Content-Encoding': 'br' })
  headers.append('Set-Cookie', 'a=1')
  headers.append('Set-Cookie', 'b=2')
  const response = toHttpResponse(new Response('x', { status: 203, headers }))
  assert.equal(response.status, 203)
  assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
  assert.equal(response.headers.get('content-encoding'), 'br')
  assert.equal(await response.text(), 'x')
})

test('what came by fetch was decompressed, so the fields about the compressed bytes are dropped', async (t) => {
  const server = createServer((_, response) => response.setHeader('Content-Encoding', 'deflate').end('plain'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const fetched = await fetch(`http://127.0.0.1:${port}/`, { method: 'HEAD' })
  const { headers } = toHttpResponse(fetched)
  assert.equal(fetched.headers.get('content-encoding'), 'deflate')
  assert.equal(headers.get('content-encoding'), null)
})

test('a Response that has been read, or that is an error, is refused', async () => {
  const read = new Response('x')
  await read.text()
  assert.throws(() => toHttpResponse(read), /whose body has been read/)
  assert.throws(() => toHttpResponse(Response.error()), /returned the status 0/)
})

test('whatever a hook returns gives a message of the pipe or a TypeError that says what was returned', () => {
  const request = new ProxyRequest('GET', '/', {})
  const response = new ProxyResponse(null, true)
  const statuses = fc.oneof(fc.integer(), fc.string(), fc.constant(undefined))
  const record = fc.record(
    { status: statuses, headers: fc.anything(), body: fc.anything(), data: fc.anything() },
    { requiredKeys: [] },
  )
  const accepted = (make: () => unknown): unknown => {
    try {
      return make()
    } catch (error) {
      assert.ok(error instanceof TypeError, String(error))
      assert.ok(error.message.startsWith('returned '), error.message)
      return undefined
    }
  }
  fc.assert(
    fc.property(
      fc.oneof(fc.anything({ withNullPrototype: true, withDate: true, withMap: true, withBigInt: true }), record),
      (value) => {
        const http = accepted(() => toHttpResponse(value))
        assert.ok(http === undefined || http instanceof HttpResponse)
        const forward = accepted(() => toRequestOutcome(value, request))
        assert.ok(forward === undefined || forward === request || forward instanceof ProxyResponse)
        const back = accepted(() => toResponseOutcome(value, response))
        assert.ok(back === undefined || back instanceof ProxyResponse)
      },
    ),
    { numRuns: 300 },
  )
})

test('what would break the message out of its frame is refused', () => {
  assert.throws(
    () => toHttpResponse({ headers: { 'X-A': 'a\r\nX-B: b' } }),
    /headers that cannot be sent: the value 'a\\r\\nX-B: b' of the header X-A/,
  )
  assert.throws(() => toHttpResponse({ headers: { 'X A': 'a' } }), /headers that cannot be sent: 'X A' is no name/)
  assert.throws(() => toHttpResponse({ headers: 'X-A: 1' }), /headers that cannot be sent: .*, not 'X-A: 1'/)
  assert.throws(() => toHttpResponse({ body: { n: 1n } }), /returned a body that is no JSON, .*BigInt/)
})

test('data must be an object, and has no status of its own', () => {
  const request = new ProxyRequest('GET', '/', {})
  assert.throws(() => toRequestOutcome({ data: [1] }, request), /returned data that is no object/)
  assert.throws(() => toRequestOutcome({ data: {}, status: 201 }, request), /for another one return \{ status, body \}/)
  assert.throws(() => toRequestOutcome({ data: {}, complete: 1 }, request), /"complete" that is no boolean/)
})
