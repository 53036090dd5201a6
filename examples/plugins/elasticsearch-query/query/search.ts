import { badRequest, type Input, only, toTyped, type ValueType } from './input.ts'

/** What clients may search by. */
export interface SearchOptions {
  /** Fields that `q` looks into, with a weight where they have one: `name^3`. */
  readonly search: readonly string[]
  readonly filters: Readonly<Record<string, FieldOptions>>
  readonly ranges: Readonly<Record<string, FieldOptions>>
  /** From the name that clients sort by to the field. */
  readonly sort: Readonly<Record<string, string>>
  /** What is given of each document; null: all. */
  readonly fields: readonly string[] | null
  readonly size: number
  readonly maxSize: number
  /** How many hits may lie before the end of a page. */
  readonly maxWindow: number
}

export interface FieldOptions {
  readonly field: string
  readonly type: ValueType
}

/** A search, and which page of it is asked for. */
export interface Search {
  readonly body: Readonly<Record<string, unknown>>
  readonly page: number
  readonly size: number
}

const BOUNDS = ['gt', 'gte', 'lt', 'lte'] as const
const RESERVED = ['q', 'sort', 'page', 'size']
const MAX_VALUES = 50
const MAX_SORTS = 5

/**
 * The names that clients may use.
 * @throws Error when one of them would mean two things
 */
export function knownNames({ filters, ranges }: SearchOptions): ReadonlySet<string> {
  const bounds = Object.keys(ranges).flatMap((name) => BOUNDS.map((bound) => `${name}.${bound}`))
  const names = [...RESERVED, ...Object.keys(filters), ...Object.keys(ranges), ...bounds]
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new Error(`the name "${twice}" is taken already`)
  return new Set(names.filter((name) => !Object.hasOwn(ranges, name)))
}

/**
 * Makes the search of what a client asks for. Clients' texts become values, never names or syntax.
 * @throws HttpError status 400
 */
export function toSearch(input: Input, options: SearchOptions): Search {
  const must = toMatch(input, options.search)
  const filter = [...toFilters(input, options.filters), ...toRanges(input, options.ranges)]
  const query = must.length + filter.length === 0 ? { match_all: {} } : { bool: { must, filter } }
  const sort = toSort(input, options.sort)
  const size = toCount(input, 'size', options.size, options.maxSize)
  const page = toCount(input, 'page', 1, Number.MAX_SAFE_INTEGER)
  if (page * size > options.maxWindow) throw badRequest(`page times size may be at most ${options.maxWindow}`)
  const about = { from: (page - 1) * size, size, _source: options.fields ?? true }
  return { body: { query, ...about, ...(sort.length > 0 ? { sort } : {}) }, page, size }
}

/** Not `query_string`, whose syntax would let clients look into any field, at any cost. */
function toMatch(input: Input, fields: readonly string[]): object[] {
  const value = only(input, 'q')
  if (value === undefined || value === '') return []
  if (fields.length === 0) throw badRequest('q is not known')
  return [{ multi_match: { query: toTyped('q', 'keyword', value), fields, operator: 'and' } }]
}

function toFilters(input: Input, filters: SearchOptions['filters']): object[] {
  return Object.entries(filters).flatMap(([name, { field, type }]) => {
    const values = (input.get(name) ?? []).map((value) => toTyped(name, type, value))
    if (values.length > MAX_VALUES) throw badRequest(`${name} may have at most ${MAX_VALUES} values`)
    return values.length === 0 ? [] : [{ terms: { [field]: values } }]
  })
}

function toRanges(input: Input, ranges: SearchOptions['ranges']): object[] {
  return Object.entries(ranges).flatMap(([name, { field, type }]) => {
    const limits = BOUNDS.flatMap((bound) => {
      const value = only(input, `${name}.${bound}`)
      return value === undefined ? [] : [[bound, toTyped(`${name}.${bound}`, type, value)] as const]
    })
    return limits.length === 0 ? [] : [{ range: { [field]: Object.fromEntries(limits) } }]
  })
}

/** `-price,name`, or a list of these: the minus sorts downwards. */
function toSort(input: Input, sorts: SearchOptions['sort']): object[] {
  const wanted = (input.get('sort') ?? []).flatMap((value) => String(toTyped('sort', 'keyword', value)).split(','))
  if (wanted.length > MAX_SORTS) throw badRequest(`sort may have at most ${MAX_SORTS} names`)
  return wanted.map((each) => {
    const name = each.replace(/^-/, '')
    if (!Object.hasOwn(sorts, name)) throw badRequest(`sort must be one of ${Object.keys(sorts).join(', ')}`)
    return { [sorts[name] ?? '']: { order: each.startsWith('-') ? 'desc' : 'asc' } }
  })
}

function toCount(input: Input, name: string, usual: number, most: number): number {
  const value = only(input, name)
  if (value === undefined) return usual
  const count = Number(toTyped(name, 'integer', value))
  if (count < 1 || count > most) throw badRequest(`${name} must be from 1 to ${most}`)
  return count
}
