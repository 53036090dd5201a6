import { isIP } from 'node:net'

const NAME = /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?$/i
/** Resolvers take such names for addresses. */
const DIGITS = /^(?:\*\.)?[\d.]+$/
const BITS = { 4: 32, 6: 128 } as const

/** Whether a text is a name, `*.name`, an address or a network, each with or without a port (`[::1]:443`). */
export function isHostPattern(text: string): boolean {
  const [, bracketed, bracketedPort] = /^\[([^\]]*)\](?::(.*))?$/.exec(text) ?? []
  if (bracketed !== undefined) return isHost(bracketed) && isPort(bracketedPort)
  const [host = '', port, ...others] = text.split(':')
  return others.length > 0 ? isHost(text) : isHost(host) && isPort(port)
}

function isHost(text: string): boolean {
  const [address = '', bits, ...others] = text.split('/')
  const family = isIP(address)
  if (family !== 4 && family !== 6) return NAME.test(text) && !DIGITS.test(text)
  if (others.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= BITS[family])
}

function isPort(text: string | undefined): boolean {
  return text === undefined || (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535)
}
