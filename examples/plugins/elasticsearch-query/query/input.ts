import { HttpError, type ModifierRequest } from 'loligo/plugin'

/** Types of values that clients may give. */
export const VALUE_TYPES = ['keyword', 'integer', 'number', 'boolean', 'date'] as const
export type ValueType = (typeof VALUE_TYPES)[number]

/** What a client asks for: the values of each name. A range counts as names of its own: `price.gte`. */
export type Input = ReadonlyMap<string, readonly unknown[]>

const MAX_TEXT = 256
const MAX_BODY_BYTES = 65_536
const INTEGER = /^-?\d{1,15}$/
const NUMBER = /^-?\d{1,17}(\.\d{1,17})?$/
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/

/**
 * Reads query strings and a JSON body, and takes the query strings out of the call.
 * @param known names that mean something; others are refused, for they are misspelt
 * @param ranges those of them whose value in a body is an object: `{ "price": { "gte": 10 } }`
 *
 * Rejects with an HttpError, status 400.
 */
export async function readInput(
  request: ModifierRequest,
  known: ReadonlySet<string>,
  ranges: ReadonlySet<string>,
): Promise<Input> {
  const input = new Map<string, unknown[]>()
  const add = (name: string, value: unknown): void => {
    if (!known.has(name)) throw badRequest(`${name.slice(0, MAX_TEXT)} is not known`)
    const values = input.get(name) ?? []
    for (const each of Array.isArray(value) ? value : [value]) values.push(each)
    input.set(name, values)
  }
  const pairs = [...request.query]
  for (const [name, value] of pairs) add(name, value)
  for (const [name] of pairs) request.query.delete(name)

  const fromBody = Object.entries(await readBody(request)).flatMap(([name, value]) =>
    ranges.has(name) && isPlainObject(value)
      ? Object.entries(value).map(([bound, limit]) => [`${name}.${bound}`, limit] as const)
      : [[name, value] as const],
  )
  for (const [name, value] of fromBody) {
    if (input.has(name)) throw badRequest(`${name} is given twice`)
    add(name, value)
  }
  return input
}

async function readBody(request: ModifierRequest): Promise<object> {
  const bytes = await request.bytes()
  if (bytes.length === 0) return {}
  if (bytes.length > MAX_BODY_BYTES) throw new HttpError(413, { error: 'the body is too large' })
  let body: unknown
  try {
    body = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw badRequest('the body is no JSON')
  }
  if (!isPlainObject(body)) throw badRequest('the body must be an object')
  return body
}

/** The one value of a name; undefined where there is none. */
export function only(input: Input, name: string): unknown {
  const values = input.get(name) ?? []
  if (values.length > 1) throw badRequest(`${name} may have one value`)
  return values[0]
}

/**
 * A value as the index wants it, whether it came as text or as JSON.
 * @throws HttpError status 400
 */
export function toTyped(name: string, type: ValueType, value: unknown): string | number | boolean {
  const text = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
  if (text === '' || text.length > MAX_TEXT) throw badRequest(`${name} must be a text of 1 to ${MAX_TEXT} characters`)
  switch (type) {
    case 'keyword':
      return text
    case 'integer':
      if (INTEGER.test(text)) return Number(text)
      throw badRequest(`${name} must be a whole number`)
    case 'number':
      if (NUMBER.test(text)) return Number(text)
      throw badRequest(`${name} must be a number`)
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true'
      throw badRequest(`${name} must be true or false`)
    case 'date':
      if (DATE.test(text) && !Number.isNaN(Date.parse(text))) return text
      throw badRequest(`${name} must be a date, such as 2026-03-01 or 2026-03-01T12:00:00Z`)
  }
}

/** The client's request is at fault. */
export function badRequest(error: string): HttpError {
  return new HttpError(400, { error })
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
