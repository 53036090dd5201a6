/** The way from the root of a document to a value: names of keys and indexes of lists. */
export type Path = readonly (string | number)[]

/** Writes a path for people: `endpoints[3].backend[0].extra_config."backend/http".return_error_code`. */
export function formatPath(path: Path): string {
  let text = ''
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`
    else text += (text === '' ? '' : '.') + (/^[\w$@#-]+$/.test(step) ? step : JSON.stringify(step))
  }
  return text
}

/** Reads what `formatPath` wrote. */
export function parsePath(text: string): Path {
  const steps = text.matchAll(/\[(\d+)\]|("(?:[^"\\]|\\.)*")|[\w$@#-]+/g)
  return Array.from(steps, ([step, index, quoted]) => {
    if (index !== undefined) return Number(index)
    return quoted === undefined ? step : String(JSON.parse(quoted))
  })
}

/** Whether a key is a comment: one that begins with `@`, `$`, `_` or `#` (specification: enterprise 0). */
export function isCommentKey(key: string): boolean {
  const first = key.charCodeAt(0)
  return first === 64 || first === 36 || first === 95 || first === 35
}
