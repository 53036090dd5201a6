import assert from 'node:assert/strict'
import { createCipheriv, createHash } from 'node:crypto'
import { test } from 'node:test'
import { decryptKeyFile } from './encrypted-file.ts'
import { openSecretBox } from './secret-box.ts'

// The vectors of NaCl's own tests (tests/secretbox.out).
const KEY = Buffer.from('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389', 'hex')
const NONCE = Buffer.from('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37', 'hex')
const SEALED = Buffer.from(
  'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b' +
    '4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da' +
    '99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5',
  'hex',
)
const PLAIN =
  'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f4' +
  '1db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52' +
  'f0a089bc76897040e082f937763848645e0705'

test('a box of NaCl', () => {
  const box = Buffer.concat([NONCE, SEALED])
  assert.equal(openSecretBox(box, KEY)?.toString('hex'), PLAIN)
  box.writeUInt8(box.readUInt8(50) ^ 1, 50)
  assert.equal(openSecretBox(box, KEY), null)
  assert.equal(openSecretBox(box.subarray(0, 20), KEY), null)
})

test('a key set under the passphrase of such a box', () => {
  const passphrase = Buffer.from(PLAIN, 'hex')
  const key = createHash('md5').update(passphrase).digest('hex')
  const nonce = Buffer.alloc(12, 7)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const file = Buffer.concat([nonce, cipher.update('{"keys":[]}'), cipher.final(), cipher.getAuthTag()])
  const cypherKey = Buffer.concat([NONCE, SEALED]).toString('base64')
  const url = `base64key://${KEY.toString('base64')}`
  assert.equal(String(decryptKeyFile(file, url, cypherKey)), '{"keys":[]}')
  assert.throws(() => decryptKeyFile(Buffer.alloc(40), url, cypherKey), /cannot be decrypted with the passphrase/)
  assert.throws(() => decryptKeyFile(file, 'awskms://alias/x', cypherKey), /awskms:\/\/ is not supported/)
  assert.throws(() => decryptKeyFile(file, 'base64key://eHg=', cypherKey), /2 bytes, not 32/)
  assert.throws(
    () => decryptKeyFile(file, `base64key://${Buffer.alloc(32).toString('base64')}`, cypherKey),
    /cypher_key/,
  )
})
