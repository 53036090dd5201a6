/** A path segment with parameters: fixed text before, between and after them, as in `{name}.{type}` or `v{major}`. */
export interface SegmentPattern {
  /** One more than there are parameters; the first and the last may be empty. */
  readonly literals: readonly string[]
  /** Of all literals together; the longer, the more precise the pattern. */
  readonly fixedLength: number
}

/** Null when the segment has no parameter. */
export function compileSegment(segment: string): SegmentPattern | null {
  const literals = segment.split(/\{[^}]*\}/)
  if (literals.length === 1) return null
  return { literals, fixedLength: literals.join('').length }
}

/**
 * Matches a segment and appends the values of the parameters. None is empty, and each ends at the first place where the
 * text after it begins, so `{name}.{type}` takes `a.tar.gz` as `a` and `tar.gz`.
 * @param folded the segment in the case in which the literals are written
 * @param segment as it was requested; the values are taken from it
 */
export function matchSegment(pattern: SegmentPattern, folded: string, segment: string, values: string[]): boolean {
  const { literals } = pattern
  const count = literals.length - 1
  const suffix = literals[count] as string
  const before = values.length
  let at = (literals[0] as string).length
  if (!folded.startsWith(literals[0] as string)) return false
  for (let i = 1; i < count; i++) {
    const end = folded.indexOf(literals[i] as string, at + 1)
    if (end === -1) break
    values.push(segment.slice(at, end))
    at = end + (literals[i] as string).length
  }
  const end = folded.length - suffix.length
  if (values.length - before === count - 1 && end > at && folded.endsWith(suffix)) {
    values.push(segment.slice(at, end))
    return true
  }
  values.length = before
  return false
}
