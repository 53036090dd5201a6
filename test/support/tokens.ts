import { createSecretKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Algorithm, signatureAlgorithm } from '../../src/auth/algorithms.ts'

/** A key, and the tokens that it signs. */
export interface TokenKey {
  readonly alg: Algorithm
  readonly kid: string
  /** What verifies: public, or the secret. */
  readonly jwk: Readonly<Record<string, unknown>>
  /** What signs. */
  readonly privateJwk: Readonly<Record<string, unknown>>
  /** @param header is laid over `alg`, `kid` and `typ` */
  sign(claims: unknown, header?: Readonly<Record<string, unknown>>): string
}

const PRIVATE_MEMBERS: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi'])

let rsa: KeyObject | null = null

function generate(alg: Algorithm): KeyObject {
  const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }
  const namedCurve = curves[alg]
  if (alg.startsWith('HS')) return createSecretKey(randomBytes(64))
  if (namedCurve !== undefined) return generateKeyPairSync('ec', { namedCurve }).privateKey
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519').privateKey
  rsa ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey // slow, so one for all
  return rsa
}

export function tokenKey(alg: Algorithm = 'HS256', kid = 'k1', key: KeyObject = generate(alg)): TokenKey {
  const privateJwk = { ...key.export({ format: 'jwk' }), kid }
  const jwk = Object.fromEntries(Object.entries(privateJwk).filter(([member]) => !PRIVATE_MEMBERS.has(member)))
  return {
    alg,
    kid,
    jwk,
    privateJwk,
    sign: (claims, header) => signToken(key, { alg, kid, typ: 'JWT', ...header }, claims, alg),
  }
}

/** A token whatever its header says. */
export function signToken(key: KeyObject, header: unknown, claims: unknown, alg: Algorithm): string {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signed = `${encode(header)}.${encode(claims)}`
  return `${signed}.${signatureAlgorithm(alg).sign(Buffer.from(signed), key).toString('base64url')}`
}

/** A folder for the files of a test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'loligo-tokens-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Writes a key set; the path of its file. */
export function writeKeySet(t: TestContext, keys: readonly unknown[]): string {
  const path = join(temporaryFolder(t), 'jwks.json')
  writeFileSync(path, JSON.stringify({ keys }))
  return path
}

export function bearer(token: string): { readonly headers: Readonly<Record<string, string>> } {
  return { headers: { Authorization: `Bearer ${token}` } }
}
