import { type Locator, locatorOf, type PositionNode } from './positions.ts'
import type { Finding } from './report.ts'

/** The value of a TOML text. */
export async function parseToml(text: string): Promise<unknown> {
  const { parse } = await import('smol-toml')
  return parse(text)
}

/** Why a text is no TOML, with the place. */
export async function explainToml(error: unknown): Promise<Finding> {
  const { TomlError } = await import('smol-toml')
  const finding = { code: 'CONFIG_SYNTAX', path: [] } as const
  if (!(error instanceof TomlError)) return { ...finding, message: String(error) }
  const message = (error.message.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '')
  return { ...finding, message, position: { line: error.line, column: error.column } }
}

interface Table {
  readonly offset: number
  readonly members: Member[]
  items?: Table[]
}

interface Member {
  readonly key: string
  readonly offset: number
  readonly node: Table
}

const KEY_PART = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([\w-]+))\s*(\.?)/y
const HEADER = /^[ \t]*(\[\[?)/

/**
 * Where the keys of a TOML text are, found line by line: table headers and `key = value`. What is inside of inline
 * tables and lists is located at the key they belong to.
 */
export function locateToml(text: string): Locator {
  const root: Table = { offset: 0, members: [] }
  let current: Table = root
  let depth = 0
  let multiline: string | undefined
  let offset = 0
  for (const line of text.split('\n')) {
    if (multiline !== undefined) {
      if (line.includes(multiline)) multiline = undefined
    } else if (depth > 0) depth = Math.max(0, depth + bracketBalance(line))
    else {
      const header = HEADER.exec(line)
      if (header !== null) {
        const start = header[0].length
        current = openTable(root, readKey(line, start).parts, offset + start, header[1] === '[[')
      } else {
        const { parts, end } = readKey(line, 0)
        const start = offset + (line.length - line.trimStart().length)
        if (parts.length > 0 && line[end] === '=') {
          openTable(current, parts, start, false)
          const value = line.slice(end + 1)
          multiline = openMultiline(value)
          if (multiline === undefined) depth = Math.max(0, bracketBalance(value))
        }
      }
    }
    offset += line.length + 1
  }
  return locatorOf(text, toPositions(root))
}

function toPositions(table: Table): PositionNode {
  if (table.items !== undefined) return { offset: table.offset, items: table.items.map(toPositions) }
  const members = table.members.map(({ key, offset, node }) => ({ key, offset, node: toPositions(node) }))
  return { offset: table.offset, members }
}

function readKey(line: string, from: number): { parts: string[]; end: number } {
  const parts: string[] = []
  KEY_PART.lastIndex = from
  let end = from
  for (let match = KEY_PART.exec(line); match !== null; match = KEY_PART.exec(line)) {
    parts.push(match[1] ?? match[2] ?? match[3] ?? '')
    end = KEY_PART.lastIndex
    if (match[4] === '') break
  }
  return { parts, end }
}

/** Goes down along the keys, makes what is missing, and enters the last item of lists of tables. */
function openTable(from: Table, parts: readonly string[], offset: number, isItem: boolean): Table {
  let table = from
  for (const [index, key] of parts.entries()) {
    let member = table.members.find((candidate) => candidate.key === key)
    if (member === undefined) {
      member = { key, offset, node: { offset, members: [] } }
      table.members.push(member)
    }
    if (isItem && index === parts.length - 1) {
      const item: Table = { offset, members: [] }
      member.node.items = [...(member.node.items ?? []), item]
      return item
    }
    table = member.node.items?.at(-1) ?? member.node
  }
  return table
}

/** The quotes of a multi-line string that a value opens and does not close. */
function openMultiline(value: string): string | undefined {
  const quotes = /^\s*("""|''')/.exec(value)?.[1]
  return quotes !== undefined && value.indexOf(quotes, value.indexOf(quotes) + 3) === -1 ? quotes : undefined
}

/** Opened minus closed brackets outside of strings and comments. */
function bracketBalance(line: string): number {
  const bare = line.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, '').replace(/#.*/, '')
  return bare.split(/[[{]/).length - bare.split(/[\]}]/).length
}
