import type { Keywords } from '../config/schema-keywords.ts'
import type { TSchema } from '../config/type.ts'

/** An option of a plugin, as its schema declares it. */
export interface PluginOption {
  /** Where it stands in the plugin's block: `limits.max`; `*` for any key, `[]` for any item. */
  readonly key: string
  /** `string`, `integer`, `number`, `boolean`, `duration`, `array of …`, `object`, the allowed words, or `any`. */
  readonly type: string
  readonly required: boolean
  /** Null when there is none; a duration's in milliseconds. */
  readonly default: unknown
  /** Empty when the author gave none. */
  readonly description: string
}

type Described = Keywords & { readonly description?: string }

/** The options that a schema declares, in its order, those of inner objects after their object. */
export function listOptions(schema: TSchema): readonly PluginOption[] {
  return inner(schema as Described, '')
}

function inner(schema: Described, path: string): readonly PluginOption[] {
  const at = path === '' ? '' : `${path}.`
  const known = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    rows(property, `${at}${name}`, schema.required?.includes(name) === true && property.default === undefined),
  )
  const others = Object.values(schema.patternProperties ?? {}).flatMap((value) => inner(value, `${at}*`))
  const items = schema.items === undefined ? [] : inner(schema.items, `${path}[]`)
  return [...known, ...others, ...items]
}

function rows(schema: Described, key: string, required: boolean): readonly PluginOption[] {
  const { default: fallback = null, description = '' } = schema
  return [{ key, type: typeOf(schema), required, default: fallback, description }, ...inner(schema, key)]
}

function typeOf(schema: Described): string {
  if (schema.duration !== undefined) return 'duration'
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((word) => JSON.stringify(word)).join(' | ')
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' | ')
  if (schema.type === 'array') return schema.items === undefined ? 'array' : `array of ${typeOf(schema.items)}`
  return schema.type ?? 'any'
}
