import { type DataObject, type DataValue, isDataObject } from '../pipes/proxy.ts'

/**
 * Compact JSON whose names are sorted at every level, as the reference writes what it signs: the same data gives the same
 * token. Like there, what has a meaning in HTML is escaped.
 */
export function canonicalJson(value: DataValue): string {
  return write(value).replaceAll(ESCAPED, escapeCharacter)
}

const ESCAPED = /[<>&\u2028\u2029]/g

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

// By hand, for an object of JavaScript puts names that are numbers first, whatever order they are given in.
function write(value: DataValue): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  return isDataObject(value) ? writeObject(value) : JSON.stringify(value)
}

function writeObject(value: DataObject): string {
  const names = Object.keys(value).sort(byBytes)
  return `{${names.map((name) => `${JSON.stringify(name)}:${write(value[name] as DataValue)}`).join(',')}}`
}

/** The order of the bytes in UTF-8. */
function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
