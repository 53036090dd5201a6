import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitMemory, SLACK_BYTES } from './limited-module.ts'

const PAGE = 65_536
const HEAD = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
/** A module with a memory of two pages, exported as `memory`, and a custom section before it. */
const MODULE = Uint8Array.from([
  ...HEAD,
  ...[0, 3, 1, 0x61, 9],
  ...[5, 3, 1, 0, 2],
  ...[7, 10, 1, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0],
])

/** With the room that is asked for. */
function roomFor(bytes: Uint8Array): Uint8Array {
  const room = new Uint8Array(SLACK_BYTES + bytes.length)
  room.set(bytes, SLACK_BYTES)
  return room
}

interface GrowingMemory {
  grow(pages: number): number
}

test('a guest gets no more memory than it may', async () => {
  const limited = await WebAssembly.compile(limitMemory(roomFor(MODULE), 5 * PAGE + 100))
  const { exports } = await WebAssembly.instantiate(limited, {})
  const memory = exports.memory as unknown as GrowingMemory
  assert.equal(memory.grow(3), 2)
  assert.throws(() => memory.grow(1), RangeError)
})

test('one that needs more to begin with is refused with the figures', () => {
  assert.throws(
    () => limitMemory(roomFor(MODULE), PAGE),
    /needs 131072 bytes of memory to begin with, and may have 65536/,
  )
})

test('a module that is cut off is told', () => {
  assert.throws(() => limitMemory(roomFor(MODULE.subarray(0, 14)), PAGE), RangeError)
})
