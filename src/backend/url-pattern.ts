import { Failure, HttpError } from '../pipes/failure.ts'
import type { ProxyRequest } from '../pipes/proxy.ts'
import { encodeForm, isUnreserved, percentEncode } from '../pipes/query.ts'

/** A `url_pattern`, ready to be filled in. */
export interface UrlPattern {
  /** The names of the placeholders in the order of their first occurrence. */
  readonly names: readonly string[]
  /**
   * Sets the request's `path` and `fixedSearch` with the values of its `params`.
   * @throws MissingParameter when a placeholder has no value
   * @throws HttpError 400 when a value would make a `.` or `..` segment
   */
  readonly build: (request: ProxyRequest) => void
}

/** A placeholder of a `url_pattern` that nothing gave a value for, so the call cannot be made. */
export class MissingParameter extends Failure {
  override name = 'MissingParameter'
  /** A token without the claim is the client's fault. */
  override readonly status: number
  /** The name of the placeholder, without braces. */
  readonly placeholder: string

  constructor(placeholder: string, pattern: string) {
    const sequence = /^resp(\d+)_(.+)$/s.exec(placeholder)
    const claim = placeholder.startsWith('JWT.')
    const reason = claim
      ? `the token has no claim "${placeholder.slice('JWT.'.length)}", or it is empty`
      : sequence === null
        ? `the request has no parameter "${placeholder}"`
        : `the answer of backend ${sequence[1]} has no field "${sequence[2]}", or it is null`
    super(`url_pattern "${pattern}": no value for {${placeholder}}: ${reason}`)
    this.placeholder = placeholder
    this.status = claim ? 400 : 500
  }
}

/** Text between placeholders: `literals[i]`, then the value of `names[i]`, and one literal more at the end. */
interface Template {
  readonly literals: readonly string[]
  readonly names: readonly string[]
}

const PLACEHOLDER = /\{([\w\-.:/]+)\}/g
/** Also with parameters (`..;a=b`): Tomcat and others take these off before they look. */
const DOT_SEGMENT = /\/\.{1,2}(?:;[^/]*)?(?:\/|$)/
const BARE_PATH_VALUE = /^[A-Za-z0-9\-._~!$&'()*+,;=:@]*$/

/** The placeholders of a `url_pattern` in their order, without braces and without repetitions. */
export function placeholdersOf(pattern: string): readonly string[] {
  return [...new Set(Array.from(pattern.matchAll(PLACEHOLDER), (match) => match[1] as string))]
}

/**
 * Compiles a `url_pattern` (specification: core 2.5). Values come decoded and are encoded for where they stand: in the
 * path so that they stay within their segment, in the query so that they add no parameter.
 * @param pattern path and query with `{name}`; a leading slash is added, a fragment dropped
 */
export function compileUrlPattern(pattern: string): UrlPattern {
  const [text = ''] = pattern.split('#', 1)
  const mark = text.indexOf('?')
  const path = parseTemplate(withSlash(mark === -1 ? text : text.slice(0, mark)), encodePathLiteral)
  const query = parseTemplate(mark === -1 ? '' : text.slice(mark + 1), encodeQueryLiteral)
  const fixedPath = path.names.length === 0 ? path.literals.join('') : null
  const fixedQuery = query.names.length === 0 ? query.literals.join('') : null
  return {
    names: placeholdersOf(text),
    build(request) {
      request.path = fixedPath ?? fillPath(path, request.params, pattern)
      request.fixedSearch = fixedQuery ?? fillQuery(query, request.params, pattern)
    },
  }
}

function withSlash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}

function parseTemplate(text: string, encode: (literal: string) => string): Template {
  const literals: string[] = []
  const names: string[] = []
  let end = 0
  for (const match of text.matchAll(PLACEHOLDER)) {
    literals.push(encode(text.slice(end, match.index)))
    names.push(match[1] as string)
    end = match.index + match[0].length
  }
  literals.push(encode(text.slice(end)))
  return { literals, names }
}

function fillPath({ literals, names }: Template, params: Readonly<Record<string, string>>, pattern: string): string {
  let path = literals[0] as string
  let mayBeDots = false
  for (let i = 0; i < names.length; i++) {
    const value = paramOf(params, names[i] as string, pattern)
    if (value === '' || value.startsWith('.') || value.startsWith(';')) mayBeDots = true
    path += BARE_PATH_VALUE.test(value) ? value : percentEncode(value, isPathCharacter)
    path += literals[i + 1] as string
  }
  if (mayBeDots && DOT_SEGMENT.test(path)) {
    throw new HttpError(400, 'a path parameter must not be "." or ".."')
  }
  return path
}

function fillQuery({ literals, names }: Template, params: Readonly<Record<string, string>>, pattern: string): string {
  let query = literals[0] as string
  for (let i = 0; i < names.length; i++) {
    query += encodeForm(paramOf(params, names[i] as string, pattern))
    query += literals[i + 1] as string
  }
  return query
}

function paramOf(params: Readonly<Record<string, string>>, name: string, pattern: string): string {
  const value: unknown = params[name]
  if (typeof value !== 'string') throw new MissingParameter(name, pattern) // also for what an object inherits
  return value
}

/** What a value may hold bare within a segment: `pchar` of RFC 3986, section 3.3. */
function isPathCharacter(code: number): boolean {
  return isUnreserved(code) || "!$&'()*+,;=:@".includes(String.fromCharCode(code))
}

// What is written in the configuration stays as it is as far as a request line can hold it: separators, escapes, and the
// brackets that many servers use bare.
function encodePathLiteral(literal: string): string {
  const escaped = literal.replace(/%(?![0-9A-Fa-f]{2})/g, '%25')
  return percentEncode(escaped, (code) => isPathCharacter(code) || '/%[]'.includes(String.fromCharCode(code)))
}

function encodeQueryLiteral(literal: string): string {
  return percentEncode(literal, (code) => code > 32 && code < 127)
}
