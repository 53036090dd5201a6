/** A bracket that has no partner. */
export interface UnclosedBracket {
  readonly bracket: '{' | '['
  readonly openedAt: number
  /** Offset of the closing bracket that does not fit, or of the end of the text. */
  readonly noticedAt: number
}

interface Opened {
  readonly bracket: '{' | '['
  readonly offset: number
  readonly indent: number
}

/**
 * Looks for the opening bracket of a JSON text whose partner is missing. The text itself shows only where the count
 * stops being right; which bracket was forgotten is guessed from the indentation: the first pair whose closing bracket
 * stands further left than the line it was opened on. Undefined when all brackets have partners.
 */
export function findUnclosedBracket(text: string): UnclosedBracket | undefined {
  const open: Opened[] = []
  let suspect: Opened | undefined
  let lineStart = 0
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') at = endOfString(text, at)
    else if (character === '\n') lineStart = at + 1
    else if (character === '{' || character === '[') {
      open.push({ bracket: character, offset: at, indent: indentOf(text, lineStart) })
    } else if (character === '}' || character === ']') {
      const opener = open.pop()
      if (opener === undefined) return undefined
      if ((opener.bracket === '{') !== (character === '}')) return unclosed(suspect ?? opener, at)
      const standsFirst = text.slice(lineStart, at).trim() === ''
      if (standsFirst && opener.offset < lineStart && at - lineStart < opener.indent) suspect ??= opener
    }
  }
  const last = open.at(-1)
  return last && unclosed(suspect ?? last, text.trimEnd().length)
}

function unclosed({ bracket, offset }: Opened, noticedAt: number): UnclosedBracket {
  return { bracket, openedAt: offset, noticedAt }
}

function indentOf(text: string, lineStart: number): number {
  let at = lineStart
  while (text[at] === ' ' || text[at] === '\t') at++
  return at - lineStart
}

/** Offset of the closing quote, or of the last character of the line when there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]
    if (character === '\\') at++
    else if (character === '"') return at
    else if (character === '\n') return at - 1
  }
  return text.length
}
