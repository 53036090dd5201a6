import { frozenCopy } from '../config/frozen-copy.ts'
import { parseJsonBytes } from '../encoding/json.ts'
import { isDataObject } from '../pipes/proxy.ts'
import { type Algorithm, signatureAlgorithm } from './algorithms.ts'
import { type Claims, validityOf } from './claims.ts'
import { identityInHeader, type KeyStrategy } from './key-set.ts'
import type { KeySource, KnownKey } from './key-source.ts'
import { parseToken, type Token } from './token.ts'
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts'

/** Verifies the signatures of tokens for all endpoints that have the same keys and the same algorithm. */
export interface TokenVerifier {
  /** A token that was verified before and whose key still counts; undefined when it has to be verified. */
  known(token: string, now: number): VerifiedToken | undefined
  /** The verified token, or the reason why it is refused. */
  verify(token: string, now: number): VerifiedToken | string | Promise<VerifiedToken | string>
}

/** The algorithm is settled before anything else is looked at: what the token says of it is only compared. */
export function createTokenVerifier(keys: KeySource, alg: Algorithm, strategy: KeyStrategy): TokenVerifier {
  const algorithm = signatureAlgorithm(alg)
  const cache = createVerifiedTokens()

  function check(text: string, token: Token, keyId: string, key: KnownKey | null): VerifiedToken | string {
    if (key === null) return `there is no key for ${JSON.stringify(keyId.slice(0, 100))}`
    const before = cache.get(text)
    if (before?.key === key) return before
    if (!algorithm.verifies(token.signed, token.signature, key.key)) return 'the signature is wrong'
    const claims = claimsIn(token.payload)
    const validity = claims === null ? null : validityOf(claims)
    if (claims === null || validity === null) return 'the claims cannot be read'
    const verified = { claims, key, keyId, ...validity, verdicts: [] }
    if (!keys.uncached) cache.set(text, verified)
    return verified
  }

  async function checkLater(text: string, token: Token, keyId: string, found: Promise<KnownKey | null>, now: number) {
    const verified = check(text, token, keyId, await found)
    if (!keys.uncached || typeof verified === 'string') return verified
    // As in the reference, which asks for the key once more when it reads the claims.
    return check(text, token, keyId, await keys.find(keyId, now))
  }

  return {
    known(token, now) {
      const known = cache.get(token)
      return known !== undefined && known.key.goodUntil > now ? known : undefined
    },
    verify(text, now) {
      const token = parseToken(text)
      if (token === null) return 'it is no signed token'
      if (token.header.alg !== alg) return `its algorithm is not ${alg}`
      const keyId = identityInHeader(token.header, strategy)
      const key = keys.find(keyId, now)
      return key instanceof Promise ? checkLater(text, token, keyId, key, now) : check(text, token, keyId, key)
    },
  }
}

function claimsIn(payload: Buffer): Claims | null {
  try {
    const claims = parseJsonBytes(payload)
    return isDataObject(claims) ? frozenCopy(claims) : null // all requests with the token share them
  } catch {
    return null
  }
}
