import { inspect } from 'node:util'

/** The characters that a field's name consists of (RFC 9110, section 5.6.2), by their codes. */
const NAME_CHARACTERS = new Uint8Array(128)
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  NAME_CHARACTERS[character.charCodeAt(0)] = 1
}

const HORIZONTAL_TAB = 9
const DELETE = 127

/**
 * Checks the name of a header field.
 * @throws TypeError unless it is a token of HTTP
 */
export function checkFieldName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || !isToken(name)) {
    throw new TypeError(`${show(name)} is no name of a header: letters, digits and hyphens are`)
  }
}

/**
 * The value of a header field as it is sent: text as it is, numbers and URLs written out.
 * @throws TypeError for what no field can hold (RFC 9110, section 5.5)
 */
export function fieldValue(name: string, value: unknown): string {
  const text = typeof value === 'string' ? value : written(name, value)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 32 && code <= 255 && code !== DELETE) continue
    if (code !== HORIZONTAL_TAB) throw notAllowed(name, text, code)
  }
  return text
}

/** Whether a text is a token of HTTP: the name of a field, or a method. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (NAME_CHARACTERS[text.charCodeAt(i)] !== 1) return false
  return text.length > 0
}

/** Nothing, lists and objects are most likely mistakes; `undefined` must never be sent as a word. */
function written(name: string, value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value instanceof URL) return value.href
  const remedy =
    value === undefined || value === null
      ? `take the header away with delete('${name}')`
      : Array.isArray(value)
        ? 'write value.join(", "), or append each'
        : 'a text or a number is'
  throw new TypeError(`${show(value)} is no value of the header ${name}: ${remedy}`)
}

function notAllowed(name: string, value: string, code: number): TypeError {
  const character = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  const remedy = code > 255 ? 'write encodeURIComponent(value)' : 'control characters cannot be sent'
  return new TypeError(`the value ${show(value)} of the header ${name} holds ${character}: ${remedy}`)
}

function show(value: unknown): string {
  if (value === undefined) return 'undefined'
  return inspect(value, { depth: 0, maxStringLength: 60, maxArrayLength: 3, breakLength: Number.POSITIVE_INFINITY })
}
