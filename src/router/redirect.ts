import { HeaderList } from '../pipes/headers.ts'
import { type HttpRequest, HttpResponse } from '../pipes/http.ts'
import { isUnreserved, percentEncode } from '../pipes/query.ts'

const SUB_DELIMITERS = new Set(Buffer.from("!$&'()*+,;=:@/"))
const HTML_ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&#34;', "'": '&#39;' }

/** The permanent redirect to another spelling of a path: 301 for GET, 307 for others. Specification: core 3.2. */
export function redirectTo(path: string, request: HttpRequest): HttpResponse {
  const mark = request.target.indexOf('?')
  const search = mark === -1 ? '' : request.target.slice(mark)
  const prefix = forwardedPrefix(request.headers)
  const location = encodePath(cleanPath(prefix + path)) + search.replace(/[^\x21-\x7e]/g, encodeURIComponent)
  const headers = new HeaderList(['Location', location])
  if (request.method !== 'GET') return new HttpResponse(307, headers)
  headers.append('Content-Type', 'text/html; charset=utf-8')
  const href = location.replace(/[&<>"']/g, (character) => HTML_ESCAPES[character] as string)
  return new HttpResponse(301, headers, `<a href="${href}">Moved Permanently</a>.\n\n`)
}

/** `X-Forwarded-Prefix` as far as it is a plain path. */
function forwardedPrefix(headers: HeaderList): string {
  const prefix = headers.get('x-forwarded-prefix')
  if (prefix === null) return ''
  return cleanPath(`/${prefix.replace(/[^a-zA-Z0-9/-]+/g, '')}`).replace(/\/$/, '')
}

/** Resolves `.` and `..`, collapses slashes; a final slash stays. */
export function cleanPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const trailing = kept.length > 0 && /\/\.{0,2}$/.test(path)
  return `/${kept.join('/')}${trailing ? '/' : ''}`
}

function encodePath(path: string): string {
  return percentEncode(path, (code) => isUnreserved(code) || SUB_DELIMITERS.has(code))
}
