import { isIP } from 'node:net'

const NAME = /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i
/** Resolvers take such names for addresses. */
const DIGITS = /^(?:\*\.)?[\d.]+$/
const BITS = { 4: 32, 6: 128 } as const

/** What a pattern stands for. */
export interface HostPattern {
  /** A name, `*.name`, an address or a network. */
  readonly host: string
  readonly isName: boolean
  /** Null: every port. */
  readonly port: number | null
}

/** Reads a name, `*.name`, an address or a network, each with or without a port (`[::1]:443`); null for what is none. */
export function parseHostPattern(text: string): HostPattern | null {
  const [, bracketed, bracketedPort] = /^\[([^\]]*)\](?::(.*))?$/.exec(text) ?? []
  if (bracketed !== undefined) return patternOf(bracketed, bracketedPort)
  const [host = '', port, ...others] = text.split(':')
  return others.length > 0 ? patternOf(text, undefined) : patternOf(host, port)
}

function patternOf(host: string, portText: string | undefined): HostPattern | null {
  const kind = kindOf(host)
  const port = portText === undefined ? null : portOf(portText)
  return kind === null || Number.isNaN(port) ? null : { host, isName: kind === 'name', port }
}

function kindOf(text: string): 'name' | 'network' | null {
  const [address = '', bits, ...others] = text.split('/')
  const family = isIP(address)
  if (family !== 4 && family !== 6) return NAME.test(text) && !DIGITS.test(text) ? 'name' : null
  if (others.length > 0) return null
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= BITS[family]) ? 'network' : null
}

/** NaN for what is no port. */
function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return port >= 1 && port <= 65_535 ? port : Number.NaN
}
