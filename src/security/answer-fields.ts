/** Puts header fields on answers, in place of those that these have of the same names. */
export type PutFields = (raw: string[], fields: readonly string[]) => void

/**
 * @param names of the fields that are taken off; all that begin with `prefix` too
 * @param prefix in lower case; empty: none
 */
export function compilePutFields(names: readonly string[], prefix = ''): PutFields {
  const replaced = new Set(names.map((name) => name.toLowerCase()))
  const lengths = new Set([...replaced].map(({ length }) => length))
  const initial = prefix.charCodeAt(0)
  const isReplaced = (name: string): boolean => {
    if (prefix !== '' && name.length > prefix.length && (name.charCodeAt(0) | 32) === initial) {
      if (name.slice(0, prefix.length).toLowerCase() === prefix) return true
    }
    return lengths.has(name.length) && replaced.has(name.toLowerCase())
  }
  return (raw, fields) => {
    let kept = 0
    for (let i = 0; i < raw.length; i += 2) {
      if (isReplaced(raw[i] as string)) continue
      if (kept !== i) {
        raw[kept] = raw[i] as string
        raw[kept + 1] = raw[i + 1] as string
      }
      kept += 2
    }
    if (kept < raw.length) raw.length = kept
    for (const part of fields) raw.push(part)
  }
}
