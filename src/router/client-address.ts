import { BlockList, isIP } from 'node:net'
import { type HeaderList, sameName } from '../pipes/headers.ts'
import type { HttpRequest } from '../pipes/http.ts'
import type { RouterOptions } from './options.ts'

/**
 * The client's address by the specification's rules (core 3.5): from the named header fields when the peer is trusted,
 * walking each from the right over trusted proxies; otherwise the peer's.
 */
export function compileClientAddress(options: RouterOptions): (request: HttpRequest) => string {
  const appEngine = options.app_engine === true
  const address = options.forwarded_by_client_ip === false ? peerAddress : compileForwarded(options)
  if (!appEngine) return address
  return (request) => request.headers.get('x-appengine-remote-addr') || address(request)
}

function peerAddress(request: HttpRequest): string {
  return request.remoteAddress
}

function compileForwarded(options: RouterOptions): (request: HttpRequest) => string {
  const names = (options.remote_ip_headers ?? ['X-Forwarded-For', 'X-Real-IP']).map((name) => name.toLowerCase())
  const trusted = options.trusted_proxies === undefined ? null : compileTrusted(options.trusted_proxies)
  const isTrusted = trusted === null ? () => true : (ip: string) => trusted.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4')
  const lengths = new Set(names.map((name) => name.length))
  return (request) => {
    const { raw } = request.headers
    let any = false
    for (let i = 0; i < raw.length && !any; i += 2) any = lengths.has((raw[i] as string).length)
    if (!any || !isTrusted(request.remoteAddress)) return request.remoteAddress
    for (const name of names) {
      const address = clientOf(firstValue(request.headers, name), isTrusted)
      if (address !== null) return address
    }
    return request.remoteAddress
  }
}

/** The first field of that name; further ones are not looked at. */
function firstValue(headers: HeaderList, name: string): string {
  const { raw } = headers
  for (let i = 0; i < raw.length; i += 2) if (sameName(raw[i] as string, name)) return raw[i + 1] as string
  return ''
}

function clientOf(list: string, isTrusted: (ip: string) => boolean): string | null {
  if (list === '') return null
  const addresses = list.split(',')
  for (let i = addresses.length - 1; i >= 0; i--) {
    const address = (addresses[i] as string).trim()
    if (isIP(address) === 0) return null
    if (i === 0 || !isTrusted(address)) return address
  }
  return null
}

/** @throws RangeError for an entry that is neither an address nor a network */
function compileTrusted(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const family = isIP(address)
    const length = bits === undefined ? (family === 6 ? 128 : 32) : Number(bits)
    if (family === 0 || !Number.isInteger(length) || length < 0 || length > (family === 6 ? 128 : 32)) {
      throw new RangeError(`router.trusted_proxies: "${entry}" is neither an address nor a network such as 10.0.0.0/8`)
    }
    list.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}
