import { createDecipheriv, createHash } from 'node:crypto'
import { openSecretBox } from './secret-box.ts'

const BASE64_KEY = 'base64key://'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Decrypts a key set as the reference does: `cypher_key` is opened with the keeper's key, which gives a passphrase; the
 * file is AES-256-GCM under the hexadecimal MD5 of it, with the nonce in front.
 * @throws Error when the keeper is not one that is known, or a key does not fit
 */
export function decryptKeyFile(file: Buffer, secretUrl: string, cypherKey: string): Buffer {
  const passphrase = openSecretBox(Buffer.from(cypherKey, 'base64'), keeperKey(secretUrl))
  if (passphrase === null) throw new Error('cypher_key cannot be decrypted with the key of secret_url')
  // MD5 makes a key of the right length out of a passphrase of any length; the strength is that of the passphrase.
  const key = createHash('md5').update(passphrase).digest('hex')
  try {
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'latin1'), file.subarray(0, NONCE_BYTES))
    decipher.setAuthTag(file.subarray(file.length - TAG_BYTES))
    return Buffer.concat([decipher.update(file.subarray(NONCE_BYTES, file.length - TAG_BYTES)), decipher.final()])
  } catch (cause) {
    throw new Error('it cannot be decrypted with the passphrase of cypher_key', { cause })
  }
}

function keeperKey(secretUrl: string): Buffer {
  if (!secretUrl.startsWith(BASE64_KEY)) {
    const scheme = secretUrl.split('://', 1)[0]
    throw new Error(`secret_url with ${scheme}:// is not supported: only base64key:// is`)
  }
  const key = Buffer.from(secretUrl.slice(BASE64_KEY.length), 'base64')
  if (key.length !== 32) throw new Error(`the key of secret_url has ${key.length} bytes, not 32`)
  return key
}
