import { isPlainObject } from '../config/plain-object.ts'

/** A signed token taken apart (RFC 7515); nothing of it is verified. */
export interface Token {
  /** The protected header. */
  readonly header: Readonly<Record<string, unknown>>
  /** What the signature covers: header and payload as they were sent. */
  readonly signed: Buffer
  readonly signature: Buffer
  readonly payload: Buffer
}

/** Longer ones are refused unread: taking them apart and hashing them costs time that anybody could make the gateway spend. */
export const MAX_TOKEN_LENGTH = 64 * 1024

const BASE64URL = /^[\w-]*$/

/** Reads the compact form or the flattened JSON form (RFC 7515, sections 3.1 and 7.2.2); null when it is neither. */
export function parseToken(text: string): Token | null {
  if (text.length > MAX_TOKEN_LENGTH) return null
  return text.startsWith('{') ? parseFlattened(text) : parseCompact(text)
}

function parseCompact(text: string): Token | null {
  const first = text.indexOf('.')
  const second = text.indexOf('.', first + 1)
  if (first < 1 || second === -1) return null
  return assemble(text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1))
}

function parseFlattened(text: string): Token | null {
  const parts = parseObject(text)
  if (parts === null) return null
  const { protected: header, payload, signature } = parts
  if (typeof header !== 'string' || typeof payload !== 'string' || typeof signature !== 'string') return null
  return assemble(header, payload, signature)
}

function assemble(header: string, payload: string, signature: string): Token | null {
  if (!isBase64url(header) || !isBase64url(payload) || !isBase64url(signature)) return null
  const parsed = parseObject(Buffer.from(header, 'base64url').toString('utf8'))
  if (parsed === null) return null
  // Extensions that must be understood (RFC 7515, section 4.1.11): none is.
  if (Object.hasOwn(parsed, 'crit')) return null
  return {
    header: parsed,
    signed: Buffer.from(`${header}.${payload}`, 'latin1'),
    signature: Buffer.from(signature, 'base64url'),
    payload: Buffer.from(payload, 'base64url'),
  }
}

function isBase64url(text: string): boolean {
  return BASE64URL.test(text) && text.length % 4 !== 1
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isPlainObject(value) ? value : null
  } catch {
    return null
  }
}
