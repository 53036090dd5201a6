const CONTROL = /\p{Cc}/u
const PLAIN_ASCII = /^[ !#-[\]-~]*$/

/**
 * Puts a text in double quotes as Go's `%q` does: quotes, backslashes and what cannot be printed are escaped, so that
 * nothing a client sends can end a log line or begin another.
 */
export function quote(text: string): string {
  if (PLAIN_ASCII.test(text)) return `"${text}"`
  let quoted = '"'
  for (const character of text) quoted += isPrintable(character) ? character : escapeCharacter(character)
  return `${quoted}"`
}

/**
 * Makes a message safe for a log of lines: its further lines are indented by a tab, so that a text from outside cannot
 * pass for a line of its own, and other control characters are escaped.
 */
export function keepInside(message: string): string {
  if (!CONTROL.test(message)) return message
  let safe = ''
  for (const character of message.replaceAll('\r\n', '\n').trimEnd()) {
    if (character === '\n') safe += '\n\t'
    else safe += character !== '\t' && CONTROL.test(character) ? escapeCharacter(character) : character
  }
  return safe
}

const UNPRINTABLE = /[\p{C}\p{Z}]/u

function isPrintable(character: string): boolean {
  if (character === ' ') return true
  return character !== '"' && character !== '\\' && !UNPRINTABLE.test(character)
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
  '\x07': '\\a',
}

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES[character]
  if (short !== undefined) return short
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`
}
