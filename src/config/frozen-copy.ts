import { isPlainObject } from './plain-object.ts'

/**
 * A copy of data that nobody can change, however deep: writing to it throws at the line that writes. Objects that are no
 * plain data stand in it as they are.
 */
export function frozenCopy<T>(value: T): T {
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T
  if (!isPlainObject(value)) return value
  const entries = Object.entries(value).map(([key, part]) => [key, frozenCopy(part)] as const)
  return Object.freeze(Object.fromEntries(entries)) as T
}
