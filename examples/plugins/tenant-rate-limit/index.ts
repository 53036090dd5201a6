import {
  definePlugin,
  type HeaderList,
  HttpResponse,
  type PluginContext,
  type PluginRequest,
  type Static,
  Type,
} from 'loligo/plugin'

/** Longer names are nobody's. */
const MAX_NAME = 128

const limit = Type.Integer({ minimum: 1, description: 'Requests per window' })
const options = Type.Object({
  limit,
  window: Type.Duration({ default: 60_000, minimum: 1000, maximum: 86_400_000, description: 'Its length' }),
  tenants: Type.Record(Type.String(), Type.Object({ limit: Type.Optional(limit) }), {
    default: {},
    description: 'The known tenants, with limits of their own where these differ',
  }),
  shared_limit: Type.Optional(
    Type.Integer({ minimum: 0, description: 'For all others together, and for requests that name none; else "limit"' }),
  ),
  unlisted: Type.Enum(['shared', 'own'], {
    default: 'shared',
    description:
      'Whether tenants that are not listed share one window or have their own; the latter for verified names',
  }),
  header: Type.Optional(Type.String({ minLength: 1, description: 'The header that names the tenant' })),
  param: Type.Optional(Type.String({ minLength: 1, description: 'Or the parameter of the path' })),
  store: Type.Optional(Type.String({ minLength: 1, description: 'Or the key of the request store' })),
  group: Type.Optional(Type.String({ description: 'Endpoints with the same group count together' })),
})
type Options = Static<typeof options>

/** What a request counts against. */
interface Bucket {
  readonly key: string
  readonly limit: number
}

/** Holds every tenant to a number of requests per window, exactly over all threads. */
export const tenantRateLimit = definePlugin({
  name: 'tenant-rate-limit',
  version: '1.0.0',
  options,

  server: (given, { config, counter, store }) => {
    const { endpoint } = config
    if (endpoint === null) throw new Error('this stands at an endpoint: before routing there is no path parameter')
    const { window: windowMs } = given
    const tenantOf = createReader(given, endpoint.path)
    const bucketOf = createBuckets(given, `${given.group ?? `${endpoint.method} ${endpoint.path}`} ${windowMs}`)
    const seconds = Math.ceil(windowMs / 1000)
    const refused = counter('refused', { description: 'Requests over the limit of their tenant' })

    const tell = (headers: HeaderList, limit: number, used: number, reset: number): void => {
      headers.set('RateLimit-Limit', limit)
      headers.set('RateLimit-Policy', `${limit};w=${seconds}`)
      headers.set('RateLimit-Remaining', Math.max(0, limit - used))
      headers.set('RateLimit-Reset', reset)
    }

    return (next) => async (request, context) => {
      const { key, limit } = bucketOf(tenantOf(request, context))
      const { value: used, endsInMs } = store.hit(key, 1, { ttlMs: windowMs })
      const reset = Math.max(1, Math.ceil(endsInMs / 1000))
      const answer = used > limit ? refuse(reset) : await next(request, context)
      if (used > limit) refused.add()
      tell(answer.headers, limit, used, reset)
      return answer
    }
  },
})

function refuse(seconds: number): HttpResponse {
  const headers = { 'Retry-After': seconds, 'Cache-Control': 'no-store' }
  return HttpResponse.json({ error: 'too many requests' }, { status: 429, headers })
}

/** Reads the name of the tenant; null where there is none. */
function createReader(
  { header, param, store }: Options,
  path: string,
): (request: PluginRequest, context: PluginContext) => string | null {
  const given = [header, param, store].filter((each) => each !== undefined)
  if (given.length !== 1) throw new Error('give one of "header", "param" and "store"')
  if (header !== undefined) return ({ headers }) => headers.get(header)
  if (param === undefined) return (_, context) => textOf(context.store.get(store ?? ''))
  if (!path.includes(`{${param}}`)) throw new Error(`the path ${path} has no parameter {${param}}`)
  return (_, { params }) => params[param] ?? null
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/**
 * Finds what a tenant counts against. Names that nobody listed come from clients: with windows of their own each new one
 * would be a new limit, and room that has to be made for it.
 */
function createBuckets(
  { limit: usual, shared_limit: sharedLimit = usual, tenants, unlisted }: Options,
  group: string,
): (tenant: string | null) => Bucket {
  const own = (name: string, limit = usual): Bucket => ({ key: `${group} of ${name}`, limit })
  const known = new Map(Object.entries(tenants).map(([name, { limit }]) => [name, own(name, limit)]))
  const shared: Bucket = { key: group, limit: sharedLimit }
  return (tenant) => {
    if (tenant === null || tenant === '') return shared
    const bucket = known.get(tenant)
    if (bucket !== undefined) return bucket
    return unlisted === 'shared' || tenant.length > MAX_NAME ? shared : own(tenant)
  }
}
