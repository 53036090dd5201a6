/**
 * A JSON Schema, made with `Type` or written by hand. Beside it stands, for the compiler alone, the type of the values
 * it describes.
 */
export type TSchema = object

/** A schema whose values have the type T. The property is never there: it carries the type. */
export interface Schema<T> {
  readonly '~static': T
}

/** A property that may be absent. */
export interface OptionalSchema<T> extends Schema<T> {
  readonly '~optional': true
}

/**
 * The type of the values that a schema describes.
 *
 * @example
 * const options = Type.Object({ limit: Type.Integer() })
 * function check({ limit }: Static<typeof options>): void {}
 */
export type Static<S extends TSchema> = S extends Schema<infer T> ? T : unknown

/** What every schema may say of itself; keywords of other checks are kept as they are. */
export interface SchemaOptions {
  readonly description?: string
  /** Stands where the value is absent. */
  readonly default?: unknown
  readonly [keyword: string]: unknown
}

/** Limits of a number. */
export interface NumberOptions extends SchemaOptions {
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
}

/** Limits of a text. */
export interface StringOptions extends SchemaOptions {
  readonly minLength?: number
  readonly maxLength?: number
  /** A regular expression that a part of the text matches; `^…$` for the whole. */
  readonly pattern?: string
}

/** Limits of a list. */
export interface ArrayOptions extends SchemaOptions {
  readonly minItems?: number
  readonly maxItems?: number
}

/** What becomes of other keys of an object. */
export interface ObjectOptions extends SchemaOptions {
  readonly additionalProperties?: boolean | TSchema
}

/** Limits of a duration, in milliseconds. */
export interface DurationOptions extends SchemaOptions {
  /** Least allowed value; 0 when absent, null allows negative ones. */
  readonly minimum?: number | null
  readonly maximum?: number
}

type Properties = Readonly<Record<string, TSchema>>
type OptionalKeys<P> = { [K in keyof P]: P[K] extends OptionalSchema<unknown> ? K : never }[keyof P]
type StaticOf<S> = S extends Schema<infer T> ? T : unknown
type StaticObject<P> = Flat<
  { [K in Exclude<keyof P, OptionalKeys<P>>]: StaticOf<P[K]> } & { [K in OptionalKeys<P>]?: StaticOf<P[K]> }
>
type Flat<T> = { [K in keyof T]: T[K] }

/** An object with known keys. */
export interface ObjectSchema<P> extends Schema<StaticObject<P>> {
  readonly type: 'object'
  readonly properties: P
}

/** How a duration may be written: a text such as `1m30s`, or a number of nanoseconds (specification: core 1.1). */
const DURATION_FORMS = [
  { type: 'string', pattern: '^[-+]?(0|([0-9]*\\.?[0-9]*(ns|us|µs|μs|ms|s|m|h))+)$' },
  { type: 'number' },
]

const ANY_KEY = '^.*$'

/**
 * The builders that options are declared with: each makes a plain JSON Schema. The validation knows, beside the types,
 * the keywords `default`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`,
 * `pattern`, `minItems`, `maxItems` and `additionalProperties`.
 *
 * @example
 * const options = Type.Object({ header: Type.String(), limit: Type.Optional(Type.Integer({ minimum: 1 })) })
 * type Options = Static<typeof options> // { header: string; limit?: number }
 */
export const Type = {
  // Our own, because every start, and every thread, pays for loading them.

  Array: <const S extends TSchema>(items: S, options: ArrayOptions = {}) =>
    schema<Static<S>[]>({ type: 'array', items, ...options }),

  Boolean: (options: SchemaOptions = {}) => schema<boolean>({ type: 'boolean', ...options }),

  /**
   * A duration; what the validation gives for it is milliseconds, and a `default` is milliseconds too.
   *
   * @example
   * options: Type.Object({ ttl: Type.Duration({ description: 'How long an entry lives', default: 60_000 }) })
   */
  Duration: ({ minimum = 0, maximum, ...rest }: DurationOptions = {}) =>
    schema<number>({
      anyOf: DURATION_FORMS,
      duration: maximum === undefined ? { minimum } : { minimum, maximum },
      ...rest,
    }),

  /** One of several words or numbers: `Type.Enum(['ip', 'header'])`. */
  Enum: <const V extends readonly (string | number)[]>(values: V, options: SchemaOptions = {}) =>
    schema<V[number]>({ enum: values, ...options }),

  Integer: (options: NumberOptions = {}) => schema<number>({ type: 'integer', ...options }),

  Literal: <const V extends string | number | boolean>(value: V, options: SchemaOptions = {}) =>
    schema<V>({ type: typeof value, const: value, ...options }),

  Number: (options: NumberOptions = {}) => schema<number>({ type: 'number', ...options }),

  /** An object; every property that is not `Optional` must be there, unless it has a `default`. */
  Object: <const P extends Properties>(properties: P, options: ObjectOptions = {}): ObjectSchema<P> => {
    const required = Object.keys(properties).filter((key) => !isOptional(properties[key]))
    const own = required.length === 0 ? { type: 'object' } : { type: 'object', required }
    return { ...own, properties, ...options } as unknown as ObjectSchema<P>
  },

  /** A property that may be absent. */
  Optional: <const S extends TSchema>(of: S): S & OptionalSchema<Static<S>> =>
    // Not enumerable: it is a property of the place, and no keyword of JSON Schema.
    Object.defineProperty({ ...of }, '~optional', { value: true }) as S & OptionalSchema<Static<S>>,

  /** An object with any keys, whose values are all of one kind: `Type.Record(Type.String(), Type.Integer())`. */
  Record: <const S extends TSchema>(
    keys: Schema<string> & { readonly pattern?: string },
    values: S,
    options: SchemaOptions = {},
  ) =>
    schema<Record<string, Static<S>>>({
      type: 'object',
      patternProperties: { [keys.pattern ?? ANY_KEY]: values },
      ...options,
    }),

  String: (options: StringOptions = {}) => schema<string>({ type: 'string', ...options }),

  Union: <const S extends readonly TSchema[]>(anyOf: S, options: SchemaOptions = {}) =>
    schema<Static<S[number]>>({ anyOf, ...options }),

  Unknown: (options: SchemaOptions = {}) => schema<unknown>({ ...options }),
} as const

function schema<T>(keywords: Record<string, unknown>): Schema<T> {
  return keywords as unknown as Schema<T>
}

function isOptional(property: TSchema | undefined): boolean {
  return property !== undefined && '~optional' in property
}
