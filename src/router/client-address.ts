import type { HttpRequest } from '../pipes/http.ts'
import { compileForwardedAddress } from '../security/forwarded-address.ts'
import { type AddressList, compileAddressList } from '../shared/address-list.ts'
import type { RouterOptions } from './options.ts'

const APP_ENGINE_FIELD = 'x-appengine-remote-addr'

/**
 * The client's address by the specification's rules (core 3.5): from the named header fields when the peer is trusted,
 * walking each from the right over trusted proxies; otherwise the peer's. With `trusted_proxies` the field of App Engine
 * too counts from these alone.
 * @throws RangeError for an entry of `trusted_proxies` that is neither an address nor a network
 */
export function compileClientAddress(options: RouterOptions): (request: HttpRequest) => string {
  const trusted = options.trusted_proxies === undefined ? null : compileTrusted(options.trusted_proxies)
  const address =
    options.forwarded_by_client_ip === false
      ? peerAddress
      : compileForwardedAddress({ fields: options.remote_ip_headers ?? ['X-Forwarded-For', 'X-Real-IP'], trusted })
  if (options.app_engine !== true) return address
  return (request) => {
    const given = trusted?.has(request.remoteAddress) === false ? null : request.headers.get(APP_ENGINE_FIELD)
    return given || address(request)
  }
}

function peerAddress(request: HttpRequest): string {
  return request.remoteAddress
}

function compileTrusted(entries: readonly string[]): AddressList {
  try {
    return compileAddressList(entries)
  } catch (cause) {
    throw new RangeError(`router.trusted_proxies: ${(cause as Error).message}`, { cause })
  }
}
