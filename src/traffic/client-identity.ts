import { isIP } from 'node:net'
import type { Context } from '../pipes/context.ts'
import { sameName } from '../pipes/headers.ts'
import type { HttpRequest } from '../pipes/http.ts'
import { addressKey } from './ip-address.ts'
import type { Strategy } from './rate-limit-options.ts'

/** Which client a request is from; empty when it does not say. */
export type Identify = (request: HttpRequest, context: Context) => string

export interface IdentityOptions {
  readonly strategy: Strategy
  /** The name of a header or parameter; empty: none. */
  readonly key: string
  /** How many bits of an IPv6 address make up a client. */
  readonly ipv6Prefix: number
}

/** Specification: traffic-security 2. */
export function compileIdentity({ strategy, key, ipv6Prefix }: IdentityOptions): Identify {
  const name = key.toLowerCase()
  switch (strategy) {
    case 'param':
      return (_, context) => (Object.hasOwn(context.params, key) ? (context.params[key] ?? '') : '')
    case 'header':
      return (request) => firstValue(request.headers.raw, name)
    case 'ip':
      if (key === '') return (_, context) => addressKey(context.clientAddress, ipv6Prefix)
      return (request, context) =>
        addressKey(addressIn(firstValue(request.headers.raw, name)) || context.clientAddress, ipv6Prefix)
  }
}

/** The first field of that name (in lower case); further ones are not looked at. */
function firstValue(raw: readonly string[], name: string): string {
  for (let i = 0; i < raw.length; i += 2) if (sameName(raw[i] as string, name)) return raw[i + 1] as string
  return ''
}

/** The first address of a list, without its port: `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`; empty when it is none. */
function addressIn(list: string): string {
  const comma = list.indexOf(',')
  const first = (comma === -1 ? list : list.slice(0, comma)).trim()
  let address = first
  if (first.startsWith('[')) address = first.slice(1, first.indexOf(']'))
  else {
    const colon = first.indexOf(':')
    if (colon !== -1 && first.indexOf(':', colon + 1) === -1) address = first.slice(0, colon)
  }
  return isIP(address) === 0 ? '' : address
}
