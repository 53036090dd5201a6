import type { EndpointTools } from '../config/feature.ts'
import type { EndpointConfig } from '../config/model.ts'
import type { HttpStage } from '../pipes/http.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Algorithm } from './algorithms.ts'
import { compileClaimHeaders } from './claim-headers.ts'
import { claimOf, nestedClaimOf, wordsOf } from './claims.ts'
import { insecureSource, KeyOptionsError } from './key-options.ts'
import { type KeyChoice, openKeys } from './open-keys.ts'
import type { Revocations } from './revocations.ts'
import { compileTokenPlace } from './token-place.ts'
import { createTokenVerifier, type TokenVerifier } from './token-verifier.ts'
import { createValidator, refuseAll, type TokenRules } from './validator.ts'
import { unguardedBy } from './validator-doubts.ts'
import type { ValidatorOptions } from './validator-options.ts'

/** What `auth/validator` at the service gives to those of endpoints. */
export interface SharedKeyCache {
  /** How long a downloaded key counts at least, milliseconds. */
  readonly lifetimeMs: number
}

/** A verifier that several endpoints use, each with a number of its own. */
interface SharedVerifier {
  readonly verifier: TokenVerifier
  endpoints: number
}

const LEAST_LEEWAY_MS = 1000
const LEAST_COOLDOWN_MS = 1000

/**
 * Makes the validator of an endpoint.
 * @throws Error when the options cannot guard the endpoint; the message names the place
 */
export async function makeValidator(options: ValidatorOptions, tools: EndpointTools): Promise<HttpStage> {
  const log = tools.logFor('JWTValidator')
  const { lenient } = tools.config
  const insecure = insecureSource(options, lenient)
  if (insecure !== null && lenient) {
    log.warning(`Unable to parse the configuration: ${insecure}. Every request is answered 401`)
    return refuseAll
  }
  try {
    if (insecure !== null) throw new KeyOptionsError(insecure)
    if (options.alg === undefined) throw new KeyOptionsError('alg is missing')
    for (const unguarded of unguardedBy(options)) {
      if (!lenient) throw new KeyOptionsError(unguarded)
      log.warning(unguarded)
    }
    return await assemble(options, options.alg, tools, log)
  } catch (cause) {
    const message = `${tools.endpoint.where}.extra_config."auth/validator": ${(cause as Error).message}`
    throw new Error(message, { cause })
  }
}

async function assemble(
  options: ValidatorOptions,
  alg: Algorithm,
  tools: EndpointTools,
  log: Logger,
): Promise<HttpStage> {
  const shared = await openVerifier(options, alg, tools, log)
  return createValidator({
    findToken: compileTokenPlace(options.auth_header_name || 'Authorization', options.cookie_key || 'access_token'),
    verifier: shared.verifier,
    rules: rulesOf(options, tools.endpoint),
    index: shared.endpoints++,
    clock: tools.clock,
    revocations: tools.service<Revocations>('auth/revoker'),
    log,
    debug: options.operation_debug ?? false,
    challenges: options.www_authenticate ?? false,
  })
}

/** One for all endpoints that have the same keys, so that a token is verified once for all of them. */
function openVerifier(
  options: ValidatorOptions,
  alg: Algorithm,
  tools: EndpointTools,
  log: Logger,
): Promise<SharedVerifier> {
  const { jwk_local_path: path = '', cache = false } = options
  if (path !== '' && cache) throw new KeyOptionsError('cache is for jwk_url: keys of jwk_local_path are kept anyway')
  const ownMs = (options.cache_duration ?? 900) * 1000
  const cooldownMs = options.failed_jwk_key_cooldown ?? 0
  const choice: KeyChoice = {
    alg,
    strategy: options.key_identify_strategy ?? 'kid',
    cache,
    lifetimeMs: Math.max(ownMs, tools.service<SharedKeyCache>('auth/validator')?.lifetimeMs ?? 0),
    cooldownMs: cooldownMs === 0 ? 0 : Math.max(LEAST_COOLDOWN_MS, cooldownMs),
  }
  return tools.shared(`auth/validator ${JSON.stringify([choice, sourceOf(options)])}`, async () => {
    const keys = await openKeys(options, choice, tools, log)
    return { verifier: createTokenVerifier(keys, alg, choice.strategy), endpoints: 0 }
  })
}

/** All options that decide which keys an endpoint gets. */
function sourceOf(options: ValidatorOptions): readonly unknown[] {
  const { jwk_url, jwk_local_path, disable_jwk_security, jwk_fingerprints, jwk_local_ca } = options
  const { cipher_suites, secret_url, cypher_key } = options
  const remote = [jwk_url, disable_jwk_security, jwk_fingerprints, jwk_local_ca, cipher_suites]
  return jwk_local_path ? [jwk_local_path, secret_url, cypher_key] : remote
}

function rulesOf(options: ValidatorOptions, endpoint: EndpointConfig): TokenRules {
  const rolesKey = options.roles_key || 'roles'
  const nested = options.roles_key_is_nested === true
  return {
    issuer: options.issuer || undefined,
    audience: options.audience ?? [],
    required: options.required_claims ?? [],
    leewayMs: Math.max(LEAST_LEEWAY_MS, options.leeway ?? 0),
    roles: options.roles ?? [],
    rolesOf: (claims) => wordsOf(nested ? nestedClaimOf(claims, rolesKey) : claimOf(claims, rolesKey)),
    scopes: options.scopes ?? [],
    scopesKey: options.scopes_key ?? '',
    allScopes: options.scopes_matcher === 'all',
    writeHeaders: compileClaimHeaders(options.propagate_claims ?? [], options.propagate_claims_preserve_array ?? false),
    urlClaims: urlClaimsOf(endpoint),
  }
}

const URL_CLAIM = /\{JWT\.([\w\-.:/]+)\}/g

function urlClaimsOf({ backends }: EndpointConfig): readonly string[] {
  const patterns = backends.map(({ urlPattern }) => urlPattern).join(' ')
  return [...new Set(Array.from(patterns.matchAll(URL_CLAIM), ([, name = '']) => name))]
}
