import {
  Any,
  Array as ArrayOf,
  Boolean as BooleanType,
  Enum,
  Integer,
  Literal,
  Number as NumberType,
  Object as ObjectOf,
  Optional,
  Record as RecordOf,
  type Static,
  String as StringType,
  type TSchema,
  type TSchemaOptions,
  type TUnsafe,
  Union,
  Unknown,
  Unsafe,
} from 'typebox'

export type { Static, TSchema }

/** Limits of a duration, in milliseconds. */
export interface DurationLimits {
  /** Least allowed value; 0 when absent, null allows negative ones. */
  readonly minimum?: number | null
  readonly maximum?: number
}

/** How a duration may be written: a text such as `1m30s`, or a number of nanoseconds (specification: core 1.1). */
const DURATION_FORMS = [
  { type: 'string', pattern: '^[-+]?(0|([0-9]*\\.?[0-9]*(ns|us|µs|μs|ms|s|m|h))+)$' },
  { type: 'number' },
]

/**
 * The schema of a duration. What the validation gives for it is milliseconds; a `default` is milliseconds too.
 *
 * @example
 * options: Type.Object({ ttl: Duration({ description: 'How long an entry lives', default: 60_000 }) })
 */
export function Duration(options: Omit<TSchemaOptions, 'minimum' | 'maximum'> & DurationLimits = {}): TUnsafe<number> {
  const { minimum = 0, maximum, ...rest } = options
  const duration: DurationLimits = maximum === undefined ? { minimum } : { minimum, maximum }
  return Unsafe<number>({ anyOf: DURATION_FORMS, duration, ...rest })
}

/**
 * The builders that options are declared with. The validation knows, beside the types, the keywords `default`,
 * `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`, `pattern`, `minItems`,
 * `maxItems` and `additionalProperties`.
 */
export const Type = {
  Any,
  Array: ArrayOf,
  Boolean: BooleanType,
  Duration,
  /** One of several words or numbers: `Type.Enum(['ip', 'header'])`. */
  Enum,
  Integer,
  Literal,
  Number: NumberType,
  Object: ObjectOf,
  Optional,
  Record: RecordOf,
  String: StringType,
  Union,
  Unknown,
} as const
