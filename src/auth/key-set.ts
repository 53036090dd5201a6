import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  type webcrypto,
  X509Certificate,
} from 'node:crypto'
import { isPlainObject } from '../config/plain-object.ts'
import { type Algorithm, signatureAlgorithm } from './algorithms.ts'

/** What tells which key of a set a token was signed with. */
export const KEY_STRATEGIES = ['kid', 'x5t', 'x5t#S256', 'kid_x5t'] as const
export type KeyStrategy = (typeof KEY_STRATEGIES)[number]

/** A text that holds no usable set of keys. */
export class KeySetError extends Error {
  override name = 'KeySetError'
}

/**
 * Reads the keys of a set (RFC 7517) that an algorithm can verify with, by what identifies them. Of several with one
 * identity the first counts; keys of other types and broken ones are left out, `alg` and `use` are not looked at, as in
 * the reference.
 * @throws KeySetError when there is no set, or no key in it
 */
export function readKeySet(text: string, alg: Algorithm, strategy: KeyStrategy): Map<string, KeyObject> {
  const { fits } = signatureAlgorithm(alg)
  const keys = new Map<string, KeyObject>()
  for (const jwk of readJwks(text)) {
    const id = identityOfKey(jwk, strategy)
    if (keys.has(id)) continue
    const key = importKey(jwk)
    if (key !== null && fits(key)) keys.set(id, key)
  }
  return keys
}

/**
 * The key of a set that signs: private, or symmetric.
 * @throws KeySetError when the set has no such key
 */
export function readSigningKey(text: string, alg: Algorithm, kid: string): KeyObject {
  const named = readJwks(text).filter((jwk) => identityOfKey(jwk, 'kid') === kid)
  if (named.length === 0) throw new KeySetError(`the key set has no key with the kid ${JSON.stringify(kid)}`)
  const { fits } = signatureAlgorithm(alg)
  for (const jwk of named) {
    const key = importKey(jwk, true)
    if (key !== null && fits(key)) return key
  }
  throw new KeySetError(`the key ${JSON.stringify(kid)} cannot sign with ${alg}: it is public, or of another type`)
}

/** @throws KeySetError when a text is no key set, or holds no key */
export function checkKeySet(text: string): void {
  readJwks(text)
}

/** What a token's header says of its key; an empty text is a key without identity. */
export function identityInHeader(header: Readonly<Record<string, unknown>>, strategy: KeyStrategy): string {
  const kid = textOf(header, 'kid')
  if (strategy === 'kid') return kid
  if (strategy === 'kid_x5t') return kid + textOf(header, 'x5t')
  return Object.hasOwn(header, strategy) ? textOf(header, strategy) : kid
}

function readJwks(text: string): readonly Readonly<Record<string, unknown>>[] {
  let set: unknown
  try {
    set = JSON.parse(text)
  } catch {
    throw new KeySetError('the key set is no JSON')
  }
  const keys = isPlainObject(set) && Array.isArray(set.keys) ? (set.keys as readonly unknown[]) : null
  if (keys === null) throw new KeySetError('the key set has no list "keys"')
  const jwks = keys.filter(isPlainObject)
  if (jwks.length === 0) throw new KeySetError('the key set holds no key')
  return jwks
}

function identityOfKey(jwk: Readonly<Record<string, unknown>>, strategy: KeyStrategy): string {
  switch (strategy) {
    case 'kid':
      return textOf(jwk, 'kid')
    case 'x5t':
      return thumbprint(jwk, 'x5t', 'sha1')
    case 'x5t#S256':
      return thumbprint(jwk, 'x5t#S256', 'sha256')
    case 'kid_x5t':
      return textOf(jwk, 'kid') + thumbprint(jwk, 'x5t', 'sha1')
  }
}

/** As the key says, else that of its certificate. */
function thumbprint(jwk: Readonly<Record<string, unknown>>, member: string, hash: string): string {
  const said = textOf(jwk, member)
  if (said !== '') return said.replace(/=+$/, '')
  const [certificate] = Array.isArray(jwk.x5c) ? (jwk.x5c as readonly unknown[]) : []
  if (typeof certificate !== 'string') return ''
  try {
    const { raw } = new X509Certificate(Buffer.from(certificate, 'base64'))
    return createHash(hash).update(raw).digest('base64url')
  } catch {
    return ''
  }
}

/** The members of public keys alone: a set may hold private ones, which verify too. */
const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e']

function importKey(jwk: Readonly<Record<string, unknown>>, toSign = false): KeyObject | null {
  try {
    if (jwk.kty === 'oct') {
      const secret = Buffer.from(textOf(jwk, 'k'), 'base64url')
      return secret.length === 0 ? null : createSecretKey(secret)
    }
    if (toSign) return createPrivateKey({ key: jwk as webcrypto.JsonWebKey, format: 'jwk' })
    const members = Object.fromEntries(PUBLIC_MEMBERS.map((name) => [name, jwk[name]]))
    return createPublicKey({ key: members as webcrypto.JsonWebKey, format: 'jwk' })
  } catch {
    return null
  }
}

function textOf(object: Readonly<Record<string, unknown>>, name: string): string {
  const value = Object.hasOwn(object, name) ? object[name] : undefined
  return typeof value === 'string' ? value : ''
}
