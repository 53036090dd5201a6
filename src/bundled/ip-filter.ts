import { type Static, Type } from '../config/type.ts'
import { HttpError } from '../pipes/failure.ts'
import type { HttpRequest } from '../pipes/http.ts'
import { VERSION } from '../product.ts'
import { definePlugin, type Plugin } from '../sdk/define-plugin.ts'
import { compileForwardedAddress } from '../security/forwarded-address.ts'
import { compileAddressList } from '../shared/address-list.ts'
import type { Logger } from '../telemetry/logger.ts'

const IP_FILTER_OPTIONS = Type.Object({
  CIDR: Type.Array(Type.String(), { description: 'addresses and networks, IPv4 and IPv6' }),
  allow: Type.Boolean({
    description: 'true: only clients with these addresses are served; false: they are refused',
    default: false,
  }),
  client_ip_headers: Type.Optional(
    Type.Array(Type.String(), {
      description: 'header fields that name the client; the first that holds an address counts',
    }),
  ),
  trusted_proxies: Type.Optional(
    Type.Array(Type.String(), {
      description: "addresses and networks of the proxies whose header fields are believed; the router's unless given",
    }),
  ),
})

type IpFilterOptions = Static<typeof IP_FILTER_OPTIONS>

const DEFAULT_FIELDS = ['X-Forwarded-For', 'X-Real-IP', 'X-Appengine-Remote-Addr']

/**
 * The plugin `ip-filter`: serves only, or refuses, clients of some addresses. As a server plugin and as a modifier.
 * Specification: enterprise A2.
 * @param routerProxies `router.trusted_proxies`; undefined when it is not set
 */
export function ipFilter(routerProxies: readonly string[] | undefined): Plugin {
  return definePlugin({
    name: 'ip-filter',
    version: VERSION,
    options: IP_FILTER_OPTIONS,
    server: (options, { log }) => {
      const refuses = compileFilter(options, routerProxies, log)
      return (next) => (request, context) => (refuses(request) ? { status: 403 } : next(request, context))
    },
    modifier: (options, { log }) => {
      const refuses = compileFilter(options, routerProxies, log)
      return {
        request: (_, { incoming }) => {
          if (incoming === null) throw new HttpError(500, 'the client is not known here')
          return refuses(incoming) ? { status: 403 } : undefined
        },
      }
    },
  })
}

/** @throws RangeError for what is neither an address nor a network */
function compileFilter(
  options: IpFilterOptions,
  routerProxies: readonly string[] | undefined,
  log: Logger,
): (request: HttpRequest) => boolean {
  const { CIDR: entries, allow, client_ip_headers: fields } = options
  const addresses = compileAddressList(entries)
  const addressOf = compileAddress(fields, options.trusted_proxies ?? routerProxies, log)
  if (entries.length === 0) log.warning(`CIDR is empty, so ${allow ? 'every' : 'no'} client is refused`)
  return (request) => addresses.has(addressOf(request)) !== allow
}

function compileAddress(
  fields: readonly string[] | undefined,
  proxies: readonly string[] | undefined,
  log: Logger,
): (request: HttpRequest) => string {
  if (proxies !== undefined) {
    return compileForwardedAddress({ fields: fields ?? DEFAULT_FIELDS, trusted: compileAddressList(proxies) })
  }
  if (fields === undefined) {
    log.warning(
      'the address of the connection counts, which is that of a proxy where there is one: set trusted_proxies to its network to believe its X-Forwarded-For',
    )
    return (request) => request.remoteAddress
  }
  log.warning(
    `any client may choose the address that is filtered, in ${fields.join(' or ')}: set trusted_proxies to the networks of your proxies`,
  )
  return compileForwardedAddress({ fields, trusted: null })
}
