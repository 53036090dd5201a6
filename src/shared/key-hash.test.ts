import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashKey } from './key-hash.ts'

/** HalfSipHash-c-d with 64 bits of output, written plainly after the paper. */
function halfSipHash(bytes: Uint8Array, seed: Uint8Array, rounds: { each: number; final: number }): Buffer {
  const k = new DataView(seed.buffer)
  const v = Uint32Array.of(k.getUint32(0, true), k.getUint32(4, true), 0x6c796765, 0x74656462)
  const at = (index: number): number => v[index] ?? 0
  const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by))
  const mix = (a: number, b: number, by: number, turn: number): void => {
    v[a] = at(a) + at(b)
    v[b] = rotate(at(b), by) ^ at(a)
    if (turn > 0) v[a] = rotate(at(a), turn)
  }
  const run = (count: number): void => {
    for (let round = 0; round < count; round++) {
      mix(0, 1, 5, 16)
      mix(2, 3, 8, 0)
      mix(0, 3, 7, 0)
      mix(2, 1, 13, 16)
    }
  }
  const flip = (index: number, bits: number): void => {
    v[index] = at(index) ^ bits
  }
  flip(2, at(0))
  flip(3, at(1))
  flip(1, 0xee)
  const padded = new Uint8Array(4 * (Math.floor(bytes.length / 4) + 1))
  padded.set(bytes)
  padded[padded.length - 1] = bytes.length
  for (let start = 0; start < padded.length; start += 4) {
    const word = new DataView(padded.buffer).getUint32(start, true)
    flip(3, word)
    run(rounds.each)
    flip(0, word)
  }
  const out = Buffer.alloc(8)
  flip(2, 0xee)
  run(rounds.final)
  out.writeUInt32LE((at(1) ^ at(3)) >>> 0, 0)
  flip(1, 0xdd)
  run(rounds.final)
  out.writeUInt32LE((at(1) ^ at(3)) >>> 0, 4)
  return out
}

const SEED_BYTES = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)
const SEED = { first: 0x03020100, second: 0x07060504 }

function hashOf(key: string, seed = SEED): string {
  const out = new Int32Array(2)
  hashKey(key, seed, out)
  return Buffer.from(out.buffer).toString('hex')
}

test('the plain version of this test gives the published values of HalfSipHash-2-4', () => {
  const published = ['218d1f59b9b83cc8', 'be552412f8387315', '064f39ef7c50eb57', 'ce0f1a45f7060679', 'd5e78a175be52ea1']
  published.forEach((expected, length) => {
    const message = Uint8Array.from({ length }, (_, index) => index)
    assert.equal(halfSipHash(message, SEED_BYTES, { each: 2, final: 4 }).toString('hex'), expected)
  })
})

test('a key is hashed as HalfSipHash-1-3 hashes its UTF-16 text', () => {
  for (const key of ['', 'a', 'ab', 'abc', 'GET /users/42', 'ключ', '\u{1f600}!', 'x'.repeat(1001)]) {
    const expected = halfSipHash(Buffer.from(key, 'utf16le'), SEED_BYTES, { each: 1, final: 3 })
    assert.equal(hashOf(key), expected.toString('hex'), key.slice(0, 20))
  }
})

test('another seed gives another hash', () => {
  assert.notEqual(hashOf('a', { ...SEED, first: 1 }), hashOf('a'))
  assert.notEqual(hashOf('a', { ...SEED, second: 1 }), hashOf('a'))
})
