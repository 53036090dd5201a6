import { formatPath } from '../../config/path.ts'
import { isPlainObject, setOwn } from '../../config/plain-object.ts'
import { ExactNumber } from '../../pipes/exact-number.ts'

/** Classes whose instances a copy keeps, beside plain objects and lists. */
const KEPT: ReadonlySet<unknown> = new Set(
  [
    ...[Date, RegExp, Map, Set, ArrayBuffer, DataView, Buffer, Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array],
    ...[Int8Array, Int16Array, Int32Array, BigInt64Array, BigUint64Array, Float32Array, Float64Array],
    ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError],
  ].map(({ prototype }: { readonly prototype: unknown }) => prototype),
)

/**
 * A value as the store takes it. Exact numbers, of which a copy would make plain objects, become `String` objects, which
 * no value can have otherwise; a list with one in front says that there are some.
 * @throws TypeError when there is an instance of another class, that a copy would lose
 */
export function toStored(key: string, value: unknown): unknown {
  const { exact, stranger } = inspectValue(value)
  if (stranger !== null) {
    const { what, path } = stranger
    const where = path === '' ? 'it is' : `${path} is`
    throw new TypeError(
      `the value of "${key}" cannot be kept: ${where} ${what}, and a copy would be none; keep plain data`,
    )
  }
  return exact ? [boxed(''), replaceParts(value, toText)] : value
}

/** Takes back `toStored`. */
export function fromStored(stored: unknown): unknown {
  const marked = Array.isArray(stored) && stored[0] instanceof String
  return marked ? replaceParts(stored[1], toNumber) : stored
}

const boxed = (text: string): object => Object(text)
const toText = (part: object): object => (part instanceof ExactNumber ? boxed(part.text) : part)
const toNumber = (part: object): object => (part instanceof String ? new ExactNumber(String(part)) : part)

interface Inspected {
  /** Whether there are exact numbers. */
  exact: boolean
  /** The first instance of a class that a copy would lose. */
  stranger: { readonly path: string; readonly what: string } | null
}

function inspectValue(value: unknown): Inspected {
  const found: Inspected = { exact: false, stranger: null }
  const seen = new Set<object>()
  const path: (string | number)[] = []
  const visitPart = (step: string | number, part: unknown): void => {
    if (typeof part !== 'object' || part === null) return
    path.push(step)
    visit(part)
    path.pop()
  }
  const visit = (part: object): void => {
    if (found.stranger !== null || seen.has(part)) return
    seen.add(part)
    if (part instanceof ExactNumber) found.exact = true
    else if (isList(part)) for (let i = 0; i < part.length; i++) visitPart(i, part[i])
    else if (isPlainObject(part)) for (const name of Object.keys(part)) visitPart(name, part[name])
    else if (!KEPT.has(Object.getPrototypeOf(part))) {
      found.stranger = { path: formatPath(path), what: `an instance of ${part.constructor.name}` }
    } else if (part instanceof Map) {
      for (const [name, inner] of part) {
        visitPart(String(name), name)
        visitPart(String(name), inner)
      }
    } else if (part instanceof Set) for (const inner of part) visitPart(String(inner), inner)
  }
  if (typeof value === 'object' && value !== null) visit(value)
  return found
}

/** A copy in which other objects stand for some. What stood in several places does so again. */
function replaceParts(value: unknown, replace: (part: object) => object): unknown {
  const copies = new Map<object, object>()
  const copied = (part: unknown): unknown => {
    if (typeof part !== 'object' || part === null) return part
    const known = copies.get(part)
    if (known !== undefined) return known
    const copy = emptyLike(part) ?? replace(part)
    copies.set(part, copy)
    fill(copy, part)
    return copy
  }
  const fill = (copy: object, part: object): void => {
    if (Array.isArray(copy) && isList(part)) for (const inner of part) copy.push(copied(inner))
    else if (copy instanceof Map && part instanceof Map) for (const [k, v] of part) copy.set(copied(k), copied(v))
    else if (copy instanceof Set && part instanceof Set) for (const inner of part) copy.add(copied(inner))
    else if (isPlainObject(copy) && isPlainObject(part))
      for (const name of Object.keys(part)) setOwn(copy, name, copied(part[name]))
  }
  return copied(value)
}

function emptyLike(part: object): object | null {
  if (isList(part)) return []
  if (part instanceof Map) return new Map()
  if (part instanceof Set) return new Set()
  return isPlainObject(part) ? {} : null
}

function isList(part: object): part is readonly unknown[] {
  return Object.getPrototypeOf(part) === Array.prototype
}
