import { type DataObject, type DataValue, isDataObject } from '../pipes/proxy.ts'

/** The keys of a dotted path, from the root down. A key that holds a dot itself cannot be named by a path. */
export function splitPath(path: string): readonly string[] {
  return path.split('.')
}

/**
 * Follows keys through nested objects. Lists are not looked into.
 * @returns the value, or undefined when a key is missing on the way
 */
export function readPath(data: DataObject, keys: readonly string[]): DataValue | undefined {
  let value: DataValue = data
  for (const key of keys) {
    if (!isDataObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key] as DataValue
  }
  return value
}

/** Writes a field. A field called `__proto__` becomes data like any other and never a prototype. */
export function setField(object: DataObject, key: string, value: DataValue): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else object[key] = value
}

/**
 * A copy that lacks some fields. Copying is several times faster than deleting, which makes a dictionary of the object
 * and slows down its encoding too; and `for in` is faster than `Object.keys`.
 */
export function copyWithout(object: DataObject, omitted: ReadonlySet<string>): DataObject {
  const copy: DataObject = {}
  for (const key in object) {
    if (omitted.has(key)) continue
    const value = object[key] as DataValue
    if (key === '__proto__') setField(copy, key, value)
    else copy[key] = value
  }
  return copy
}
