import { inspect } from 'node:util'
import { checkFieldName, fieldValue } from './header-field.ts'

/**
 * An ordered list of header fields with the look-up rules of HTTP (RFC 9110, section 5): names are compared without
 * case, a name may occur several times. The storage is the flat `[name, value, name, value, …]` array that Node reads
 * and writes, so headers that nobody touches cross the gateway without being copied.
 *
 * @example
 * request.headers.set('X-Tenant', 'acme')
 * const cookies = response.headers.getSetCookie()
 * for (const [name, value] of request.headers) log.debug(`${name}: ${value}`)
 */
export class HeaderList implements Iterable<[string, string]> {
  /** The fields as `[name, value, name, value, …]`, in their order and spelling. */
  readonly raw: string[]

  /** @internal */
  constructor(raw: string[] = []) {
    this.raw = raw
  }

  /**
   * Makes a list from a plain object (a list of values repeats the name), from pairs, or from another list.
   * @throws TypeError for a name or a value that cannot be sent
   */
  static from(source: HeadersSource | undefined): HeaderList {
    if (source === undefined || source === null) return new HeaderList()
    if (typeof source !== 'object') throw noSource(source)
    if (source instanceof HeaderList) return source.copy()
    const list = new HeaderList()
    if (Symbol.iterator in source) {
      for (const [name, value] of source) list.append(name, value)
      return list
    }
    for (const [name, value] of Object.entries(source)) {
      if (value === undefined) continue
      if (Array.isArray(value)) for (const item of value as readonly string[]) list.append(name, item)
      else list.append(name, value as string | number)
    }
    return list
  }

  /** The value of `name`, several ones joined by `, `; null when there is none. */
  get(name: string): string | null {
    const { raw } = this
    const wanted = name.toLowerCase()
    let found: string | null = null
    for (let i = 0; i < raw.length; i += 2) {
      if (!sameName(raw[i] as string, wanted)) continue
      found = found === null ? (raw[i + 1] as string) : `${found}, ${raw[i + 1]}`
    }
    return found
  }

  /** All values of `name`, one entry for each field. */
  getAll(name: string): string[] {
    const { raw } = this
    const wanted = name.toLowerCase()
    const values: string[] = []
    for (let i = 0; i < raw.length; i += 2) if (sameName(raw[i] as string, wanted)) values.push(raw[i + 1] as string)
    return values
  }

  /** The values of `Set-Cookie`, which cannot be joined (RFC 6265, section 3). */
  getSetCookie(): string[] {
    return this.getAll('set-cookie')
  }

  has(name: string): boolean {
    const { raw } = this
    const wanted = name.toLowerCase()
    for (let i = 0; i < raw.length; i += 2) if (sameName(raw[i] as string, wanted)) return true
    return false
  }

  /**
   * Replaces all fields of that name by one; it stays where the first one was.
   * @param value numbers are written out
   * @throws TypeError for a name or a value that cannot be sent: line breaks, characters beyond U+00FF, nothing
   */
  set(name: string, value: string | number): void {
    checkFieldName(name)
    const text = fieldValue(name, value)
    const { raw } = this
    const wanted = name.toLowerCase()
    let first = 0
    while (first < raw.length && !sameName(raw[first] as string, wanted)) first += 2
    if (first >= raw.length) raw.push(name, text)
    else {
      raw[first + 1] = text
      this.#removeFrom(first + 2, wanted)
    }
  }

  /**
   * Adds a field behind the others, whether there is one of that name or not.
   * @throws TypeError as `set` does
   */
  append(name: string, value: string | number): void {
    checkFieldName(name)
    this.raw.push(name, fieldValue(name, value))
  }

  delete(name: string): void {
    this.#removeFrom(0, name.toLowerCase())
  }

  #removeFrom(start: number, wanted: string): void {
    const { raw } = this
    let kept = start
    for (let i = start; i < raw.length; i += 2) {
      if (sameName(raw[i] as string, wanted)) continue
      if (kept !== i) {
        raw[kept] = raw[i] as string
        raw[kept + 1] = raw[i + 1] as string
      }
      kept += 2
    }
    if (kept < raw.length) raw.length = kept
  }

  copy(): HeaderList {
    return new HeaderList(this.raw.slice())
  }

  *[Symbol.iterator](): IterableIterator<[string, string]> {
    for (let i = 0; i < this.raw.length; i += 2) yield [this.raw[i] as string, this.raw[i + 1] as string]
  }

  entries(): IterableIterator<[string, string]> {
    return this[Symbol.iterator]()
  }

  forEach(callback: (value: string, name: string) => void): void {
    for (const [name, value] of this) callback(value, name)
  }

  /** An object from lower-case name to value, as `get` gives them; `set-cookie` stays a list. */
  toJSON(): Record<string, string | string[]> {
    const result: Record<string, string | string[]> = {}
    for (const [name] of this) {
      const key = name.toLowerCase()
      if (key !== '__proto__') result[key] = key === 'set-cookie' ? this.getSetCookie() : (this.get(key) ?? '')
    }
    return result
  }
}

/**
 * What headers can be made of: a plain object, pairs, the Fetch standard's `Headers`, or a list.
 *
 * @example
 * { 'X-One': 'a', 'X-Count': 3, 'Set-Cookie': ['a=1', 'b=2'] }
 */
export type HeadersSource =
  | HeaderList
  | Iterable<readonly [string, string]>
  | { readonly [name: string]: string | number | readonly string[] | undefined }

function noSource(source: never): TypeError {
  return new TypeError(`headers are written { name: 'value' }, or as a list of such pairs, not ${inspect(source)}`)
}

/** Compares a name as it stands in a message with one in lower case. */
export function sameName(name: string, lowerCase: string): boolean {
  return name.length === lowerCase.length && (name === lowerCase || name.toLowerCase() === lowerCase)
}

/** `x-custom-a` → `X-Custom-A`, the form in which the reference sends names. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase())
}
