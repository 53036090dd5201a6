import type { IncomingMessage } from 'node:http'
import { sameName } from '../pipes/headers.ts'
import type { Refusal } from './refusal.ts'

/** More fields than this are refused. Node itself would leave out those beyond a limit, whatever they say. */
export const MAX_FIELDS = 500

/** For heads with more fields. */
export const TOO_MANY_FIELDS: Refusal = { status: 431, reason: `more than ${MAX_FIELDS} header fields` }
const OTHER_VERSION: Refusal = { status: 505, reason: 'HTTP/1.1 is spoken here' }
const NO_HOST: Refusal = { status: 400, reason: 'the field Host is missing' }
/** For a second field `Host`. */
export const SEVERAL_HOSTS: Refusal = { status: 400, reason: 'more than one field Host' }
const INVALID_HOST: Refusal = { status: 400, reason: 'the host is not a name or an address, with or without a port' }
const OTHER_CODING: Refusal = { status: 501, reason: 'chunked is the only transfer coding that is understood' }
const SEVERAL_CODINGS: Refusal = { status: 400, reason: 'more than one field Transfer-Encoding' }
const CODING_IN_1_0: Refusal = { status: 400, reason: 'HTTP/1.0 has no Transfer-Encoding' }
const TOO_LONG: Refusal = { status: 413, reason: 'the Content-Length is beyond all that can be sent' }
/** For CONNECT. */
export const NO_TUNNEL: Refusal = { status: 501, reason: 'there are no tunnels here: name a path' }
const INVALID_TARGET: Refusal = { status: 400, reason: 'the request target is neither a path nor a URL of http' }

/**
 * Looks at what the parser lets through and what is ambiguous, unsafe, or not to be understood all the same. Null when
 * the request may be taken. What the message's `Connection` fields name is taken off (RFC 9110, section 7.6.1), so that it
 * cannot take away what the gateway or a plugin adds later.
 */
export function refusalOf(message: IncomingMessage): Refusal | null {
  const { rawHeaders: raw, httpVersionMajor: major, httpVersionMinor: minor } = message
  if (raw.length > 2 * MAX_FIELDS) return TOO_MANY_FIELDS
  if (major !== 1 || minor > 1) return OTHER_VERSION
  let host: string | null = null
  let isCoded = false
  let nominates = false
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const value = raw[i + 1] as string
    switch (name.length) {
      case 4:
        if (!sameName(name, 'host')) break
        if (host !== null) return SEVERAL_HOSTS
        host = value
        break
      case 10:
        if (sameName(name, 'connection') && !isUsualConnection(value)) nominates = true
        break
      case 14:
        if (sameName(name, 'content-length') && Number(value) > Number.MAX_SAFE_INTEGER) return TOO_LONG
        break
      case 17:
        if (!sameName(name, 'transfer-encoding')) break
        if (isCoded) return SEVERAL_CODINGS
        if (!sameName(value, 'chunked')) return OTHER_CODING
        isCoded = true
    }
  }
  if (isCoded && minor === 0) return CODING_IN_1_0
  if (host === null && minor === 1) return NO_HOST
  const refusal = refusalOfLine(message.method as string, message.url as string, host ?? '')
  if (refusal === null && nominates) takeOffNominated(raw)
  return refusal
}

/** One that has been looked at: most requests are for the same. */
let lastHost = ''

/** Looks at what HTTP/1 and HTTP/2 both have: method, target, and the host, empty where there is none. */
export function refusalOfLine(method: string, target: string, host: string): Refusal | null {
  if (method === 'CONNECT') return NO_TUNNEL
  if (host !== lastHost) {
    if (!isValidHost(host)) return INVALID_HOST
    lastHost = host
  }
  return isValidTarget(target, method) ? null : INVALID_TARGET
}

function isUsualConnection(value: string): boolean {
  return sameName(value, 'keep-alive') || sameName(value, 'close')
}

/** Say how the message is framed or whom it is for, or are looked after where they are forwarded: they stay. */
const NEVER_NOMINATED: ReadonlySet<string> = new Set([
  'close',
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
])

function takeOffNominated(raw: string[]): void {
  const nominated = new Set<string>()
  for (let i = 0; i < raw.length; i += 2) {
    if (!sameName(raw[i] as string, 'connection')) continue
    for (const part of (raw[i + 1] as string).toLowerCase().split(',')) {
      const name = part.trim()
      if (!NEVER_NOMINATED.has(name)) nominated.add(name)
    }
  }
  let kept = 0
  for (let i = 0; i < raw.length; i += 2) {
    if (nominated.has((raw[i] as string).toLowerCase())) continue
    raw[kept] = raw[i] as string
    raw[kept + 1] = raw[i + 1] as string
    kept += 2
  }
  raw.length = kept
}

/** What a host may consist of, by codes: RFC 3986, section 3.2.2, and the colon before a port. */
const HOST_CHARACTERS = new Uint8Array(256)
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=%:[]") {
  HOST_CHARACTERS[character.charCodeAt(0)] = 1
}

const COLON = 58

/** Whether a value of `Host` or `:authority` is one (RFC 9112, section 3.2); empty for a client that has none to name. */
function isValidHost(host: string): boolean {
  let colon = -1
  for (let i = 0; i < host.length; i++) {
    const code = host.charCodeAt(i)
    if (HOST_CHARACTERS[code] !== 1) return false
    if (code === COLON && colon === -1) colon = i
  }
  if (host.charCodeAt(0) === 91 /* [ */) return BRACKETED.test(host)
  if (colon === -1) return !host.includes('[') && !host.includes(']')
  return PORT.test(host.slice(colon))
}

const PORT = /^:\d{0,5}$/
const BRACKETED = /^\[[0-9A-Za-z:.%~_-]+\](?::\d{0,5})?$/

const SLASH = 47
const ABSOLUTE = /^https?:\/\/[^/?#]/i

/** Origin form, absolute form, or the asterisk of OPTIONS (RFC 9112, section 3.2); a fragment is never sent. */
function isValidTarget(target: string, method: string): boolean {
  if (target.includes('#')) return false
  if (target.charCodeAt(0) === SLASH) return true
  return target === '*' ? method === 'OPTIONS' : ABSOLUTE.test(target)
}
