import { ExactNumber } from '../pipes/exact-number.ts'
import { type DataObject, type DataValue, isDataObject } from '../pipes/proxy.ts'
import { canonicalJson } from './canonical-json.ts'

/** The claims of a token; numbers that a double cannot hold keep their digits. */
export type Claims = Readonly<DataObject>

/** A claim at the top level, a dot being part of its name; undefined when there is none. */
export function claimOf(claims: Claims, name: string): DataValue | undefined {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

/** A claim whose name walks into objects at its dots, unless it is a URL, whose dots are its own. */
export function nestedClaimOf(claims: Claims, path: string): DataValue | undefined {
  if (path.startsWith('http') || !path.includes('.')) return claimOf(claims, path)
  let value: DataValue | undefined = claims
  for (const name of path.split('.')) {
    if (value === undefined || !isDataObject(value)) return undefined
    value = claimOf(value, name)
  }
  return value
}

/**
 * A claim as text for headers and URLs: integers in full, other numbers with six decimals, lists joined with commas,
 * objects as JSON with sorted names.
 */
export function claimText(value: DataValue | undefined): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value).toString() : value.toFixed(6)
  if (value instanceof ExactNumber) return exactText(value)
  if (Array.isArray(value)) return value.map(claimText).join(',')
  return canonicalJson(value)
}

/** The words of a claim with roles or scopes: a list of texts, or one text with blanks. Null for anything else. */
export function wordsOf(value: DataValue | undefined): readonly string[] | null {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '')
  if (!Array.isArray(value)) return null
  return value.every((word) => typeof word === 'string') ? value : null
}

/** Whether `aud`, a text or a list of texts, holds every one of `wanted` (RFC 7519, section 4.1.3). */
export function hasAudience(claims: Claims, wanted: readonly string[]): boolean {
  const aud = claimOf(claims, 'aud')
  const audiences = typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud : []
  return wanted.every((audience) => audiences.includes(audience))
}

/** When a token is valid, milliseconds since 1970. */
export interface Validity {
  /** From `nbf` and `iat`, whichever is later; -Infinity when there is neither. */
  readonly from: number
  /** `exp`; Infinity when there is none. */
  readonly until: number
}

/** Null when one of the three times is no number. */
export function validityOf(claims: Claims): Validity | null {
  const until = timeOf(claims, 'exp', Number.POSITIVE_INFINITY)
  const from = Math.max(
    timeOf(claims, 'nbf', Number.NEGATIVE_INFINITY),
    timeOf(claims, 'iat', Number.NEGATIVE_INFINITY),
  )
  return Number.isNaN(until) || Number.isNaN(from) ? null : { from, until }
}

function timeOf(claims: Claims, name: string, absent: number): number {
  const value = claimOf(claims, name)
  if (value === undefined || value === null) return absent
  if (typeof value !== 'number' && !(value instanceof ExactNumber)) return Number.NaN
  return Math.trunc(Number(value)) * 1000
}

function exactText({ text }: ExactNumber): string {
  return /^-?\d+$/.test(text) ? text : Number(text).toFixed(6)
}
