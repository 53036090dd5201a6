import { defineFeature } from '../../config/feature.ts'
import { type Static, Type } from '../../config/type.ts'
import type { Problem } from '../../config/validate.ts'
import { doubtOfOrigin } from '../../security/cors-origins.ts'

const ALL = ['*']
const SIMPLE_METHODS = ['GET', 'POST', 'HEAD']

const CORS_OPTIONS = Type.Object({
  allow_origins: Type.Array(Type.String(), {
    description: 'origins whose pages may read answers; one `*` in an origin stands for any text, `*` alone is all',
    default: ALL,
  }),
  allow_methods: Type.Array(Type.String(), {
    description: 'methods that they may use, in capitals; `OPTIONS` is always allowed',
    default: SIMPLE_METHODS,
  }),
  allow_headers: Type.Array(Type.String(), {
    description: 'header fields that they may send, in any case; `*` is all',
    default: ALL,
  }),
  expose_headers: Type.Array(Type.String(), {
    description: 'header fields of answers that they may read, beside the harmless ones',
    default: [],
  }),
  max_age: Type.Duration({
    description: 'how long browsers may remember the answer to a preflight; 0: as they like, less: not at all',
    minimum: null,
    default: 0,
  }),
  allow_credentials: Type.Boolean({ description: 'requests may carry cookies and authorization', default: false }),
  allow_private_network: Type.Boolean({
    description: 'pages of the internet may ask a gateway in a private network',
    default: false,
  }),
  options_passthrough: Type.Boolean({
    description: 'hand preflights on to the router, which answers them (see `auto_options`)',
    default: false,
  }),
  options_success_status: Type.Integer({
    description: 'status of the answer to a preflight',
    minimum: 200,
    maximum: 299,
    default: 204,
  }),
  debug: Type.Boolean({ description: 'log each decision, at DEBUG', default: false }),
})

/** `security/cors`: what pages of other origins may do. Specification: traffic-security 6. */
export const cors = defineFeature({
  namespace: 'security/cors',
  options: CORS_OPTIONS,
  wrongOptions: 'ignored',
  check: checkCors,
  server: async (options, { logFor }) => {
    const { createCors } = await import('../../security/cors.ts')
    const log = logFor('CORS')
    return createCors(
      {
        origins: orDefault(options.allow_origins, ALL),
        methods: orDefault(options.allow_methods, SIMPLE_METHODS),
        headers: orDefault(options.allow_headers, ALL),
        exposedHeaders: options.expose_headers,
        maxAgeSeconds: options.max_age / 1000,
        credentials: options.allow_credentials,
        privateNetwork: options.allow_private_network,
        passthrough: options.options_passthrough,
        successStatus: options.options_success_status,
      },
      options.debug ? (line) => log.debug(line) : null,
    )
  },
})

/** An empty list is as none. */
function orDefault(list: readonly string[], others: readonly string[]): readonly string[] {
  return list.length === 0 ? others : list
}

function checkCors(options: Static<typeof CORS_OPTIONS>): readonly Problem[] {
  const origins = orDefault(options.allow_origins, ALL)
  const problems: Problem[] = []
  const warn = (path: Problem['path'], message: string, remedy: string) => {
    problems.push({ code: 'CONFIG_CORS_DOUBTFUL', severity: 'warning', path, message, remedy })
  }
  if (options.allow_credentials && origins.includes('*')) {
    const message = 'browsers refuse answers with credentials where all origins are allowed'
    warn(['allow_credentials'], message, 'Name the origins in "allow_origins", or remove "allow_credentials".')
  }
  for (const [index, origin] of options.allow_origins.entries()) {
    const doubt = doubtOfOrigin(origin)
    if (doubt === null) continue
    const remedy =
      'Name the origins in full, or let the asterisk stand for whole subdomains, as in https://*.shop.example.'
    warn(['allow_origins', index], `${JSON.stringify(origin)}: ${doubt}`, remedy)
  }
  for (const [index, method] of options.allow_methods.entries()) {
    if (/^[A-Z-]+$/.test(method)) continue
    const message = `${JSON.stringify(method)} is the name of no method, so it allows nothing`
    warn(['allow_methods', index], message, 'Write each method in capitals, such as "PUT".')
  }
  return problems
}
