import { constants, createHmac, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto'

/** The names of the signature algorithms of tokens (RFC 7518, section 3.1; RFC 8037), without `none`. */
export const ALGORITHMS = [
  'EdDSA',
  'ES256',
  'ES384',
  'ES512',
  'HS256',
  'HS384',
  'HS512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const

export type Algorithm = (typeof ALGORITHMS)[number]

/** One way to sign, and the keys it takes: a key of another type is never used, so that no public key becomes a secret. */
export interface SignatureAlgorithm {
  /** Whether a key is of the type that the algorithm needs. */
  fits(key: KeyObject): boolean
  /** Whether `signature` is that of `data`. Never throws. */
  verifies(data: Uint8Array, signature: Uint8Array, key: KeyObject): boolean
  /** @throws the error of the cryptography when the key cannot sign */
  sign(data: Uint8Array, key: KeyObject): Buffer
}

/** RSA keys below this can be broken with common means: they are not used at all (RFC 8725, section 3.2, wants 2048). */
const LEAST_RSA_BITS = 1024

const CURVES: Readonly<Record<string, string>> = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' }

/** How an algorithm signs and verifies. */
export function signatureAlgorithm(name: Algorithm): SignatureAlgorithm {
  const hash = `sha${name.slice(2)}`
  switch (name.slice(0, 2)) {
    case 'HS':
      return hmac(hash)
    case 'RS':
      return asymmetric(hash, isRsa, {})
    case 'PS':
      return asymmetric(hash, isRsa, {
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      })
    case 'ES': {
      const curve = CURVES[name]
      const isOnCurve = (key: KeyObject) =>
        key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve
      return asymmetric(hash, isOnCurve, { dsaEncoding: 'ieee-p1363' })
    }
    default:
      return asymmetric(null, isEdwards, {})
  }
}

function hmac(hash: string): SignatureAlgorithm {
  const digest = (data: Uint8Array, key: KeyObject) => createHmac(hash, key).update(data).digest()
  return {
    fits: (key) => key.type === 'secret',
    verifies: (data, signature, key) => {
      const expected = digest(data, key)
      return signature.length === expected.length && timingSafeEqual(signature, expected)
    },
    sign: digest,
  }
}

interface SigningOptions {
  readonly padding?: number
  readonly saltLength?: number
  readonly dsaEncoding?: 'ieee-p1363'
}

function asymmetric(
  hash: string | null,
  fits: (key: KeyObject) => boolean,
  options: SigningOptions,
): SignatureAlgorithm {
  return {
    fits: (key) => key.type !== 'secret' && fits(key),
    verifies: (data, signature, key) => {
      try {
        return verify(hash, data, { key, ...options }, signature)
      } catch {
        return false // a signature of the wrong length, for some curves
      }
    },
    sign: (data, key) => sign(hash, data, { key, ...options }),
  }
}

function isRsa(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= LEAST_RSA_BITS
}

function isEdwards(key: KeyObject): boolean {
  return key.asymmetricKeyType === 'ed25519' || key.asymmetricKeyType === 'ed448'
}
