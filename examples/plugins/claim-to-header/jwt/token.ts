import { createHmac, createPublicKey, createSecretKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto'

/** The algorithms of RFC 7518 that can be chosen. */
export type Algorithm = 'HS256' | 'RS256' | 'ES256'

/** The members of a token's payload. */
export type Claims = Readonly<Record<string, unknown>>

/** What a token must fulfil. */
export interface Demands {
  readonly algorithm: Algorithm
  readonly key: KeyObject
  readonly leewayMs: number
  readonly issuer: string | null
  readonly audience: string | null
}

const MAX_TOKEN_LENGTH = 8192
const MIN_SECRET_BYTES = 32 // RFC 7518, section 3.2
const MIN_RSA_BITS = 2048 // RFC 7518, section 3.3
const SHAPE = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/

/**
 * Makes the function that checks a token (RFC 7519) at a moment (milliseconds since 1970). It gives the claims, or a text
 * that says why the token is refused. The algorithm is the configured one, whatever the token says of itself.
 */
export function createTokenCheck(demands: Demands): (token: string, nowMs: number) => Claims | string {
  const isSigned = signatureCheck(demands)
  return (token, nowMs) => {
    const parts = token.length > MAX_TOKEN_LENGTH ? null : SHAPE.exec(token)
    if (parts === null) return 'it is no signed JWT'
    const [, head = '', payload = '', signature = ''] = parts
    const header = decode(head)
    if (header?.alg !== demands.algorithm) return 'its algorithm is not the one that is expected'
    // An extension that must be understood (RFC 7515, section 4.1.11): none is.
    if ('crit' in header) return 'it demands an extension'
    if (!isSigned(`${head}.${payload}`, Buffer.from(signature, 'base64url'))) return 'its signature is not valid'
    const claims = decode(payload)
    if (claims === null) return 'it holds no claims'
    return refusalOf(claims, nowMs, demands) ?? claims
  }
}

/**
 * The key of an algorithm: a secret for HS256, a public key in PEM for the others.
 * @throws Error when it is of another kind, or too weak
 */
export function readKey(algorithm: Algorithm, text: string): KeyObject {
  if (algorithm === 'HS256') {
    const bytes = Buffer.from(text)
    if (bytes.length < MIN_SECRET_BYTES) throw new Error(`HS256 needs a secret of at least ${MIN_SECRET_BYTES} bytes`)
    return createSecretKey(bytes)
  }
  if (text.includes('PRIVATE KEY')) throw new Error('this is a private key; the gateway needs the public one alone')
  const key = readPublicKey(text)
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (algorithm === 'RS256' && (key.asymmetricKeyType !== 'rsa' || modulusLength < MIN_RSA_BITS)) {
    throw new Error(`RS256 needs an RSA key of at least ${MIN_RSA_BITS} bits`)
  }
  if (algorithm === 'ES256' && namedCurve !== 'prime256v1') throw new Error('ES256 needs a key on the curve P-256')
  return key
}

function readPublicKey(text: string): KeyObject {
  try {
    return createPublicKey(text)
  } catch (cause) {
    throw new Error('the key is no public key in PEM', { cause })
  }
}

function signatureCheck({ algorithm, key }: Demands): (signed: string, signature: Buffer) => boolean {
  if (algorithm === 'HS256') {
    return (signed, signature) => {
      const expected = createHmac('sha256', key).update(signed).digest()
      return signature.length === expected.length && timingSafeEqual(signature, expected)
    }
  }
  // A JWT holds the two numbers of an ECDSA signature side by side, not in DER (RFC 7518, section 3.4).
  const verifier = algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' as const } : key
  return (signed, signature) => verify('sha256', Buffer.from(signed), verifier, signature)
}

/** The first of the demands (RFC 7519, section 4.1) that the claims do not fulfil, or null. */
function refusalOf(claims: Claims, nowMs: number, { leewayMs, issuer, audience }: Demands): string | null {
  const { exp, nbf, iss, aud } = claims
  if (typeof exp !== 'number') return 'it has no time of expiry'
  if (nowMs >= exp * 1000 + leewayMs) return 'it has expired'
  if (nbf !== undefined && !(typeof nbf === 'number' && nowMs >= nbf * 1000 - leewayMs)) return 'it is not valid yet'
  if (issuer !== null && iss !== issuer) return 'it is of another issuer'
  if (audience !== null && aud !== audience && !(Array.isArray(aud) && aud.includes(audience))) {
    return 'it is meant for others'
  }
  return null
}

/** An object in base64url; null when it is none. */
function decode(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
