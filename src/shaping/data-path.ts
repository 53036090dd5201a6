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
