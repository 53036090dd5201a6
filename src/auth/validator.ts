import type { Clock } from '../pipes/clock.ts'
import type { Context } from '../pipes/context.ts'
import { NO_PARAMS } from '../pipes/context.ts'
import { HeaderList } from '../pipes/headers.ts'
import { type HttpRequest, HttpResponse, type HttpStage } from '../pipes/http.ts'
import type { Logger } from '../telemetry/logger.ts'
import { type ClaimHeader, setClaimHeaders, type WriteClaims } from './claim-headers.ts'
import { type Claims, claimOf, claimText, hasAudience, nestedClaimOf, wordsOf } from './claims.ts'
import type { Revocations } from './revocations.ts'
import type { FindToken } from './token-place.ts'
import type { TokenVerifier } from './token-verifier.ts'
import type { VerifiedToken } from './verified-tokens.ts'

/** What an endpoint asks of a token whose signature is right. */
export interface TokenRules {
  readonly issuer: string | undefined
  readonly audience: readonly string[]
  /** Claims without which a token is refused. */
  readonly required: readonly string[]
  readonly leewayMs: number
  readonly roles: readonly string[]
  readonly rolesOf: (claims: Claims) => readonly string[] | null
  readonly scopes: readonly string[]
  readonly scopesKey: string
  readonly allScopes: boolean
  readonly writeHeaders: WriteClaims
  /** Names of the claims that the endpoint's backends have in their URLs. */
  readonly urlClaims: readonly string[]
}

export interface ValidatorParts {
  readonly findToken: FindToken
  readonly verifier: TokenVerifier
  readonly rules: TokenRules
  /** The endpoint's place in the lists of verdicts. */
  readonly index: number
  readonly revocations: Revocations | undefined
  readonly clock: Clock
  readonly log: Logger
  /** Whether refusals are logged. */
  readonly debug: boolean
  /** Whether refusals tell clients why, in `WWW-Authenticate`. */
  readonly challenges: boolean
}

/** A refusal: the status, the line of the log, the challenge (RFC 6750, section 3) and the entry of the access log. */
interface Refusal {
  readonly status: 401 | 403
  readonly line: string
  readonly challenge: string
  readonly error: Error
}

/** What an endpoint makes of a token for as long as the token is known. */
interface Verdict {
  readonly refusal: Refusal | null
  readonly headers: readonly ClaimHeader[]
  /** By the names that they have in URLs; null when none are used. */
  readonly params: Readonly<Record<string, string>> | null
  /** Places of the token in the filter of revoked ones; null where nothing is revoked. */
  readonly places: readonly (readonly number[])[] | null
}

/** Lets requests pass that carry a token which the endpoint accepts. Specification: traffic-security 9. */
export function createValidator(parts: ValidatorParts): HttpStage {
  const { findToken, verifier, rules, index, revocations, clock } = parts
  const { leewayMs } = rules
  const refuse = compileRefusals(parts)
  const judge = compileRules(rules, revocations)

  return (next) => {
    const accept = (verified: VerifiedToken, request: HttpRequest, context: Context, now: number) => {
      if (now - leewayMs > verified.until) return refuse(EXPIRED, context)
      if (now + leewayMs < verified.from) return refuse(TOO_EARLY, context)
      const { verdicts } = verified
      verdicts[index] ??= judge(verified.claims)
      const { refusal, headers, params, places } = verdicts[index] as Verdict
      if (refusal !== null && refusal.status === 401) return refuse(refusal, context)
      if (places !== null && revocations?.holdsAny(places, now)) return refuse(REVOKED, context)
      if (refusal !== null) return refuse(refusal, context)
      if (headers.length > 0) setClaimHeaders(request.headers, headers)
      if (params !== null)
        context.params = context.params === NO_PARAMS ? { ...params } : { ...context.params, ...params }
      context.claims = verified.claims
      return next(request, context)
    }
    const later = async (verifying: Promise<VerifiedToken | string>, request: HttpRequest, context: Context) => {
      const verified = await verifying
      if (typeof verified === 'string') return refuse(invalid(verified), context)
      return accept(verified, request, context, clock.wallTime())
    }
    // Not an async function: a promise less per request.
    return (request, context) => {
      const token = findToken(request.headers.raw)
      if (token === null) return refuse(MISSING, context)
      const now = clock.wallTime()
      const verified = verifier.known(token, now) ?? verifier.verify(token, now)
      if (typeof verified === 'string') return refuse(invalid(verified), context)
      if (verified instanceof Promise) return later(verified, request, context)
      return accept(verified, request, context, now)
    }
  }
}

/** Answers every request with 401: for a validator that cannot work. */
export const refuseAll: HttpStage = () => (_, context) => {
  context.report(MISSING.error)
  return Promise.resolve(new HttpResponse(401))
}

const MISSING = refusal(401, 'Unable to validate the token: there is none', 'Bearer')
const EXPIRED = invalid('it has expired')
const TOO_EARLY = invalid('it is not valid yet')
const REVOKED = refusal(401, 'Token sent by client rejected', 'Bearer error="invalid_token"')
const ROLES = refusal(403, 'Token sent by client does not have sufficient roles', 'Bearer error="insufficient_scope"')

function invalid(reason: string): Refusal {
  return refusal(401, `Unable to validate the token: ${reason}`, 'Bearer error="invalid_token"')
}

function refusal(status: 401 | 403, line: string, challenge: string): Refusal {
  return { status, line, challenge, error: new Error(line) }
}

function compileRefusals({
  log,
  debug,
  challenges,
}: ValidatorParts): (refusal: Refusal, context: Context) => Promise<HttpResponse> {
  return ({ status, line, challenge, error }, context) => {
    context.report(error)
    if (debug) log.error(line)
    const headers = challenges ? new HeaderList(['Www-Authenticate', challenge]) : null
    return Promise.resolve(new HttpResponse(status, headers))
  }
}

function compileRules(rules: TokenRules, revocations: Revocations | undefined): (claims: Claims) => Verdict {
  const { issuer, audience, required, scopes, scopesKey } = rules
  const scopesRefusal = refusal(
    403,
    'Token sent by client does not have the required scopes',
    `Bearer error="insufficient_scope", scope="${scopes.map(quotable).join(' ')}"`,
  )
  const refusalOf = (claims: Claims): Refusal | null => {
    if (issuer !== undefined && claimOf(claims, 'iss') !== issuer) return invalid('its issuer is another')
    if (audience.length > 0 && !hasAudience(claims, audience)) return invalid('it is meant for another audience')
    const missing = required.find((name) => (nestedClaimOf(claims, name) ?? null) === null) // null says nothing either
    if (missing !== undefined) return invalid(`it has no claim ${JSON.stringify(missing)}`)
    if (!holdsAny(rules.rolesOf(claims), rules.roles)) return ROLES
    if (scopes.length === 0 || scopesKey === '') return null
    const given = wordsOf(nestedClaimOf(claims, scopesKey))
    return (rules.allScopes ? holdsAll(given, scopes) : holdsAny(given, scopes)) ? null : scopesRefusal
  }
  return (claims) => {
    const refused = refusalOf(claims)
    const headers = refused === null ? rules.writeHeaders(claims) : NO_HEADERS
    const unfit = headers === null ? invalid('a claim for a header holds control characters') : null
    return {
      refusal: refused ?? unfit,
      headers: headers ?? NO_HEADERS,
      params: urlParams(claims, rules.urlClaims),
      places: revocations?.placesOf(claims) ?? null,
    }
  }
}

const NO_HEADERS: readonly ClaimHeader[] = []

/** A claim that is missing or empty gets no parameter: the call that needs it cannot be made. */
function urlParams(claims: Claims, names: readonly string[]): Record<string, string> | null {
  if (names.length === 0) return null
  const params: Record<string, string> = {}
  for (const name of names) {
    const text = claimText(claimOf(claims, name))
    if (text !== '') params[`JWT.${name}`] = text
  }
  return params
}

function holdsAny(given: readonly string[] | null, wanted: readonly string[]): boolean {
  return wanted.length === 0 || (given !== null && wanted.some((word) => given.includes(word)))
}

function holdsAll(given: readonly string[] | null, wanted: readonly string[]): boolean {
  return given !== null && wanted.every((word) => given.includes(word))
}

/** What may stand in a quoted challenge (RFC 6750, section 3). */
function quotable(scope: string): string {
  return scope.replaceAll(/[^\x21\x23-\x5b\x5d-\x7e]/g, '')
}
