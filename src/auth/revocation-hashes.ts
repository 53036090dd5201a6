import { createHash } from 'node:crypto'

/** How the places of an element are found. */
export const REVOCATION_HASHES = ['optimal', 'default'] as const
export type RevocationHash = (typeof REVOCATION_HASHES)[number]

/** The size of a Bloom filter. */
export interface FilterSize {
  readonly bits: number
  /** How many hashes an element has. */
  readonly hashes: number
}

/** @param elements how many it is made for; @param falsePositives the rate at that number, above 0 and below 1 */
export function filterSize(elements: number, falsePositives: number): FilterSize {
  const bits = Math.ceil(-(elements * Math.log(falsePositives)) / Math.LN2 ** 2)
  return { bits, hashes: Math.ceil((Math.LN2 * bits) / elements) }
}

const MASK_64 = 2n ** 64n - 1n
const MASK_128 = 2n ** 128n - 1n

/**
 * The bits of an element, exactly as the reference has them. `optimal`: both words of FNV-1 128 give as many as are
 * wanted; `default`: the words of up to five other hashes.
 */
export function placesOfElement(element: string, hash: RevocationHash, { bits, hashes }: FilterSize): number[] {
  const bytes = Buffer.from(element, 'utf8')
  const size = BigInt(bits)
  if (hash === 'default')
    return DEFAULT_HASHES.slice(0, hashes)
      .flatMap((digest) => wordsOf(digest(bytes)))
      .map((word) => Number(word % size))
  const [first = 0n, second = 0n] = wordsOf(fnv128(bytes))
  return Array.from({ length: hashes }, (_, i) => Number(((first + BigInt(i) * second) & MASK_64) % size))
}

const DEFAULT_HASHES: readonly ((bytes: Buffer) => Buffer)[] = [
  (bytes) => createHash('md5').update(bytes).digest(),
  crc64,
  (bytes) => createHash('sha1').update(bytes).digest(),
  fnv64,
  fnv128,
]

/** Every whole 64-bit word of a digest, the lowest byte first. */
function wordsOf(digest: Buffer): bigint[] {
  return Array.from({ length: Math.floor(digest.length / 8) }, (_, i) => digest.readBigUInt64LE(8 * i))
}

/** FNV-1 with 64 bits (Fowler, Noll and Vo), the highest byte first. */
export function fnv64(bytes: Buffer): Buffer {
  const digest = Buffer.alloc(8)
  digest.writeBigUInt64BE(fnv1(bytes, 0xcbf29ce484222325n, 0x100000001b3n, MASK_64))
  return digest
}

/** FNV-1 with 128 bits, the highest byte first. */
export function fnv128(bytes: Buffer): Buffer {
  const hash = fnv1(bytes, 0x6c62272e07bb014262b821756295c58dn, 0x1000000000000000000013bn, MASK_128)
  const digest = Buffer.alloc(16)
  digest.writeBigUInt64BE(hash >> 64n, 0)
  digest.writeBigUInt64BE(hash & MASK_64, 8)
  return digest
}

function fnv1(bytes: Buffer, offset: bigint, prime: bigint, mask: bigint): bigint {
  let hash = offset
  for (const byte of bytes) hash = ((hash * prime) & mask) ^ BigInt(byte)
  return hash
}

const ECMA_REVERSED = 0xc96c5795d7870f42n

const CRC64_TABLE = Array.from({ length: 256 }, (_, byte) => {
  let crc = BigInt(byte)
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ ECMA_REVERSED : crc >> 1n
  return crc
})

/** CRC-64 with the polynomial of ECMA-182 in the reversed form (as xz has it), the highest byte first. */
export function crc64(bytes: Buffer): Buffer {
  let crc = MASK_64
  for (const byte of bytes) crc = (CRC64_TABLE[Number((crc ^ BigInt(byte)) & 0xffn)] as bigint) ^ (crc >> 8n)
  const digest = Buffer.alloc(8)
  digest.writeBigUInt64BE(crc ^ MASK_64)
  return digest
}
