import type { Context } from '../pipes/context.ts'
import { canonicalName, HeaderList } from '../pipes/headers.ts'
import { type Handler, type HttpRequest, HttpResponse, type HttpStage } from '../pipes/http.ts'
import { compilePutFields } from './answer-fields.ts'
import { compileOrigins } from './cors-origins.ts'
import { firstValue } from './forwarded-address.ts'

/** What pages of other origins may do. */
export interface CorsRules {
  /** Exact ones, or with one `*` for any text; `*` alone is all. */
  readonly origins: readonly string[]
  /** As they are written; `OPTIONS` is always allowed. */
  readonly methods: readonly string[]
  /** In any case; `*` is all. */
  readonly headers: readonly string[]
  readonly exposedHeaders: readonly string[]
  /** Whole seconds; 0: the browser's default, less: not at all. */
  readonly maxAgeSeconds: number
  readonly credentials: boolean
  readonly privateNetwork: boolean
  /** Preflights go on to the router. */
  readonly passthrough: boolean
  /** Of the answer to a preflight. */
  readonly successStatus: number
}

/** Takes a line for each decision. */
export type Tell = (line: string) => void

/** What a request is given, or why it is given nothing. */
interface Decision {
  readonly fields: readonly string[]
  readonly refusal: string | null
}

/** Makes an answer carry the fields of a decision. */
type Answer = (response: HttpResponse) => HttpResponse

const KNOWN_ORIGINS = 256
/** Longer ones are no origins of pages, and are not remembered. */
const ORIGIN_LENGTH = 300

/**
 * Answers preflights, and tells browsers which answers pages of other origins may read. The fields replace those of
 * plugins and backends. It decides nothing about who is served: that is the browser's part. Specification:
 * traffic-security 6; Fetch standard, section 3.3.
 */
export function createCors(rules: CorsRules, tell: Tell | null): HttpStage {
  const preflight = compilePreflight(rules)
  const answerFor = compileActual(rules, tell)
  const answerPreflight = (request: HttpRequest, context: Context, next: Handler): Promise<HttpResponse> => {
    const { fields, refusal } = preflight(request)
    if (tell !== null) {
      tell('Handler: Preflight request')
      tell(refusal === null ? `  Preflight response headers: ${listed(fields)}` : `  Preflight aborted: ${refusal}`)
    }
    if (rules.passthrough) return next(request, context).then(carrying(fields))
    return Promise.resolve(new HttpResponse(rules.successStatus, new HeaderList(fields.slice())))
  }
  return (next) => (request, context) => {
    const { raw } = request.headers
    if (request.method === 'OPTIONS' && firstValue(raw, 'access-control-request-method') !== '') {
      return answerPreflight(request, context, next)
    }
    return next(request, context).then(answerFor(request.method, firstValue(raw, 'origin')))
  }
}

function compilePreflight(rules: CorsRules): (request: HttpRequest) => Decision {
  const allowOrigin = compileOrigins(rules.origins)
  const methods = new Set([...rules.methods, 'OPTIONS'])
  const headers = rules.headers.includes('*') ? null : new Set(rules.headers.map((name) => name.toLowerCase()))
  const vary = ['Origin', 'Access-Control-Request-Method', 'Access-Control-Request-Headers']
  if (rules.privateNetwork) vary.push('Access-Control-Request-Private-Network')
  const none = ['Vary', vary.join(', ')]
  const constant: string[] = []
  if (rules.credentials) constant.push('Access-Control-Allow-Credentials', 'true')
  const age = Math.trunc(rules.maxAgeSeconds)
  if (age !== 0) constant.push('Access-Control-Max-Age', String(Math.max(age, 0)))

  return (request) => {
    const { raw } = request.headers
    const origin = firstValue(raw, 'origin')
    if (origin === '') return { fields: none, refusal: 'empty origin' }
    const allowed = allowOrigin(origin)
    if (allowed === null) return { fields: none, refusal: `origin '${origin}' not allowed` }
    const method = firstValue(raw, 'access-control-request-method')
    if (!methods.has(method)) return { fields: none, refusal: `requested method '${method}' not allowed` }
    const wanted = request.headers.get('access-control-request-headers') ?? ''
    if (headers !== null && !allNamed(wanted, headers)) {
      return { fields: none, refusal: `requested headers '${wanted}' not allowed` }
    }
    const fields = [...none, 'Access-Control-Allow-Origin', allowed, 'Access-Control-Allow-Methods', method]
    if (wanted !== '') fields.push('Access-Control-Allow-Headers', wanted)
    fields.push(...constant)
    if (rules.privateNetwork && firstValue(raw, 'access-control-request-private-network') === 'true') {
      fields.push('Access-Control-Allow-Private-Network', 'true')
    }
    return { fields, refusal: null }
  }
}

/** Whether all names of a list are allowed. */
function allNamed(list: string, allowed: ReadonlySet<string>): boolean {
  return list.split(',').every((part) => {
    const name = part.trim()
    return name === '' || allowed.has(name.toLowerCase())
  })
}

function compileActual(rules: CorsRules, tell: Tell | null): (method: string, origin: string) => Answer {
  const allowOrigin = compileOrigins(rules.origins)
  const methods = new Set([...rules.methods, 'OPTIONS'])
  const constant: string[] = []
  if (rules.exposedHeaders.length > 0) {
    constant.push('Access-Control-Expose-Headers', rules.exposedHeaders.map(canonicalName).join(', '))
  }
  if (rules.credentials) constant.push('Access-Control-Allow-Credentials', 'true')
  const none = carrying(['Vary', 'Origin'])
  const known = new Map<string, Answer>()

  const decide = (method: string, origin: string): { answer: Answer; note: string } => {
    if (origin === '') return { answer: none, note: 'no headers added: missing origin' }
    if (!methods.has(method)) return { answer: none, note: `no headers added: method '${method}' not allowed` }
    const before = known.get(origin)
    if (before !== undefined) return { answer: before, note: `added headers for '${origin}'` }
    const allowed = allowOrigin(origin)
    if (allowed === null) return { answer: none, note: `no headers added: origin '${origin}' not allowed` }
    const answer = carrying(['Vary', 'Origin', 'Access-Control-Allow-Origin', allowed, ...constant])
    if (known.size >= KNOWN_ORIGINS) known.clear()
    if (origin.length <= ORIGIN_LENGTH) known.set(origin, answer)
    return { answer, note: `added headers for '${origin}'` }
  }
  if (tell !== null) {
    return (method, origin) => {
      const { answer, note } = decide(method, origin)
      tell('Handler: Actual request')
      tell(`  Actual response ${note}`)
      return answer
    }
  }
  return (method, origin) => (origin === '' ? none : decide(method, origin).answer)
}

const putCors = compilePutFields([], 'access-control-')

/** @param fields the first is `Vary` */
function carrying(fields: readonly string[]): Answer {
  const [vary = '', names = '', ...others] = fields
  const all = [vary, names, ...others]
  return (response) => {
    const { raw } = response.headers
    putCors(raw, variesBy(raw, names) ? others : all)
    return response
  }
}

/** Whether the answer says already that it depends on these fields: a backend may, and a plugin that gives the same answer again. */
function variesBy(raw: readonly string[], names: string): boolean {
  for (let i = 0; i < raw.length; i += 2) {
    if ((raw[i] as string).length !== 4 || (raw[i] as string).toLowerCase() !== 'vary') continue
    const value = raw[i + 1] as string
    if (value === names || value === '*') return true
    if (names === 'Origin' && value.split(',').some((name) => name.trim().toLowerCase() === 'origin')) return true
  }
  return false
}

function listed(fields: readonly string[]): string {
  const pairs = fields.flatMap((field, i) => (i % 2 === 0 ? [`${field}: ${fields[i + 1]}`] : []))
  return pairs.join('; ')
}
