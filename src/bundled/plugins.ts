import { existsSync } from 'node:fs'
import type { ExtraConfig, GatewayConfig } from '../config/model.ts'
import { isPlainObject } from '../config/plain-object.ts'
import type { Plugin } from '../sdk/define-plugin.ts'

/** The plugins that come with the gateway, by name: made when a configuration names them. */
const BUNDLED: Readonly<Record<string, (config: GatewayConfig) => Promise<Plugin>>> = {
  'ip-filter': async ({ extra }) => (await import('./ip-filter.ts')).ipFilter(trustedProxiesOf(extra)),
}

export const BUNDLED_NAMES: readonly string[] = Object.keys(BUNDLED)

/** Of the plugins that come with the gateway those that a configuration names. */
export function bundledPlugins(config: GatewayConfig): Promise<Plugin[]> {
  const named = namedPlugins(config)
  const makers = Object.entries(BUNDLED).filter(([name]) => named.has(name))
  return Promise.all(makers.map(([, make]) => make(config)))
}

/**
 * Whether the plugin folder is not there, and is not missed: all plugins that are named come with the gateway
 * (specification: enterprise A1).
 */
export function lacksOnlyFolder(config: GatewayConfig): boolean {
  const { plugin } = config
  if (plugin === null || plugin.folder === '' || plugin.packages.length > 0 || existsSync(plugin.folder)) return false
  const named = namedPlugins(config)
  return named.size > 0 && [...named].every((name) => BUNDLED_NAMES.includes(name))
}

const NAMESPACES = ['plugin/http-server', 'plugin/req-resp-modifier', 'plugin/middleware', 'plugin/http-client']

/** The names of plugins anywhere in a configuration. */
function namedPlugins({ extra, endpoints }: GatewayConfig): ReadonlySet<string> {
  const places = [
    extra,
    ...endpoints.flatMap((endpoint) => [endpoint, ...endpoint.backends].map((place) => place.extra)),
  ]
  const named = new Set<string>()
  for (const place of places) {
    for (const namespace of NAMESPACES) {
      const block = place[namespace]
      if (!isPlainObject(block)) continue
      for (const name of Array.isArray(block.name) ? block.name : [block.name]) {
        if (typeof name === 'string') named.add(name)
      }
    }
  }
  return named
}

function trustedProxiesOf({ router }: ExtraConfig): readonly string[] | undefined {
  return (router as { readonly trusted_proxies?: readonly string[] } | undefined)?.trusted_proxies
}
