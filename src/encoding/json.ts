import { ExactNumber } from '../pipes/exact-number.ts'
import type { DataValue } from '../pipes/proxy.ts'
import { hasExactNumber, mayHaveOtherText, needsExactness } from './number-scan.ts'

/**
 * Parses the first JSON value of `text`; what follows it is ignored, as the reference does (specification: core 4.2).
 * Numbers that a double cannot hold become `ExactNumber`; all others are plain numbers (specification: core 5.1).
 * @throws SyntaxError when there is no complete value at the start of the text
 */
export function parseJson(text: string): DataValue {
  return parse(text, hasExactNumber(Buffer.from(text, 'latin1')) ? keepExactNumber : null)
}

/** As `parseJson`, for a text in UTF-8: quicker, since the bytes are what is looked through for exact numbers. */
export function parseJsonBytes(bytes: Buffer): DataValue {
  return parse(bytes.toString('utf8'), hasExactNumber(bytes) ? keepExactNumber : null)
}

/**
 * As `parseJsonBytes`, but every number that is not written as JavaScript would, such as `1.50`, keeps its text: for
 * plugins that see numbers as texts.
 */
export function parseJsonTexts(bytes: Buffer): DataValue {
  return parse(bytes.toString('utf8'), mayHaveOtherText(bytes) || hasExactNumber(bytes) ? keepNumberText : null)
}

/** Writes a value as JSON; an `ExactNumber` keeps its digits. */
export function stringifyJson(value: DataValue): string {
  return JSON.stringify(value)
}

type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown

function parse(source: string, reviver: Reviver | null): DataValue {
  const text = source.includes('\\u') ? wellFormedEscapes(source) : source
  try {
    return parseWhole(text, reviver)
  } catch (error) {
    const end = endOfFirstValue(text)
    if (end === -1 || end === text.length) throw error
    return parseWhole(text.slice(0, end), reviver)
  }
}

/**
 * Half a surrogate pair is no character: no UTF-8 can hold it. It becomes U+FFFD, as the reference does (specification:
 * core 5.2). In the text itself only escapes can name one.
 */
function wellFormedEscapes(text: string): string {
  return SURROGATE_ESCAPE.test(text)
    ? text.replace(ESCAPE, (escape) => (escape.length === LONE_LENGTH && LONE.test(escape) ? '\\ufffd' : escape))
    : text
}

const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/
/** A pair, a single `\\uXXXX`, or any other escape; so `\\ud800` is a backslash and five characters. */
const ESCAPE = /\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[\da-fA-F]{4}|.)/gs
const LONE = /^\\u[dD][89a-fA-F]/
const LONE_LENGTH = 6

function parseWhole(text: string, reviver: Reviver | null): DataValue {
  return (reviver === null ? JSON.parse(text) : JSON.parse(text, reviver)) as DataValue
}

function keepExactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  if (typeof value !== 'number' || source === undefined) return value
  return needsExactness(source) ? new ExactNumber(source) : value
}

function keepNumberText(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  if (typeof value !== 'number' || source === undefined || source === String(value)) return value
  return new ExactNumber(source)
}

/** The index after the first JSON value of a text, or -1 when there is none or it is not complete. */
function endOfFirstValue(text: string): number {
  const start = text.search(/[^ \t\n\r]/)
  if (start === -1) return -1
  const first = text[start]
  if (first === '"') return endOfString(text, start)
  if (first === '{' || first === '[') return endOfContainer(text, start)
  SCALAR.lastIndex = start
  return SCALAR.test(text) ? SCALAR.lastIndex : -1
}

const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

function endOfContainer(text: string, start: number): number {
  let depth = 0
  for (let index = start; index < text.length; index++) {
    const character = text[index]
    if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') {
      depth--
      if (depth === 0) return index + 1
    } else if (character === '"') {
      const end = endOfString(text, index)
      if (end === -1) return -1
      index = end - 1
    }
  }
  return -1
}

function endOfString(text: string, start: number): number {
  for (let index = text.indexOf('"', start + 1); index !== -1; index = text.indexOf('"', index + 1)) {
    let backslashes = 0
    while (text[index - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return index + 1
  }
  return -1
}
