import { placeholdersOf } from '../backend/url-pattern.ts'
import { type DataObject, type DataValue, isDataObject } from '../pipes/proxy.ts'
import { readPath, splitPath } from '../shaping/data-path.ts'

/**
 * The values that the answers of a sequential endpoint give to its later calls (specification: core 6.2). The sequence
 * calls `collect` after each answer with the `params` that all later requests get, before it forks the next of them:
 *
 *     const values = compileSequenceValues(patterns, propagated)
 *     values.collect(0, response.data, request.params, values.needsText(0) ? await response.text() : undefined)
 *
 * A value that is missing or null gives no parameter; building the URL that needs it then fails with `MissingParameter`,
 * which stops the chain at that call, and the answers so far are kept.
 */
export interface SequenceValues {
  /**
   * Puts what later calls need of an answer into `params`: `{resp0_a.b}` of a `url_pattern` as `resp0_a.b`, propagated
   * ones as `Resp0_a.b` and `Resp0`.
   * @param index position of the backend, from 0
   * @param data its data after shaping; null when there was none
   * @param text the whole text of its answer; only asked for when `needsText(index)`
   */
  collect(index: number, data: DataObject | null, params: Record<string, string>, text?: string): void
  /** Whether the whole text of that backend's answer is propagated. */
  needsText(index: number): boolean
  /** What in the configuration can never have a value, one sentence each. */
  readonly warnings: readonly string[]
}

interface Wanted {
  /** The name of the parameter that takes the value. */
  readonly param: string
  /** Where it stands in the data; null for the whole text. */
  readonly keys: readonly string[] | null
}

const REFERENCE = /^resp(\d+)(?:_(.+))?$/s

/**
 * Finds out what each backend's answer has to give.
 * @param urlPatterns of the endpoint's backends, in their order
 * @param propagated `sequential_propagated_params`
 */
export function compileSequenceValues(urlPatterns: readonly string[], propagated: readonly string[]): SequenceValues {
  const wanted: Wanted[][] = urlPatterns.map(() => [])
  const warnings: string[] = []
  const known = new Set<string>()
  const want = (index: number, value: Wanted) => {
    if (known.has(value.param)) return
    known.add(value.param)
    wanted[index]?.push(value)
  }
  for (const [position, pattern] of urlPatterns.entries()) {
    for (const name of placeholdersOf(pattern)) {
      const [, number, field] = REFERENCE.exec(name) ?? []
      if (number === undefined || field === undefined) continue
      const index = Number(number)
      if (index < position) want(index, { param: name, keys: splitPath(field) })
      else warnings.push(neverAnswered(position, pattern, name))
    }
  }
  for (const name of propagated) {
    const [, number, field] = REFERENCE.exec(name) ?? []
    const index = Number(number)
    if (number === undefined || index >= urlPatterns.length) warnings.push(notPropagated(name, urlPatterns.length))
    else want(index, { param: `R${name.slice(1)}`, keys: field === undefined ? null : splitPath(field) })
  }
  return {
    warnings,
    needsText: (index) => wanted[index]?.some(({ keys }) => keys === null) ?? false,
    collect(index, data, params, text) {
      for (const { param, keys } of wanted[index] ?? []) {
        const value = keys === null ? text : data === null ? undefined : readPath(data, keys)
        if (value !== undefined && value !== null) params[param] = textOf(value)
      }
    },
  }
}

function neverAnswered(position: number, pattern: string, name: string): string {
  const remedy = position === 0 ? 'the first backend cannot use any' : `use resp0 to resp${position - 1}`
  return `backend[${position}].url_pattern "${pattern}": {${name}} names no backend before this one, so it never has a value; ${remedy}`
}

function notPropagated(name: string, count: number): string {
  return (
    `sequential_propagated_params: "${name}" names no answer; ` +
    `write respN or respN_field with N from 0 to ${count - 1}`
  )
}

/**
 * A value as it stands in a URL: text as it is, numbers with their digits, lists joined by commas, objects as JSON.
 */
export function textOf(value: DataValue): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value)) return value.map(textOf).join(',')
  return isDataObject(value) ? JSON.stringify(value) : String(value)
}
