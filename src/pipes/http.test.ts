import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Body, BodyStream } from './body.ts'
import { HeaderList } from './headers.ts'
import { HttpRequest, HttpResponse } from './http.ts'
import { ProxyRequest, ProxyResponse } from './proxy.ts'

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

describe('a limit for reading', () => {
  const request = (body: Body) => new HttpRequest('POST', '/', new HeaderList(), body)
  const tooLong = { name: 'HttpError', status: 413, body: 'the body is longer than 6 bytes' }

  test('lets a body pass that is not longer, however it is there', async () => {
    for (const body of ['{"a":1}', Buffer.from('{"a":1}'), stream(), null]) {
      const message = request(body)
      assert.equal(await message.text({ maxBytes: 7 }), body === null ? '' : '{"a":1}')
      assert.equal((await message.bytes({ maxBytes: 7 })).length, body === null ? 0 : 7)
    }
    assert.deepEqual(await request(stream()).json({ maxBytes: 7 }), { a: 1 })
  })

  test('refuses a longer one: of a request with 413, of a response with a RangeError', async () => {
    for (const body of ['{"a":1}', Buffer.from('{"a":1}')]) {
      await assert.rejects(request(body).bytes({ maxBytes: 6 }), tooLong)
      await assert.rejects(request(body).text({ maxBytes: 6 }), tooLong)
    }
    await assert.rejects(request(stream()).json({ maxBytes: 6 }), tooLong)
    await assert.rejects(request('é').text({ maxBytes: 1 }), { status: 413 })
    const proxied = new ProxyRequest('POST', '/', {}, '', new HeaderList(), stream())
    await assert.rejects(proxied.arrayBuffer({ maxBytes: 6 }), tooLong)
    for (const response of [
      new HttpResponse(200, null, stream()),
      new ProxyResponse(null, true, 200, null, stream()),
    ]) {
      await assert.rejects(response.bytes({ maxBytes: 6 }), { name: 'RangeError', message: tooLong.body })
    }
  })

  test('gives up what is too long, for all who read it then', async () => {
    const cancelled: Error[] = []
    const body = new BodyStream({ pause() {}, resume() {}, cancel: (reason) => cancelled.push(reason) })
    const message = request(body)
    const reading = message.bytes({ maxBytes: 6 })
    body.push(Buffer.from('1234567'))
    await assert.rejects(reading, tooLong)
    assert.equal(cancelled.length, 1)
    await assert.rejects(message.bytes(), tooLong)
    message.body = 'another'
    assert.equal(await message.text(), 'another')
  })

  test('leaves alone what says that it is too long, and what was read already', async () => {
    const body = new BodyStream(undefined, 7)
    const message = request(body)
    await assert.rejects(message.bytes({ maxBytes: 6 }), tooLong)
    assert.equal(body.taken, false)
    const reading = message.bytes()
    body.push(Buffer.from('1234567'))
    body.end()
    await assert.rejects(message.bytes({ maxBytes: 6 }), tooLong)
    assert.equal((await reading).length, 7)
    assert.equal((await message.bytes({ maxBytes: 7 })).length, 7)
  })

  test('must be a number of bytes', async () => {
    for (const maxBytes of [-1, Number.NaN, '5' as never]) {
      await assert.rejects(request('a').bytes({ maxBytes }), TypeError)
    }
  })
})

test('ok says whether the status is one of success', () => {
  const statuses = [199, 200, 299, 300, 500]
  assert.deepEqual(
    statuses.map((status) => new HttpResponse(status).ok),
    [false, true, true, false, false],
  )
})
