import type { EndpointTools } from '../config/feature.ts'
import type { Context } from '../pipes/context.ts'
import { canonicalName } from '../pipes/headers.ts'
import { type HttpRequest, HttpResponse, type HttpStage } from '../pipes/http.ts'
import type { ApiKeysOptions, KeyPlace } from './api-key-options.ts'
import { type ApiKey, type ApiKeyRing, ApiKeysError } from './api-key-ring.ts'
import { onlyField, utf8Field } from './only-field.ts'
import { setOwnField } from './own-field.ts'

/** Whether a key may make one more request now. */
export type MayCall = (id: string) => boolean

/** The role of a key that an endpoint which asks for none lets pass, for backends. */
const ANY_ROLE = 'ANY'

const USUAL: Readonly<Record<KeyPlace, string>> = { header: 'Authorization', query_string: 'key' }

/**
 * The stage of `auth/api-keys`: lets requests pass that carry a key with a role that the endpoint takes. Specification:
 * enterprise B1.
 * @param mayCall null: there is no limit
 * @throws ApiKeysError when the service has no keys
 */
export function createApiKeyGuard(
  options: ApiKeysOptions,
  ring: ApiKeyRing | undefined,
  mayCall: MayCall | null,
  { endpoint, config, logFor }: EndpointTools,
): HttpStage {
  const { roles } = options
  if (ring === undefined || roles === undefined) {
    if (roles === undefined || config.lenient) return refuseAll
    const place = `${endpoint.where}.extra_config."auth/api-keys"`
    throw new ApiKeysError(
      `${place}: there are no keys; write them into "auth/api-keys" in the extra_config of the service`,
    )
  }
  if (ring.size === 0) logFor('APIKeys').warning('there are no keys: every request is answered 401')
  const place = options.strategy ?? ring.place
  // A name of the service is one for its own strategy.
  const inherited = place === ring.place ? ring.identifier : undefined
  const identifier = options.identifier || inherited || USUAL[place]
  const find = place === 'header' ? inHeader(identifier) : inQuery(identifier)
  const roleField = canonicalName(ring.roleField)
  const roleOf = compileRoles(roles)
  return (next) => (request, context) => {
    if (place === 'query_string') context.whole.secretParameter = identifier
    const sent = find(request)
    if (sent === '') return refuse(context, MISSING)
    const key = ring.find(sent)
    if (key === undefined) return refuse(context, UNKNOWN)
    const role = roleOf(key)
    if (role === null) return refuse(context, ROLE)
    if (mayCall !== null && !mayCall(key.id)) return refuse(context, TOO_OFTEN, 429)
    if (roleField !== '') setOwnField(request.headers, roleField, [role])
    return next(request, context)
  }
}

const MISSING = new Error('API key: there is none')
const UNKNOWN = new Error('API key: not known')
const ROLE = new Error('API key: none of its roles is sufficient')
const TOO_OFTEN = new Error('rate limit exceded') // in the spelling of the reference

function refuse(context: Context, error: Error, status = 401): Promise<HttpResponse> {
  context.report(error)
  return Promise.resolve(new HttpResponse(status))
}

const refuseAll: HttpStage = () => (_, context) => refuse(context, UNKNOWN)

/** The role for backends; null when the key has none that the endpoint takes. */
function compileRoles(allowed: readonly string[]): (key: ApiKey) => string | null {
  if (allowed.length === 0) return () => ANY_ROLE
  const set = new Set(allowed)
  return ({ roles }) => {
    for (const role of roles) if (set.has(role)) return role
    return null
  }
}

/** Empty when the key is not there, or several times. */
type FindKey = (request: HttpRequest) => string

const BEARER = /^bearer +/i

function inHeader(name: string): FindKey {
  const wanted = name.toLowerCase()
  if (wanted !== 'authorization') return ({ headers }) => utf8Field(onlyField(headers.raw, wanted) ?? '')
  return ({ headers }) => utf8Field(onlyField(headers.raw, wanted) ?? '').replace(BEARER, '')
}

function inQuery(name: string): FindKey {
  return (request) => {
    if (!request.currentTarget().includes('?')) return ''
    const [value = '', another] = request.query.getAll(name)
    return another === undefined ? value : ''
  }
}
