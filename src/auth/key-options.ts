import { readFile } from 'node:fs/promises'
import { DEFAULT_CIPHER_SUITES, openSslCiphers } from '../config/cipher-suites.ts'
import type { DownloadOptions } from './download.ts'
import { decryptKeyFile } from './encrypted-file.ts'
import type { KeyOptions } from './key-schema.ts'
import { MAX_DOCUMENT_BYTES } from './shared-document.ts'

/** Options that no keys can be had with. */
export class KeyOptionsError extends Error {
  override name = 'KeyOptionsError'
}

/** For one download; a key server that is slower is as good as none. */
const DOWNLOAD_MS = 5_000

/**
 * What the reference finds wrong with the place of the keys, and then refuses every request: plain HTTP without
 * `disable_jwk_security`, and no place at all. Null when it is fine.
 * @param strict as the reference: a local file needs the flag, too
 */
export function insecureSource(options: KeyOptions, strict: boolean): string | null {
  const { jwk_url: url = '', jwk_local_path: path = '', disable_jwk_security: allowed = false } = options
  if (path === '' && url === '') return 'neither jwk_local_path nor jwk_url says where the keys are'
  if (allowed || url.startsWith('https://')) return null
  if (url === '') return strict ? 'jwk_local_path needs disable_jwk_security' : null
  return 'JWK client is using an insecure connection to the JWK service: jwk_url must begin with https://, unless disable_jwk_security is true'
}

/**
 * The text of the local key set, decrypted where it is encrypted.
 * @throws KeyOptionsError when the file cannot be read or decrypted
 */
export async function readLocalKeys(path: string, options: KeyOptions): Promise<string> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    throw new KeyOptionsError(`the key set ${path} cannot be read: ${(cause as Error).message}`, { cause })
  }
  const { secret_url: secretUrl = '', cypher_key: cypherKey = '' } = options
  if (secretUrl === '' && cypherKey === '') return bytes.toString('utf8')
  if (secretUrl === '' || cypherKey === '') {
    throw new KeyOptionsError('an encrypted key set needs both secret_url and cypher_key')
  }
  try {
    return decryptKeyFile(bytes, secretUrl, cypherKey).toString('utf8')
  } catch (cause) {
    throw new KeyOptionsError(`the key set ${path}: ${(cause as Error).message}`, { cause })
  }
}

/** What a download depends on: the same for places that can share one. */
export async function downloadOptions(url: string, options: KeyOptions): Promise<DownloadOptions> {
  if (!URL.canParse(url)) throw new KeyOptionsError(`jwk_url is no URL: ${url}`)
  const { jwk_local_ca: ca = '', jwk_fingerprints: fingerprints = [] } = options
  try {
    return {
      url,
      insecure: options.disable_jwk_security ?? false,
      fingerprints,
      ca: ca === '' ? null : await readFile(ca, 'utf8'),
      ciphers: openSslCiphers(options.cipher_suites ?? DEFAULT_CIPHER_SUITES),
      maxBytes: MAX_DOCUMENT_BYTES,
      timeoutMs: DOWNLOAD_MS,
    }
  } catch (cause) {
    throw new KeyOptionsError((cause as Error).message, { cause })
  }
}
