import type { Node, ParseError } from 'jsonc-parser'
import { type Locator, locatorOf, type PositionNode, positionAt } from './positions.ts'
import type { Finding } from './report.ts'
import { findUnclosedBracket } from './unclosed-bracket.ts'

const OPTIONS = { disallowComments: true, allowTrailingComma: false } as const

/** Where the keys and values of a JSON text are. */
export async function locateJson(text: string): Promise<Locator> {
  const { parseTree } = await import('jsonc-parser')
  const root = parseTree(text, [], OPTIONS)
  return locatorOf(text, root && toPositions(root))
}

function toPositions(node: Node): PositionNode {
  const { offset, children = [] } = node
  if (node.type === 'array') return { offset, items: children.map(toPositions) }
  if (node.type !== 'object') return { offset }
  const members = children.flatMap(({ children: [key, value] = [] }) =>
    key === undefined || value === undefined
      ? []
      : [{ key: String(key.value), offset: key.offset, node: toPositions(value) }],
  )
  return { offset, members }
}

/** Why a text is no JSON, with the place. */
export async function explainJson(text: string, error: unknown): Promise<Finding> {
  if (text.trim() === '') return { code: 'CONFIG_SYNTAX', path: [], message: 'the file is empty' }
  const { parseTree } = await import('jsonc-parser')
  const errors: ParseError[] = []
  parseTree(text, errors, OPTIONS)
  const first = errors.reduce<ParseError | undefined>(
    (a, b) => (a !== undefined && a.offset <= b.offset ? a : b),
    undefined,
  )
  if (first === undefined) {
    return { code: 'CONFIG_SYNTAX', path: [], message: error instanceof Error ? error.message : String(error) }
  }
  const unclosed = findUnclosedBracket(text)
  if (unclosed !== undefined && unclosed.noticedAt <= first.offset) {
    const opened = positionAt(text, unclosed.openedAt)
    const { bracket } = unclosed
    const noticed =
      unclosed.noticedAt >= text.trimEnd().length ? 'the file ends' : `unexpected ${quote(text, unclosed.noticedAt)}`
    return {
      code: 'CONFIG_SYNTAX',
      path: [],
      position: positionAt(text, unclosed.noticedAt),
      message: `${noticed}, but the ${JSON.stringify(bracket)} of line ${opened.line}, column ${opened.column} is not closed`,
      remedy: `Add the missing ${JSON.stringify(bracket === '{' ? '}' : ']')}, or remove what is too much.`,
    }
  }
  const { message, remedy } = describeJsonError(text, first)
  return { code: 'CONFIG_SYNTAX', path: [], position: positionAt(text, first.offset), message, remedy }
}

/** Codes of jsonc-parser's `ParseErrorCode`, a const enum that type stripping cannot import. */
const EXPECTED: Readonly<Record<number, string>> = {
  1: 'a value',
  3: 'a key in quotes',
  4: 'a value',
  5: 'a colon',
  6: 'a comma',
  7: 'a closing brace',
  8: 'a closing bracket',
}
const FAULTS: Readonly<Record<number, string>> = {
  2: 'invalid number',
  11: 'a comment is not closed',
  12: 'a string is not closed on its line',
  13: 'invalid number',
  14: 'invalid \\u escape in a string',
  15: 'invalid escape in a string',
  16: 'a control character in a string (write it as an escape, such as \\n or \\t)',
}

function describeJsonError(text: string, { error, offset, length }: ParseError): { message: string; remedy: string } {
  const correct = 'Correct the file at the place named.'
  if (error === 10)
    return {
      message: 'JSON has no comments',
      remedy: 'Remove it; a key that begins with @, $, _ or # can hold a remark.',
    }
  const before = text.slice(0, offset).trimEnd()
  if ((error === 3 || error === 4) && before.endsWith(',') && /[}\]]/.test(text[offset] ?? '')) {
    return { message: `a comma before ${quote(text, offset)} is not allowed in JSON`, remedy: 'Remove the comma.' }
  }
  if (error === 9)
    return { message: `unexpected ${quote(text, offset)} after the end of the configuration`, remedy: correct }
  const expected = EXPECTED[error]
  if (expected === undefined) return { message: FAULTS[error] ?? 'invalid JSON', remedy: correct }
  const found = offset >= text.trimEnd().length ? 'the file ends' : `unexpected ${quote(text, offset, length)}`
  return { message: `${found}, ${expected} was expected`, remedy: correct }
}

/** A text of the file that has its own quotation marks is shown as it stands there. */
function quote(text: string, offset: number, length = 1): string {
  const found = text.slice(offset, offset + Math.min(Math.max(length, 1), 40))
  return /^".*"$/.test(found) && found.length > 1 ? found : JSON.stringify(found)
}
