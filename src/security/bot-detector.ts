import { compileAny, type Matches } from '../patterns/re2.ts'

/** Which user agents are bots. */
export interface BotRules {
  /** Never bots; exact, as all texts here. */
  readonly allow: readonly string[]
  /** Always bots. */
  readonly deny: readonly string[]
  /** In the syntax of RE2, for any part of the user agent; asked when neither list has it. */
  readonly patterns: readonly string[]
  readonly emptyIsBot: boolean
  /** For how many user agents the answer of the patterns is remembered; 0: none. */
  readonly cacheSize: number
}

/**
 * Compiles the rules to a test of the value of `User-Agent`, empty when there is none. Specification: traffic-security 8.
 * @throws PatternError
 */
export async function compileBotTest(rules: BotRules): Promise<Matches> {
  const { emptyIsBot } = rules
  const allow = new Set(rules.allow)
  const deny = new Set(rules.deny)
  const matches = remembering(await compileAny(rules.patterns), rules.patterns.length === 0 ? 0 : rules.cacheSize)
  return (agent) => {
    if (agent === '') return emptyIsBot
    if (allow.has(agent)) return false
    return deny.has(agent) || matches(agent)
  }
}

/** Longer user agents are rare or hostile, and would let clients fill the memory. */
const REMEMBERED_LENGTH = 512

/** Keeps the last answers; what has not been asked for longest goes first. */
function remembering(matches: Matches, size: number): Matches {
  if (size <= 0) return matches
  const known = new Map<string, boolean>()
  return (text) => {
    if (text.length > REMEMBERED_LENGTH) return matches(text)
    const before = known.get(text)
    if (before !== undefined) {
      known.delete(text)
      known.set(text, before)
      return before
    }
    const answer = matches(text)
    if (known.size >= size) known.delete(known.keys().next().value as string)
    known.set(text, answer)
    return answer
  }
}
