import { isIP } from 'node:net'
import { sameName } from '../pipes/headers.ts'
import type { HttpRequest } from '../pipes/http.ts'
import type { AddressList } from '../shared/address-list.ts'

/** Whom to believe what a request says about its client. */
export interface ForwardingRules {
  /** Header fields that name the client, in the order in which they are tried. */
  readonly fields: readonly string[]
  /**
   * The proxies whose fields count. Null: everybody's do, so that any client can choose its address; of several fields of
   * one name the first counts then, as in the reference.
   */
  readonly trusted: AddressList | null
}

/**
 * The address of the client: that of the connection, unless it is a trusted proxy's. Then the fields are tried: each is
 * read from the right over the addresses of trusted proxies, to the first that is none of them, or else to the leftmost. A
 * field in which something else than an address is met names nobody. Specification: core 3.5.
 */
export function compileForwardedAddress({ fields, trusted }: ForwardingRules): (request: HttpRequest) => string {
  const names = fields.map((name) => name.toLowerCase())
  const lengths = new Set(names.map((name) => name.length))
  return (request) => {
    const { raw } = request.headers
    let any = false
    for (let i = 0; i < raw.length && !any; i += 2) any = lengths.has((raw[i] as string).length)
    if (!any || trusted?.has(request.remoteAddress) === false) return request.remoteAddress
    for (const name of names) {
      const list = trusted === null ? firstValue(raw, name) : allValues(raw, name)
      const address = clientIn(list, trusted)
      if (address !== '') return address
    }
    return request.remoteAddress
  }
}

/** The value of the first field of that name (in lower case); empty when there is none. */
export function firstValue(raw: readonly string[], name: string): string {
  for (let i = 0; i < raw.length; i += 2) if (sameName(raw[i] as string, name)) return raw[i + 1] as string
  return ''
}

/** A proxy may add a field of its own behind the one that the client sent (RFC 9110, section 5.3: they are one list). */
function allValues(raw: readonly string[], name: string): string {
  let list = ''
  for (let i = 0; i < raw.length; i += 2) {
    if (sameName(raw[i] as string, name)) list += list === '' ? raw[i + 1] : `,${raw[i + 1]}`
  }
  return list
}

function clientIn(list: string, trusted: AddressList | null): string {
  let end = list.length
  while (end > 0) {
    const comma = list.lastIndexOf(',', end - 1)
    const address = list.slice(comma + 1, end).trim()
    // A zone can be any text, and none has a meaning on another machine.
    if (isIP(address) === 0 || address.includes('%')) return ''
    if (comma === -1 || trusted?.has(address) === false) return address
    end = comma
  }
  return ''
}
