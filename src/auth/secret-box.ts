import { timingSafeEqual } from 'node:crypto'

// XSalsa20 with Poly1305, as NaCl's `secretbox` (Bernstein, "Cryptography in NaCl"): what the keeper base64key:// of the
// reference encrypts with, and no part of OpenSSL. It runs at the start alone, so it is written to be read.

const NONCE_BYTES = 24
const TAG_BYTES = 16
const BLOCK_BYTES = 64
/** The first bytes of the key stream are the key of the authenticator. */
const MAC_KEY_BYTES = 32

/** Opens a box: nonce, authenticator, ciphertext. Null when it is not whole or the key (32 bytes) is another. */
export function openSecretBox(box: Buffer, key: Buffer): Buffer | null {
  if (box.length < NONCE_BYTES + TAG_BYTES) return null
  const nonce = box.subarray(0, NONCE_BYTES)
  const tag = box.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)
  const sealed = box.subarray(NONCE_BYTES + TAG_BYTES)
  const stream = keyStream(key, nonce, MAC_KEY_BYTES + sealed.length)
  if (!timingSafeEqual(tag, poly1305(sealed, stream.subarray(0, MAC_KEY_BYTES)))) return null
  return Buffer.from(sealed.map((byte, i) => byte ^ (stream[MAC_KEY_BYTES + i] as number)))
}

function keyStream(key: Buffer, nonce: Buffer, length: number): Buffer {
  const state = salsa20(layOut(key, nonce.subarray(0, 16)), false)
  const subKey = Buffer.alloc(32)
  const places = [0, 5, 10, 15, 6, 7, 8, 9]
  for (const [i, place] of places.entries()) subKey.writeUInt32LE((state[place] as number) >>> 0, 4 * i)
  const stream = Buffer.alloc(Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES)
  const input = Buffer.alloc(16)
  nonce.copy(input, 0, 16)
  for (let block = 0; block * BLOCK_BYTES < length; block++) {
    input.writeUInt32LE(block, 8)
    const words = salsa20(layOut(subKey, input), true)
    for (const [i, word] of words.entries()) stream.writeUInt32LE(word >>> 0, block * BLOCK_BYTES + 4 * i)
  }
  return stream
}

const CONSTANT = Buffer.from('expand 32-byte k', 'latin1')

function layOut(key: Buffer, input: Buffer): Int32Array {
  const state = new Int32Array(16)
  for (let i = 0; i < 4; i++) {
    state[5 * i] = CONSTANT.readInt32LE(4 * i)
    state[1 + i] = key.readInt32LE(4 * i)
    state[6 + i] = input.readInt32LE(4 * i)
    state[11 + i] = key.readInt32LE(16 + 4 * i)
  }
  return state
}

/** Columns, then rows, of the four by four words. */
const QUARTERS = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
] as const

function salsa20(state: Int32Array, adds: boolean): Int32Array {
  const x = state.slice()
  const mix = (to: number, a: number, b: number, bits: number): void => {
    const sum = ((x[a] as number) + (x[b] as number)) | 0
    x[to] = (x[to] as number) ^ ((sum << bits) | (sum >>> (32 - bits)))
  }
  for (let round = 0; round < 10; round++) {
    for (const [a, b, c, d] of QUARTERS) {
      mix(b, a, d, 7)
      mix(c, b, a, 9)
      mix(d, c, b, 13)
      mix(a, d, c, 18)
    }
  }
  return adds ? x.map((word, i) => word + (state[i] as number)) : x
}

const PRIME = 2n ** 130n - 5n
const CLAMP = 0x0ffffffc0ffffffc0ffffffc0fffffffn

function poly1305(message: Buffer, key: Buffer): Buffer {
  const r = littleEndian(key.subarray(0, 16)) & CLAMP
  const s = littleEndian(key.subarray(16, 32))
  let sum = 0n
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16)
    sum = ((sum + littleEndian(block) + 2n ** BigInt(8 * block.length)) * r) % PRIME
  }
  const tag = Buffer.alloc(TAG_BYTES)
  const value = (sum + s) & (2n ** 128n - 1n)
  tag.writeBigUInt64LE(value & (2n ** 64n - 1n), 0)
  tag.writeBigUInt64LE(value >> 64n, 8)
  return tag
}

function littleEndian(bytes: Buffer): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n)
}
