import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader, FrameSplitter, FrameWriter, HEADER_BYTES } from './frames.ts'

function payloadOf(writer: FrameWriter): Buffer {
  return Buffer.from(writer.end().subarray(HEADER_BYTES))
}

test('what is written is read', () => {
  const writer = new FrameWriter()
  writer
    .begin(3, 1, 2, 4_000_000_000, 5)
    .u8(7)
    .u16(65_535)
    .u32(4_294_967_295)
    .latin1('caf\xe9')
    .utf8('日本')
    .list(['a', ''])
  const reader = new FrameReader(payloadOf(writer))
  assert.equal(reader.u8(), 7)
  assert.equal(reader.u16(), 65_535)
  assert.equal(reader.u32(), 4_294_967_295)
  assert.equal(reader.latin1(), 'caf\xe9')
  assert.equal(reader.utf8(), '日本')
  assert.deepEqual(reader.list(), ['a', ''])
  assert.equal(reader.left, 0)
})

test('whole numbers of 64 bits, negative ones among them', () => {
  for (const value of [0, 1, -1, 2 ** 40 + 3, -(2 ** 40)]) {
    const payload = payloadOf(new FrameWriter().begin(1, 0, 0, 0, 0).i64(value))
    assert.equal(Number(payload.readBigInt64LE(0)), value)
  }
})

test('header fields cross as they are, and what cannot be sent is refused', () => {
  const raw = ['Host', 'a', 'x-empty', '', 'X-Latin', 'caf\xe9', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']
  const fieldsOf = (fields: readonly string[]) =>
    new FrameReader(payloadOf(new FrameWriter().begin(1, 0, 0, 0, 0).fields(fields))).fields()
  assert.deepEqual(fieldsOf(raw), raw)
  assert.deepEqual(fieldsOf([]), [])
  for (const broken of [
    ['a', 'b\r\nc: d'],
    ['a', 'b\nc'],
    ['a b', 'c'],
    ['a:', 'c'],
    ['', 'c'],
    ['a', 'b\x01'],
  ]) {
    assert.throws(() => fieldsOf(broken), /header/, JSON.stringify(broken))
  }
})

test('a method is a token', () => {
  const methodOf = (text: string) =>
    new FrameReader(payloadOf(new FrameWriter().begin(1, 0, 0, 0, 0).latin1(text))).method()
  assert.equal(methodOf('PATCH'), 'PATCH')
  assert.equal(methodOf(''), 'GET')
  for (const broken of ['GET /', 'A\r\n', 'a b']) assert.throws(() => methodOf(broken), /method/)
})

test('frames come out whole, however their bytes arrive', () => {
  const frames = fc.array(fc.record({ call: fc.nat(), body: fc.uint8Array({ maxLength: 3000 }) }), { maxLength: 20 })
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1 }), (sent, cuts) => {
      const writer = new FrameWriter()
      const bytes = Buffer.concat(
        sent.map(({ call, body }) => Buffer.from(writer.begin(9, 1, 2, call, 3).bytes(body).end())),
      )
      const received: { call: number; body: Uint8Array }[] = []
      const splitter = new FrameSplitter((kind, flags, connection, call, extra, payload) => {
        assert.deepEqual([kind, flags, connection, extra], [9, 1, 2, 3])
        received.push({ call, body: Uint8Array.from(payload) })
      })
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const length = Math.min(cuts[turn % cuts.length] as number, bytes.length - at, splitter.free.length)
        splitter.free.set(bytes.subarray(at, at + length))
        splitter.filled(length)
        at += length
      }
      assert.deepEqual(
        received,
        sent.map(({ call, body }) => ({ call, body })),
      )
    }),
  )
})

test('a frame that is larger than the buffer', () => {
  const body = Buffer.alloc(3_000_000, 7)
  const frame = Buffer.from(new FrameWriter().begin(1, 0, 0, 1, 0).bytes(body).end())
  const lengths: number[] = []
  const splitter = new FrameSplitter((_kind, _flags, _connection, _call, _extra, payload) =>
    lengths.push(payload.length),
  )
  for (let at = 0; at < frame.length; ) {
    const length = Math.min(splitter.free.length, frame.length - at)
    splitter.free.set(frame.subarray(at, at + length))
    splitter.filled(length)
    at += length
  }
  assert.deepEqual(lengths, [body.length])
})
