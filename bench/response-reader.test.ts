import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ResponseReader } from './response-reader.ts'

const BODY = '{"name":"Krake é","list":[1,2,3]}'

test('a response is found however it is cut, by length and in chunks', () => {
  const framed = fc.boolean().map((chunked) => (chunked ? chunkedResponse(BODY) : lengthResponse(BODY)))
  fc.assert(
    fc.property(framed, fc.array(fc.integer({ min: 1, max: 160 }), { maxLength: 6 }), (response, cuts) => {
      const reader = new ResponseReader()
      reader.keep = true
      for (let round = 0; round < 2; round++) {
        const ends = pieces(response, cuts).map((piece) => reader.push(piece))
        assert.equal(ends.pop(), true)
        assert.ok(!ends.includes(true))
        assert.equal(reader.text().body, BODY)
        assert.equal(reader.text().status, 203)
      }
    }),
  )
})

test('a response that is longer than it says is an error', () => {
  const reader = new ResponseReader()
  assert.throws(() => reader.push(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc')), /2 bytes longer/)
})

test('a response that ends with the connection is an error', () => {
  const reader = new ResponseReader()
  assert.throws(() => reader.push(Buffer.from('HTTP/1.1 200 OK\r\nServer: x\r\n\r\nabc')), /neither a content length/)
})

function lengthResponse(body: string): Buffer {
  return Buffer.from(`HTTP/1.1 203 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\nX-A: b\r\n\r\n${body}`)
}

function chunkedResponse(body: string): Buffer {
  const bytes = Buffer.from(body)
  const chunk = (part: Buffer) =>
    Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])
  const head = Buffer.from('HTTP/1.1 203 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
  return Buffer.concat([head, chunk(bytes.subarray(0, 17)), chunk(bytes.subarray(17)), Buffer.from('0\r\n\r\n')])
}

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const borders = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
  return borders
    .slice(1)
    .map((border, index) => bytes.subarray(borders[index], border))
    .filter((piece) => piece.length > 0)
}
