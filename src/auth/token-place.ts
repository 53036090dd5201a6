import { sameName } from '../pipes/headers.ts'

/** Finds the token in a request's header fields: null when there is none. */
export type FindToken = (raw: readonly string[]) => string | null

/**
 * Compiles where the token stands: in a header field, with `Bearer` before it or without, and only when that is absent or
 * empty in a cookie. A field that comes twice is no token: backends could take the other one for the one that was
 * verified.
 */
export function compileTokenPlace(headerName: string, cookieName: string): FindToken {
  const wanted = headerName.toLowerCase()
  const { length } = wanted
  return (raw) => {
    let value = ''
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string
      if (name.length !== length || !sameName(name, wanted)) continue
      if (value !== '') return '' // malformed
      value = raw[i + 1] as string
    }
    if (value !== '') return withoutScheme(value)
    return cookieOf(raw, cookieName)
  }
}

const BEARER = 'bearer '

function withoutScheme(value: string): string {
  const code = value.charCodeAt(0) | 32
  if (code !== 98) return value // b
  return value.slice(0, BEARER.length).toLowerCase() === BEARER ? value.slice(BEARER.length).trim() : value
}

function cookieOf(raw: readonly string[], wanted: string): string | null {
  for (let i = 0; i < raw.length; i += 2) {
    if ((raw[i] as string).length !== 6 || !sameName(raw[i] as string, 'cookie')) continue
    for (const pair of (raw[i + 1] as string).split(';')) {
      const mark = pair.indexOf('=')
      if (mark !== -1 && pair.slice(0, mark).trim() === wanted)
        return pair
          .slice(mark + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1')
    }
  }
  return null
}
