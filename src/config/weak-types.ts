export type ScalarType = 'string' | 'integer' | 'number' | 'boolean'

const PREFIXED_INTEGER = /^([-+]?)(0[xX][\dA-Fa-f]+|0[oO]?[0-7]+|0[bB][01]+)$/
const DECIMAL = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/
const TRUE_WORDS: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE_WORDS: ReadonlySet<string> = new Set(['', '0', 'f', 'F', 'FALSE', 'false', 'False'])

/**
 * Converts a scalar to a type as the reference does (specification: operations 2.2); undefined when it cannot be that.
 * An empty string is 0 and false; numbers count as true unless they are 0.
 */
export function convertScalar(type: ScalarType, value: unknown): string | number | boolean | undefined {
  switch (type) {
    case 'string':
      return toText(value)
    case 'boolean':
      return toBoolean(value)
    case 'number':
      return toNumber(value, false)
    case 'integer': {
      const number = toNumber(value, true)
      return number !== undefined && Number.isSafeInteger(number) ? number : undefined
    }
  }
}

function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return withoutExponent(value)
  return typeof value === 'boolean' ? String(value) : undefined
}

/** `1e21` as the digits it stands for. */
function withoutExponent(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString()
  const text = String(value)
  const mark = text.indexOf('e-')
  if (mark === -1) return text
  const sign = value < 0 ? '-' : ''
  const digits = text.slice(0, mark).replace('-', '').replace('.', '')
  return `${sign}0.${'0'.repeat(Number(text.slice(mark + 2)) - 1)}${digits}`
}

function toBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value !== 0
  if (typeof value !== 'string') return undefined
  if (TRUE_WORDS.has(value)) return true
  return FALSE_WORDS.has(value) ? false : undefined
}

function toNumber(value: unknown, isInteger: boolean): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string') return undefined
  if (value === '') return 0
  const prefixed = isInteger ? PREFIXED_INTEGER.exec(value) : null
  if (prefixed !== null) return (prefixed[1] === '-' ? -1 : 1) * Number(withRadix(prefixed[2] ?? ''))
  return DECIMAL.test(value) ? Number(value) : undefined
}

/** Go reads a leading zero as octal; JavaScript wants `0o`. */
function withRadix(digits: string): string {
  return /^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits
}

/** Names a value in a message: `"2 seconds"`, `3`, `a list`, `an object`. */
export function describe(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value)
    case 'number':
    case 'boolean':
      return String(value)
    case 'undefined':
      return 'nothing'
    default:
      return value instanceof Date ? 'a date' : 'an object'
  }
}
