import type { ScalarType } from './weak-types.ts'

/** The keywords of JSON Schema that are understood, and `duration` of ours. */
export interface Keywords {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly (string | number)[]
  readonly anyOf?: readonly Keywords[]
  readonly properties?: Readonly<Record<string, Keywords>>
  readonly required?: readonly string[]
  readonly patternProperties?: Readonly<Record<string, Keywords>>
  readonly additionalProperties?: boolean | Keywords
  readonly items?: Keywords
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  readonly duration?: { readonly minimum?: number | null; readonly maximum?: number }
  readonly renamedKeys?: Readonly<Record<string, string>>
}

/** How messages name the scalars. */
export const SCALAR_NAMES: Readonly<Record<ScalarType, string>> = {
  string: 'a string',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

/** Whether null is a value of the schema, so that it does not count as absent. */
export function acceptsNull(schema: Keywords): boolean {
  if (schema.duration !== undefined) return false
  if (schema.anyOf !== undefined) return schema.anyOf.some(acceptsNull)
  return (
    schema.type === 'null' || (schema.type === undefined && schema.const === undefined && schema.enum === undefined)
  )
}

/** Names what a schema wants, for messages: `a list`, `a whole number or true or false`. */
export function nameOf(schema: Keywords): string {
  if (schema.duration !== undefined) return 'a duration'
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((word) => JSON.stringify(word)).join(' or ')
  if (schema.anyOf !== undefined) return schema.anyOf.map(nameOf).join(' or ')
  if (schema.type === 'object') return 'an object'
  if (schema.type === 'array') return 'a list'
  return schema.type !== undefined && schema.type in SCALAR_NAMES
    ? SCALAR_NAMES[schema.type as ScalarType]
    : 'any value'
}
