import { checkFieldName, fieldValue } from '../pipes/header-field.ts'
import { canonicalName, type HeaderList } from '../pipes/headers.ts'
import type { DataValue } from '../pipes/proxy.ts'
import { type Claims, claimText, nestedClaimOf } from './claims.ts'
import { setOwnField } from './own-field.ts'

/** A claim that becomes a header field of the request. */
interface Pair {
  readonly claim: string
  readonly header: string
}

/** A field with the values of one token. */
export interface ClaimHeader {
  readonly name: string
  readonly values: readonly string[]
}

/** Writes claims as header fields; null when one of them holds what no field can. */
export type WriteClaims = (claims: Claims) => readonly ClaimHeader[] | null

/**
 * Compiles `propagate_claims`. A claim that is missing gives an empty field, so that what a client sent under that name
 * never stays.
 * @param pairs of claim and header
 * @param keepsLists a list becomes several fields
 * @throws TypeError for a name that no field can have
 */
export function compileClaimHeaders(pairs: readonly (readonly string[])[], keepsLists: boolean): WriteClaims {
  const compiled = pairs.map(([claim = '', header = '']): Pair => {
    checkFieldName(header)
    return { claim, header: canonicalName(header) }
  })
  return (claims) => {
    try {
      return compiled.map(({ claim, header }) => ({
        name: header,
        values: textsOf(nestedClaimOf(claims, claim), keepsLists).map((text) => fieldValue(header, toFieldText(text))),
      }))
    } catch {
      return null // line breaks and other control characters
    }
  }
}

/** Replaces what the client sent. */
export function setClaimHeaders(headers: HeaderList, fields: readonly ClaimHeader[]): void {
  for (const { name, values } of fields) setOwnField(headers, name, values)
}

function textsOf(value: DataValue | undefined, keepsLists: boolean): readonly string[] {
  return keepsLists && Array.isArray(value) && value.length > 0 ? value.map(claimText) : [claimText(value)]
}

const ASCII = /^[\0-\x7f]*$/

/** The bytes of UTF-8, one character each, as header fields cross the gateway. */
function toFieldText(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}
