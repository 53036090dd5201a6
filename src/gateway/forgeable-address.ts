import type { GatewayConfig } from '../config/model.ts'
import { isPlainObject } from '../config/plain-object.ts'
import type { RouterOptions } from '../router/options.ts'
import type { Logger } from '../telemetry/logger.ts'

/**
 * Says where the configuration lets any client choose the address that it is known by: a warning where a limit counts by
 * that address, for it can be evaded then.
 */
export function tellForgeableAddress(config: GatewayConfig, options: RouterOptions, log: Logger): void {
  const limits = limitsByAddress(config)
  for (const { place, key } of limits) {
    if (key !== '') log.warning(`${GIN} ${place} takes the address from ${key}, which any client can send`)
  }
  const { trusted_proxies: proxies, forwarded_by_client_ip: forwarded, app_engine: appEngine } = options
  if (proxies !== undefined || (forwarded === false && !appEngine)) return
  const [field = 'X-Forwarded-For'] = options.remote_ip_headers ?? []
  const fields = forwarded === false ? 'X-Appengine-Remote-Addr' : field
  const places = limits.filter(({ key }) => key === '').map(({ place }) => place)
  if (places.length === 0) {
    log.info(`${GIN} Any client may set its address with ${fields}: router.trusted_proxies is not set`)
    return
  }
  const shown = places.slice(0, SHOWN).join(', ') + (places.length > SHOWN ? ` and ${places.length - SHOWN} more` : '')
  log.warning(
    `${GIN} Any client may set its address with ${fields}, and so evade ${shown}: set router.trusted_proxies to the networks of your proxies, or to [] where there are none`,
  )
}

const GIN = '[SERVICE: Gin]'
const SHOWN = 3

interface LimitByAddress {
  readonly place: string
  /** The header field that the address is taken from; empty: the client's address. */
  readonly key: string
}

const LIMITS = ['qos/ratelimit/router', 'qos/ratelimit/service']

function limitsByAddress({ extra, endpoints }: GatewayConfig): readonly LimitByAddress[] {
  const places = [
    { name: 'the service', extra },
    ...endpoints.map((endpoint) => ({ name: `${endpoint.method} ${endpoint.path}`, extra: endpoint.extra })),
  ]
  return places.flatMap(({ name, extra: blocks }) =>
    LIMITS.flatMap((namespace) => {
      const options = blocks[namespace]
      if (!isPlainObject(options) || !(Number(options.client_max_rate) > 0)) return []
      if (String(options.strategy).toLowerCase() !== 'ip') return []
      return [{ place: `${namespace} of ${name}`, key: typeof options.key === 'string' ? options.key : '' }]
    }),
  )
}
