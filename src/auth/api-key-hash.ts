import { hash as digestOf } from 'node:crypto'
import { fnv128 } from './revocation-hashes.ts'

/** How keys can be stored. */
export const KEY_HASHES = ['plain', 'fnv128', 'sha256', 'sha1'] as const
export type KeyHash = (typeof KEY_HASHES)[number]

/** Hexadecimal digits of a stored key; 0: as it is. */
export const HASH_LENGTHS: Readonly<Record<KeyHash, number>> = { plain: 0, fnv128: 32, sha256: 64, sha1: 40 }

/** What a key that a client sends is stored as. */
export function compileKeyHash(hash: KeyHash, salt: string): (key: string) => string {
  switch (hash) {
    case 'plain':
      return (key) => key
    case 'fnv128':
      return (key) => fnv128(Buffer.from(salt + key)).toString('hex')
    default:
      return (key) => digestOf(hash, salt + key, 'hex')
  }
}
