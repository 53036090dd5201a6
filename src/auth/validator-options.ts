import { type Static, Type } from '../config/type.ts'
import { ALGORITHMS } from './algorithms.ts'
import { KEY_OPTIONS } from './key-schema.ts'
import { KEY_STRATEGIES } from './key-set.ts'

/** `auth/validator`; at the service only `shared_cache_duration` has a meaning. */
export const VALIDATOR_OPTIONS = Type.Object({
  alg: Type.Optional(Type.Enum(ALGORITHMS, { description: 'the algorithm that tokens must be signed with' })),
  ...KEY_OPTIONS,
  cache: Type.Optional(
    Type.Boolean({ description: 'keep the downloaded keys; not with `jwk_local_path`', default: false }),
  ),
  cache_duration: Type.Optional(
    Type.Integer({ description: 'how long a downloaded key counts, seconds', minimum: 0, default: 900 }),
  ),
  shared_cache_duration: Type.Optional(
    Type.Integer({
      description: 'at the service: how long a downloaded key counts at least for all endpoints with `cache`, seconds',
      minimum: 0,
    }),
  ),
  failed_jwk_key_cooldown: Type.Optional(
    Type.Duration({
      description: 'for how long the same unknown key is not looked up again, 1s or more; 0s: each time',
      default: 0,
    }),
  ),
  issuer: Type.Optional(Type.String({ description: 'the value of `iss`' })),
  audience: Type.Optional(Type.Array(Type.String(), { description: 'values that `aud` must all have' })),
  required_claims: Type.Optional(
    Type.Array(Type.String(), { description: 'claims without which a token is refused, such as `exp`' }),
  ),
  leeway: Type.Optional(
    Type.Duration({ description: 'tolerance for `exp`, `nbf` and `iat`, 1s or more', default: 1000 }),
  ),
  roles: Type.Optional(Type.Array(Type.String(), { description: 'roles of which the token must have one' })),
  roles_key: Type.Optional(Type.String({ description: 'the claim with the roles', default: 'roles' })),
  roles_key_is_nested: Type.Optional(
    Type.Boolean({ description: 'follow the dots of `roles_key` into objects', default: false }),
  ),
  scopes: Type.Optional(Type.Array(Type.String(), { description: 'scopes of the token, checked with `scopes_key`' })),
  scopes_key: Type.Optional(Type.String({ description: 'the claim with the scopes; its dots lead into objects' })),
  scopes_matcher: Type.Optional(
    Type.String({ description: '`any`: one of the scopes is enough; `all`: each is needed', default: 'any' }),
  ),
  propagate_claims: Type.Optional(
    Type.Array(Type.Array(Type.String()), {
      description: 'pairs of a claim and the request header that it replaces, for `input_headers` to let through',
    }),
  ),
  propagate_claims_preserve_array: Type.Optional(
    Type.Boolean({ description: 'a list becomes one header line per element', default: false }),
  ),
  cookie_key: Type.Optional(
    Type.String({ description: 'the cookie with the token, where there is no header', default: 'access_token' }),
  ),
  auth_header_name: Type.Optional(
    Type.String({ description: 'the header with the token, with or without `Bearer`', default: 'Authorization' }),
  ),
  key_identify_strategy: Type.Optional(
    Type.Enum(KEY_STRATEGIES, { description: 'what of the token tells its key', default: 'kid' }),
  ),
  www_authenticate: Type.Optional(
    Type.Boolean({ description: 'tell clients in `WWW-Authenticate` why they are refused (RFC 6750)', default: false }),
  ),
  operation_debug: Type.Optional(Type.Boolean({ description: 'log why tokens are refused', default: false })),
})

export type ValidatorOptions = Static<typeof VALIDATOR_OPTIONS>
