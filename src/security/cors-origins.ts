/** The value of `Access-Control-Allow-Origin` for an origin; null when it is not allowed. */
export type AllowOrigin = (origin: string) => string | null

/**
 * Compiles `allow_origins`: exact origins, and patterns in which one `*` stands for any text, compared without case. With
 * `*` among them the value is `*` for every origin, else the origin as it was sent.
 */
export function compileOrigins(origins: readonly string[]): AllowOrigin {
  if (origins.includes('*')) return () => '*'
  const exact = new Set<string>()
  const patterns: (readonly [before: string, after: string])[] = []
  for (const origin of origins.map((text) => text.toLowerCase())) {
    const star = origin.indexOf('*')
    if (star === -1) exact.add(origin)
    else patterns.push([origin.slice(0, star), origin.slice(star + 1)])
  }
  return (origin) => {
    const wanted = origin.toLowerCase()
    if (exact.has(wanted)) return origin
    for (const [before, after] of patterns) {
      if (wanted.length < before.length + after.length) continue
      if (wanted.startsWith(before) && wanted.endsWith(after)) return origin
    }
    return null
  }
}

/** Says what is dangerous or useless about an entry of `allow_origins`; null when nothing is. */
export function doubtOfOrigin(pattern: string): string | null {
  if (pattern === '*' || pattern === 'null') return null
  if (!/^[a-z][a-z0-9+.-]*:\/\/|\*/i.test(pattern))
    return 'an origin begins with its scheme, as in https://shop.example'
  if (/:\/\/[^/]*\//.test(pattern)) return 'an origin ends behind its host and port: with more it matches none'
  const star = pattern.indexOf('*')
  if (star === -1) return null
  const before = pattern.slice(0, star)
  const after = pattern.slice(star + 1)
  if (after.includes('*')) return 'only its first asterisk stands for any text, so it matches no origin'
  // A port may be any: the host stands before it.
  const isPort = /:\/\/[^/]+:\d*$/.test(before) && after === ''
  if (/^(?::\d*)?$/.test(after) && !isPort) {
    const dot = /[a-z0-9]$/i.test(before) ? '.' : ''
    return `anybody can have an origin that it matches, such as ${before}${dot}attacker.example${after}`
  }
  if (after !== '' && !/^[.:]/.test(after)) return `origins of others match it too, such as ${before}attacker${after}`
  return null
}
