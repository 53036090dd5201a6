/** A flag of a command. */
export interface FlagSpec {
  /** `string` takes a value, `boolean` and `count` do not; a count may be repeated (`-ddd`). */
  readonly kind: 'string' | 'boolean' | 'count'
  /** One letter. */
  readonly short?: string
  /** What stands in the help for the value. */
  readonly value?: string
  readonly help: string
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>

/** The value of each flag: undefined, false or 0 when it was not given. */
export type FlagValues<S extends FlagSpecs> = {
  readonly [Name in keyof S]: S[Name]['kind'] extends 'string'
    ? string | undefined
    : S[Name]['kind'] extends 'count'
      ? number
      : boolean
}

export interface ParsedFlags<S extends FlagSpecs> {
  readonly flags: FlagValues<S>
  readonly rest: readonly string[]
}

/** The command line cannot be understood; the message has the reference's words. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

type Value = string | boolean | number | undefined

/**
 * Reads `--flag value`, `--flag=value` and short flags, also together (`-dc file`, `-ddd`, `-cfile`); `--` ends them.
 * (`parseArgs` of Node has neither counts nor the reference's messages.)
 * @throws UsageError
 */
export function parseFlags<const S extends FlagSpecs>(specs: S, args: readonly string[]): ParsedFlags<S> {
  const values = new Map<string, Value>(Object.entries(specs).map(([name, { kind }]) => [name, emptyValue(kind)]))
  const rest: string[] = []
  for (let index = 0; index < args.length; index++) {
    const arg = args[index] ?? ''
    if (arg === '--') {
      rest.push(...args.slice(index + 1))
      break
    }
    if (arg.length < 2 || !arg.startsWith('-')) rest.push(arg)
    else if (readFlag(specs, values, arg, args[index + 1])) index++
  }
  return { flags: Object.fromEntries(values) as FlagValues<S>, rest }
}

/** Stores one argument's flags; true when the next argument was the value. */
function readFlag(specs: FlagSpecs, values: Map<string, Value>, arg: string, next: string | undefined): boolean {
  return arg.startsWith('--') ? readLong(specs, values, arg, next) : readShorts(specs, values, arg, next)
}

function readLong(specs: FlagSpecs, values: Map<string, Value>, arg: string, next: string | undefined): boolean {
  const equals = arg.indexOf('=')
  const name = arg.slice(2, equals === -1 ? undefined : equals)
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
  if (spec === undefined) throw new UsageError(`unknown flag: --${name}`)
  if (equals !== -1) {
    values.set(name, convert(spec.kind, arg.slice(equals + 1), name))
    return false
  }
  if (spec.kind !== 'string') {
    values.set(name, increase(spec.kind, values.get(name)))
    return false
  }
  if (next === undefined) throw new UsageError(`flag needs an argument: --${name}`)
  values.set(name, next)
  return true
}

function readShorts(specs: FlagSpecs, values: Map<string, Value>, arg: string, next: string | undefined): boolean {
  for (let at = 1; at < arg.length; at++) {
    const letter = arg.charAt(at)
    const found = Object.entries(specs).find(([, { short }]) => short === letter)
    if (found === undefined) throw new UsageError(`unknown shorthand flag: '${letter}' in ${arg}`)
    const [name, { kind }] = found
    if (kind === 'string') {
      const attached = arg.slice(at + 1)
      if (attached === '' && next === undefined) throw new UsageError(`flag needs an argument: '${letter}' in ${arg}`)
      values.set(name, attached === '' ? next : attached.replace(/^=/, ''))
      return attached === ''
    }
    values.set(name, increase(kind, values.get(name)))
  }
  return false
}

function emptyValue(kind: FlagSpec['kind']): Value {
  return kind === 'string' ? undefined : kind === 'count' ? 0 : false
}

function increase(kind: 'boolean' | 'count', value: Value): Value {
  return kind === 'boolean' ? true : Number(value) + 1
}

function convert(kind: FlagSpec['kind'], text: string, name: string): Value {
  if (kind === 'string') return text
  if (kind === 'count' && /^\d{1,3}$/.test(text)) return Number(text)
  if (text === 'true' || text === 'false') return kind === 'count' ? Number(text === 'true') : text === 'true'
  throw new UsageError(
    `invalid argument "${text}" for "--${name}" flag: want ${kind === 'count' ? 'a number' : 'true or false'}`,
  )
}
