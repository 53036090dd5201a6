import type { ErrorCode } from '../errors.ts'
import { parseDuration } from './duration.ts'
import { nearest } from './nearest.ts'
import { isCommentKey, type Path } from './path.ts'
import { isPlainObject, setOwn } from './plain-object.ts'
import { acceptsNull, type Keywords, nameOf, SCALAR_NAMES } from './schema-keywords.ts'
import type { Static, TSchema } from './type.ts'
import { convertScalar, describe, type ScalarType } from './weak-types.ts'

/** Something in a value that its schema does not allow. */
export interface Problem {
  readonly code: ErrorCode
  /** `warning` for keys that nobody reads; everything else is an error. */
  readonly severity: 'error' | 'warning'
  readonly path: Path
  readonly message: string
  readonly remedy?: string
}

/** What became of a value. */
export interface Validation<T> {
  /** The converted value; only when no problem is an error does it have the type of the schema. */
  readonly value: T
  readonly problems: readonly Problem[]
}

export interface ValidateOptions {
  /** Which unknown keys are told: all, or only those that resemble a known one. */
  readonly unknownKeys?: 'all' | 'similar'
}

/**
 * Checks a value against a schema made with `Type` and converts it on the way as the reference does (specification:
 * core 1.1, operations 2.2): a lone value stands for a list of one, `"3"` for 3, `"true"`, 1 and 0 for booleans,
 * numbers for strings, numbers of nanoseconds for durations, which come out as milliseconds. Null counts as absent.
 * `default`s are filled in. The value given is not changed.
 * @param path where the value stands, for the problems' paths
 */
export function validate<S extends TSchema>(
  schema: S,
  value: unknown,
  path: Path = [],
  options: ValidateOptions = {},
): Validation<Static<S>> {
  const walker = new Walker([...path], options.unknownKeys ?? 'all')
  const converted = walker.walk(schema as Keywords, value)
  return { value: (converted === INVALID ? undefined : converted) as Static<S>, problems: walker.problems }
}

/** Stands for a value that has been complained about. */
const INVALID = Symbol('invalid')

const ANY_KEY = '^.*$'
const patterns = new Map<string, RegExp>()

function compiled(pattern: string): RegExp {
  let expression = patterns.get(pattern)
  if (expression === undefined) {
    expression = new RegExp(pattern, 'u')
    patterns.set(pattern, expression)
  }
  return expression
}

class Walker {
  readonly problems: Problem[] = []
  /** How many values were not of the schema's type as they stood. */
  conversions = 0
  readonly #path: (string | number)[]
  readonly #unknownKeys: 'all' | 'similar'

  constructor(path: (string | number)[], unknownKeys: 'all' | 'similar') {
    this.#path = path
    this.#unknownKeys = unknownKeys
  }

  walk(schema: Keywords, value: unknown): unknown {
    if (schema.duration !== undefined) return this.#duration(schema.duration, value)
    if (schema.anyOf !== undefined) return this.#union(schema.anyOf, value)
    if (schema.const !== undefined) return this.#oneOf([schema.const], value)
    if (schema.enum !== undefined) return this.#oneOf(schema.enum, value)
    switch (schema.type) {
      case 'object':
        return schema.patternProperties === undefined ? this.#object(schema, value) : this.#record(schema, value)
      case 'array':
        return this.#array(schema, value)
      case 'string':
        return this.#string(schema, value)
      case 'integer':
      case 'number':
        return this.#number(schema, schema.type, value)
      case 'boolean':
        return this.#scalar('boolean', value)
      case 'null':
        return value === null ? null : this.#wrongType('null', value)
      case undefined:
        return value
      default:
        throw new TypeError(`a schema has the type "${schema.type}", which options cannot have`)
    }
  }

  #object(schema: Keywords, value: unknown): unknown {
    if (!isPlainObject(value)) return this.#wrongType('an object', value)
    const properties = schema.properties ?? {}
    const result: Record<string, unknown> = {}
    for (const key of Object.keys(properties)) {
      const property = properties[key] as Keywords
      const given = Object.hasOwn(value, key) ? value[key] : undefined
      if (given === undefined || (given === null && !acceptsNull(property))) {
        if (property.default !== undefined) setOwn(result, key, structuredClone(property.default))
        else if (schema.required?.includes(key) === true) this.#missing(key)
        continue
      }
      const converted = this.#at(key, property, given)
      if (converted !== INVALID) setOwn(result, key, converted)
    }
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(properties, key) || isCommentKey(key)) continue
      const others = schema.additionalProperties ?? false
      if (others === false) this.#unknown(schema, key)
      else {
        const converted = others === true ? value[key] : this.#at(key, others, value[key])
        if (converted !== INVALID) setOwn(result, key, converted)
      }
    }
    return result
  }

  #record(schema: Keywords, value: unknown): unknown {
    // An empty list is what some generators write for an empty object.
    if (Array.isArray(value) && value.length === 0) return this.#converted({})
    if (!isPlainObject(value)) return this.#wrongType('an object', value)
    const rules = Object.entries(schema.patternProperties ?? {})
    const result: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      const rule = rules.find(([pattern]) => pattern === ANY_KEY || compiled(pattern).test(key))
      if (rule === undefined) {
        if (!isCommentKey(key)) this.#unknown(schema, key)
        continue
      }
      const converted = this.#at(key, rule[1], value[key])
      if (converted !== INVALID) setOwn(result, key, converted)
    }
    return result
  }

  #array(schema: Keywords, value: unknown): unknown {
    if (value === null) return this.#wrongType('a list', value)
    const list: readonly unknown[] = Array.isArray(value) ? value : this.#converted([value])
    const length = list.length
    if (length < (schema.minItems ?? 0)) return this.#invalid(`the list needs at least ${schema.minItems} items`)
    if (length > (schema.maxItems ?? length)) return this.#invalid(`the list may have at most ${schema.maxItems} items`)
    const items = schema.items ?? {}
    // What is wrong leaves a hole, so that the others keep their places.
    return list.map((item, index) => {
      const converted = this.#at(index, items, item)
      return converted === INVALID ? undefined : converted
    })
  }

  #string(schema: Keywords, value: unknown): unknown {
    const text = this.#scalar('string', value)
    if (typeof text !== 'string') return INVALID
    if (text.length < (schema.minLength ?? 0)) {
      return this.#invalid(text === '' ? 'it must not be empty' : `it needs at least ${schema.minLength} characters`)
    }
    if (text.length > (schema.maxLength ?? text.length)) {
      return this.#invalid(`it may have at most ${schema.maxLength} characters`)
    }
    if (schema.pattern !== undefined && !compiled(schema.pattern).test(text)) {
      return this.#invalid(`${describe(text)} does not match ${schema.pattern}`)
    }
    return text
  }

  #number(schema: Keywords, type: 'integer' | 'number', value: unknown): unknown {
    const number = this.#scalar(type, value)
    if (typeof number !== 'number') return INVALID
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema
    if (minimum !== undefined && number < minimum) return this.#invalid(`${number} is less than ${minimum}`)
    if (maximum !== undefined && number > maximum) return this.#invalid(`${number} is more than ${maximum}`)
    if (exclusiveMinimum !== undefined && number <= exclusiveMinimum) {
      return this.#invalid(`${number} is not more than ${exclusiveMinimum}`)
    }
    if (exclusiveMaximum !== undefined && number >= exclusiveMaximum) {
      return this.#invalid(`${number} is not less than ${exclusiveMaximum}`)
    }
    return number
  }

  #duration(limits: NonNullable<Keywords['duration']>, value: unknown): unknown {
    let ms: number
    if (typeof value === 'number' && Number.isFinite(value)) {
      this.conversions++
      ms = value / 1e6
    } else if (typeof value === 'string') {
      const parsed = parseDuration(value)
      if ('error' in parsed) {
        return this.#fail('CONFIG_INVALID_DURATION', `invalid duration ${describe(value)}: ${parsed.error}`)
      }
      ms = parsed.ms
    } else return this.#wrongType('a duration', value)
    const { minimum, maximum } = limits
    if (minimum !== null && minimum !== undefined && ms < minimum) {
      const bound = minimum === 0 ? 'it must not be negative' : `it must be at least ${minimum}ms`
      return this.#fail('CONFIG_INVALID_DURATION', `invalid duration ${describe(value)}: ${bound}`)
    }
    if (maximum !== undefined && ms > maximum) {
      return this.#fail(
        'CONFIG_INVALID_DURATION',
        `invalid duration ${describe(value)}: it may be at most ${maximum}ms`,
      )
    }
    return ms
  }

  #oneOf(allowed: readonly unknown[], value: unknown): unknown {
    if (allowed.includes(value)) return value
    for (const candidate of allowed) {
      const type = typeof candidate
      if (type !== 'string' && type !== 'number' && type !== 'boolean') continue
      const converted = convertScalar(type, value)
      if (converted === candidate) return this.#converted(candidate)
    }
    const words = allowed.map((candidate) => JSON.stringify(candidate)).join(', ')
    if (typeof value === 'object') return this.#wrongType(allowed.length === 1 ? words : `one of ${words}`, value)
    const meant = nearest(describe(value).replaceAll('"', ''), allowed.map(String), 1 / 3)
    const hint = meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`
    const which =
      allowed.length === 1 ? `${describe(value)} is not ${words}` : `${describe(value)} is not one of ${words}`
    return this.#invalid(which + hint)
  }

  /** The first branch that fits the value as it stands, else the first that fits it after conversions. */
  #union(branches: readonly Keywords[], value: unknown): unknown {
    let fitting: { walker: Walker; result: unknown } | undefined
    let closest: Walker | undefined
    for (const branch of branches) {
      const walker = new Walker(this.#path, this.#unknownKeys)
      const result = walker.walk(branch, value)
      const failed = walker.problems.some((problem) => problem.severity === 'error')
      if (!failed) {
        if (walker.problems.length === 0 && walker.conversions === 0) return result
        if (fitting === undefined || walker.#cost() < fitting.walker.#cost()) fitting = { walker, result }
      } else if (walker.problems.some((problem) => problem.path.length > this.#path.length)) {
        // It is a value of this kind; what is wrong is inside.
        if (closest === undefined || walker.problems.length < closest.problems.length) closest = walker
      }
    }
    if (fitting !== undefined) {
      this.problems.push(...fitting.walker.problems)
      this.conversions += fitting.walker.conversions
      return fitting.result
    }
    if (closest !== undefined) this.problems.push(...closest.problems)
    else return this.#wrongType(branches.map(nameOf).join(' or '), value)
    return INVALID
  }

  #cost(): number {
    return this.problems.length * 1000 + this.conversions
  }

  #scalar(type: ScalarType, value: unknown): unknown {
    const converted = convertScalar(type, value)
    if (converted === undefined) return this.#wrongType(SCALAR_NAMES[type], value)
    if (converted !== value) this.conversions++
    return converted
  }

  #at(key: string | number, schema: Keywords, value: unknown): unknown {
    this.#path.push(key)
    const converted = this.walk(schema, value)
    this.#path.pop()
    return converted
  }

  #converted<T>(value: T): T {
    this.conversions++
    return value
  }

  #missing(key: string): void {
    const remedy = `Add the key ${JSON.stringify(key)}.`
    this.#fail('CONFIG_MISSING_KEY', `the required key ${JSON.stringify(key)} is missing`, remedy)
  }

  #unknown(schema: Keywords, key: string): void {
    const renamed =
      schema.renamedKeys !== undefined && Object.hasOwn(schema.renamedKeys, key) ? schema.renamedKeys[key] : undefined
    const path = [...this.#path, key]
    if (renamed !== undefined) {
      const message = `${JSON.stringify(key)} is the name of an older version and is ignored`
      const remedy = `Write ${JSON.stringify(renamed)} in its place.`
      this.problems.push({ code: 'CONFIG_RENAMED_KEY', severity: 'warning', path, message, remedy })
      return
    }
    const tolerance = this.#unknownKeys === 'all' ? 0.4 : 0.25
    const meant = nearest(key, Object.keys(schema.properties ?? {}), tolerance)
    if (meant === undefined && this.#unknownKeys === 'similar') return
    const message = `the key ${JSON.stringify(key)} is not known here and is ignored`
    const problem: Problem = { code: 'CONFIG_UNKNOWN_KEY', severity: 'warning', path, message }
    this.problems.push(meant === undefined ? problem : { ...problem, remedy: `Did you mean ${JSON.stringify(meant)}?` })
  }

  #wrongType(expected: string, value: unknown): typeof INVALID {
    return this.#fail('CONFIG_WRONG_TYPE', `expected ${expected}, got ${describe(value)}`, `Write ${expected}.`)
  }

  #invalid(message: string): typeof INVALID {
    return this.#fail('CONFIG_INVALID_VALUE', message)
  }

  #fail(code: ErrorCode, message: string, remedy?: string): typeof INVALID {
    const problem: Problem = { code, severity: 'error', path: [...this.#path], message }
    this.problems.push(remedy === undefined ? problem : { ...problem, remedy })
    return INVALID
  }
}
