/** The directives of a `Cache-Control` field by their names in lower case; those without a value have an empty one. */
export type Directives = ReadonlyMap<string, string>

const NONE: Directives = new Map()
const DIRECTIVE = /([^\s,=]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*)))?/g
const SECONDS = /^\d+(?:\.\d+)?$/

/** Reads a field (RFC 9111, section 5.2); of a directive that stands there twice the first counts. */
export function parseCacheControl(field: string | null): Directives {
  if (field === null) return NONE
  const directives = new Map<string, string>()
  for (const [, name = '', quoted, plain] of field.matchAll(DIRECTIVE)) {
    const key = name.toLowerCase()
    if (!directives.has(key)) directives.set(key, quoted ?? plain ?? '')
  }
  return directives
}

/** A directive that holds seconds, in milliseconds: 0 when it holds something else, null when it is absent. */
export function durationOf(directives: Directives, name: string): number | null {
  const value = directives.get(name)
  if (value === undefined) return null
  return SECONDS.test(value) ? Number(value) * 1000 : 0
}

/** As `durationOf`; without a value it is for ever. */
export function durationOrForever(directives: Directives, name: string): number | null {
  return directives.get(name) === '' ? Number.POSITIVE_INFINITY : durationOf(directives, name)
}
