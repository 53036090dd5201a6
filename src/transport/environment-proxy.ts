import { BlockList, isIP } from 'node:net'

/**
 * The proxy for an origin by `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` (either case), undefined for a direct call.
 * Loopback addresses are always direct, as in the reference. Specification: core 1.3.
 */
export function proxyFor(origin: string, env: NodeJS.ProcessEnv): string | undefined {
  const variable = origin.startsWith('https:') ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const proxy = env[variable] || env[variable.toLowerCase()]
  if (!proxy) return undefined
  const { hostname, port: written } = new URL(origin)
  const port = written || (origin.startsWith('https:') ? '443' : '80')
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))) return undefined
  const exceptions = (env.NO_PROXY || env.no_proxy || '').split(',').map((entry) => entry.trim().toLowerCase())
  if (exceptions.some((entry) => entry !== '' && excludes(entry, host, port))) return undefined
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

function excludes(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return containsAddress(entry, host)
  const colon = entry.lastIndexOf(':')
  const hasPort = colon !== -1 && isIP(entry) === 0 && /^\d+$/.test(entry.slice(colon + 1))
  const name = hasPort ? entry.slice(0, colon) : entry
  if (hasPort && entry.slice(colon + 1) !== port) return false
  if (name.startsWith('.')) return host.endsWith(name)
  return host === name || host.endsWith(`.${name}`)
}

/** Whether a network such as `10.0.0.0/8` holds the host, which may be a name. */
function containsAddress(network: string, host: string): boolean {
  const [address = '', bits = ''] = network.split('/', 2)
  const family = isIP(address)
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits)) return false
  if (Number(bits) > (family === 4 ? 32 : 128)) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(address, Number(bits), type)
  return list.check(host, type)
}
