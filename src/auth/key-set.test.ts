import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { type Algorithm, signatureAlgorithm } from './algorithms.ts'
import { checkKeySet, readKeySet, readSigningKey } from './key-set.ts'

type Jwk = Readonly<Record<string, unknown>>

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 })
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const secret = { kty: 'oct', kid: 'a', k: 'c2VjcmV0' }

function jwkOf(key: KeyObject, kid: unknown = 'a'): Jwk {
  return { ...key.export({ format: 'jwk' }), kid }
}

function keysFor(alg: Algorithm, ...keys: readonly unknown[]): readonly string[] {
  return [...readKeySet(JSON.stringify({ keys }), alg, 'kid').keys()]
}

describe('the keys of a set that an algorithm can use', () => {
  test('are of its type and curve alone', () => {
    const all = [jwkOf(rsa.publicKey, 'rsa'), jwkOf(p256.publicKey, 'p256'), jwkOf(p384.publicKey, 'p384')]
    assert.deepEqual(keysFor('RS256', ...all, secret), ['rsa'])
    assert.deepEqual(keysFor('PS512', ...all, secret), ['rsa'])
    assert.deepEqual(keysFor('ES256', ...all, secret), ['p256'])
    assert.deepEqual(keysFor('ES384', ...all, secret), ['p384'])
    assert.deepEqual(keysFor('ES512', ...all, secret), [])
    assert.deepEqual(keysFor('EdDSA', ...all, secret), [])
    assert.deepEqual(keysFor('HS256', ...all, secret), ['a'])
  })

  test('are found behind another of the same name that is of another type, or broken', () => {
    const broken = { ...jwkOf(p256.publicKey), x: 'AAAA' }
    assert.deepEqual(keysFor('ES256', secret, jwkOf(p384.publicKey), broken, jwkOf(p256.publicKey)), ['a'])
    const found = readKeySet(JSON.stringify({ keys: [secret, broken, jwkOf(p256.publicKey)] }), 'ES256', 'kid').get('a')
    assert.equal(found?.equals(createPublicKey(p256.privateKey)), true)
  })

  test('are public, although the set holds private ones', () => {
    const set = readKeySet(JSON.stringify({ keys: [jwkOf(p256.privateKey)] }), 'ES256', 'kid')
    assert.equal(set.get('a')?.type, 'public')
  })

  test('a member of an RSA key that looks like a secret makes it none', () => {
    assert.deepEqual(keysFor('HS256', { ...jwkOf(rsa.publicKey), k: 'c2VjcmV0' }), [])
    assert.deepEqual(keysFor('RS256', { ...secret, n: jwkOf(rsa.publicKey).n, e: 'AQAB' }), [])
  })

  test('weak, empty and strange ones are left out', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 512 }).publicKey
    const strange = [null, 1, 'x', [], {}, { kty: 'RSA' }, { kty: 'oct', k: '' }, { kty: 'oct', k: 1 }]
    assert.deepEqual(keysFor('RS256', jwkOf(weak), ...strange), [])
    assert.deepEqual(keysFor('HS256', ...strange), [])
  })

  test('have no name where it is no text', () => {
    assert.deepEqual(keysFor('HS256', { ...secret, kid: 7 }, { ...secret, kid: ['a'] }), [''])
  })
})

test('what is no set of keys is refused', () => {
  for (const text of ['', '[]', 'null', '{}', '{"keys":{}}', '{"keys":[]}', '{"keys":[1]}', '<html>']) {
    assert.throws(() => checkKeySet(text), { name: 'KeySetError' }, text)
  }
})

test('a public key does not sign', () => {
  const set = JSON.stringify({ keys: [jwkOf(p256.publicKey)] })
  assert.throws(() => readSigningKey(set, 'ES256', 'a'), /public, or of another type/)
  assert.throws(() => readSigningKey(set, 'ES256', 'b'), /no key with the kid "b"/)
})

test('signatures of the wrong length or with zeros verify nothing', () => {
  const data = Buffer.from('data')
  const { verifies } = signatureAlgorithm('ES256')
  for (const signature of [Buffer.alloc(0), Buffer.alloc(64), Buffer.alloc(63, 1), Buffer.alloc(128, 1)]) {
    assert.equal(verifies(data, signature, p256.publicKey), false)
  }
  assert.equal(signatureAlgorithm('RS256').verifies(data, Buffer.alloc(0), rsa.publicKey), false)
})
