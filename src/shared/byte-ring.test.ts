import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteRing, ringMemory } from './byte-ring.ts'

function ringPair(capacity = 1024) {
  const memory = ringMemory(capacity)
  return { writer: new ByteRing(memory), reader: new ByteRing(memory) }
}

test('what is written is read in its order, whatever the pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1500), fc.nat(1500)), { maxLength: 60 }), (steps) => {
      const { writer, reader } = ringPair()
      let next = 0
      let expected = 0
      for (const [writes, reads] of steps) {
        const source = Uint8Array.from({ length: writes }, (_, i) => (next + i) & 255)
        next += writer.write(source)
        const target = new Uint8Array(reads)
        const length = reader.read(target)
        for (let i = 0; i < length; i++) assert.equal(target[i], expected++ & 255)
        assert.equal(reader.readable, next - expected)
        assert.equal(writer.writable, 1024 - (next - expected))
      }
    }),
  )
})

test('a reader that sleeps is woken by bytes, one that has bytes does not fall asleep', async () => {
  const { writer, reader } = ringPair()
  const woken = Promise.withResolvers<void>()
  assert.equal(reader.wakeReader(woken.resolve), true)
  writer.write(Uint8Array.of(7))
  await woken.promise
  assert.equal(
    reader.wakeReader(() => assert.fail('nothing was arranged')),
    false,
  )
})

test('a writer that waits is woken by room, and by the end', async () => {
  const { writer, reader } = ringPair()
  assert.equal(writer.write(new Uint8Array(2000)), 1024)
  const room = Promise.withResolvers<void>()
  assert.equal(writer.wakeWriter(room.resolve), true)
  reader.read(new Uint8Array(10))
  await room.promise
  assert.equal(writer.write(new Uint8Array(2000)), 10)
  const end = Promise.withResolvers<void>()
  assert.equal(writer.wakeWriter(end.resolve), true)
  reader.close()
  await end.promise
  assert.equal(writer.closed, true)
})

test('capacities are powers of two', () => {
  assert.throws(() => ringMemory(1000), RangeError)
})
