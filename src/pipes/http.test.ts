import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BodyStream } from './body.ts'
import { HeaderList } from './headers.ts'
import { HttpRequest, HttpResponse } from './http.ts'
import { ProxyRequest } from './proxy.ts'

const stream = () => BodyStream.from(['{"a"', ':1}'])

test('a clone of a request has everything of its own', async () => {
  const request = new HttpRequest('PUT', '/a?b=1', new HeaderList(['A', '1']), 'text', 'http://h', '::1')
  request.replayable = true
  request.query.set('b', '2')
  const clone = request.clone()
  assert.deepEqual(
    [clone.method, clone.url, clone.headers.raw, clone.remoteAddress, clone.replayable, await clone.text()],
    ['PUT', 'http://h/a?b=2', ['A', '1'], '::1', true, 'text'],
  )
  clone.headers.set('A', '2')
  clone.query.set('b', '3')
  clone.body = null
  assert.deepEqual([request.url, request.headers.get('A'), request.body], ['http://h/a?b=2', '1', 'text'])
})

test('a clone of an answer has everything of its own', async () => {
  const response = new HttpResponse(201, new HeaderList(['A', '1']), 'text')
  response.trailers = ['T', '1']
  const clone = response.clone()
  assert.deepEqual([clone.status, clone.headers.raw, clone.trailers], [201, ['A', '1'], ['T', '1']])
  clone.headers.set('A', '2')
  clone.trailers?.push('U', '2')
  assert.deepEqual(
    [response.headers.raw, response.trailers],
    [
      ['A', '1'],
      ['T', '1'],
    ],
  )
})

for (const make of [
  () => new HttpRequest('POST', '/', new HeaderList(), stream()),
  () => new ProxyRequest('POST', '/', {}, '', new HeaderList(), stream()),
  () => new HttpResponse(200, null, stream()),
]) {
  test(`a ${make().constructor.name} with a stream is cloned once that has been read`, async () => {
    const message = make()
    assert.throws(() => message.clone(), /TypeError: .*write `await message\.bytes\(\)` before/)
    await message.bytes()
    const clone = message.clone()
    assert.deepEqual([await message.json(), await clone.json()], [{ a: 1 }, { a: 1 }])
  })
}

test('ok says whether the status is one of success', () => {
  const statuses = [199, 200, 299, 300, 500]
  assert.deepEqual(
    statuses.map((status) => new HttpResponse(status).ok),
    [false, true, true, false, false],
  )
})
