import { randomFillSync } from 'node:crypto'
import { HeaderList } from '../pipes/headers.ts'
import { type HttpRequest, HttpResponse, type HttpStage } from '../pipes/http.ts'
import { compilePutFields } from './answer-fields.ts'
import { firstValue } from './forwarded-address.ts'

/** What is asked of requests, and what browsers are told with answers. */
export interface SecurityRules {
  /** Null: requests for any host are taken. */
  readonly isAllowedHost: ((host: string) => boolean) | null
  /** Of the answer to a request for another host. */
  readonly badHostStatus: number
  /** The first of these that is not empty is the host, in place of `Host`. */
  readonly hostFields: readonly string[]
  /** Plain requests are sent to HTTPS; an empty `host` keeps the one that was asked for. */
  readonly redirect: { readonly host: string; readonly status: number } | null
  /** Fields with values by which a proxy tells that a request came by TLS. */
  readonly tlsFields: readonly (readonly [name: string, value: string])[]
  /** The value of `Strict-Transport-Security`; empty: it is not sent. */
  readonly transportSecurity: string
  /** Also with answers to plain requests. */
  readonly always: boolean
  /** Other fields, `[name, value, …]`. */
  readonly fields: readonly string[]
  /** The value of `Content-Security-Policy`, in which `$NONCE` stands for a new one each time; empty: it is not sent. */
  readonly contentPolicy: string
}

/** Specification: traffic-security 7. */
export function createSecurityHeaders(rules: SecurityRules): HttpStage {
  const { isAllowedHost, redirect } = rules
  const hostFields = [...rules.hostFields.map((name) => name.toLowerCase()), 'host']
  const cameByTls = compileTls(rules)
  const plainAnswer = compileAnswer(rules, rules.always)
  const tlsAnswer = compileAnswer(rules, true)
  const asksTls = redirect !== null || (rules.transportSecurity !== '' && !rules.always)
  return (next) => (request, context) => {
    if (isAllowedHost !== null && !isAllowedHost(hostOf(request, hostFields))) return badHost(rules.badHostStatus)
    const secure = asksTls && cameByTls(request)
    if (redirect !== null && !secure) return redirectTo(redirect, request, hostFields, rules.badHostStatus)
    return next(request, context).then(secure ? tlsAnswer : plainAnswer)
  }
}

function compileTls({ tlsFields }: SecurityRules): (request: HttpRequest) => boolean {
  const fields = tlsFields.map(([name, value]) => [name.toLowerCase(), value] as const)
  return (request) => {
    if (request.secure) return true
    const { raw } = request.headers
    for (const [name, value] of fields) if (firstValue(raw, name) === value) return true
    return false
  }
}

/** The first of the fields that says something; in lower case, for hosts are compared so. */
function hostOf({ headers: { raw } }: HttpRequest, fields: readonly string[]): string {
  for (const name of fields) {
    const value = firstValue(raw, name)
    if (value !== '') return value.toLowerCase()
  }
  return ''
}

function badHost(status: number): Promise<HttpResponse> {
  const raw = ['Content-Type', 'text/plain; charset=utf-8', 'X-Content-Type-Options', 'nosniff']
  return Promise.resolve(new HttpResponse(status, new HeaderList(raw), 'Bad Host\n'))
}

/** Name or address, and port: what a URL can have there. Anything else would lead elsewhere. */
const HOST = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d*)?$/i

function redirectTo(
  { host, status }: { readonly host: string; readonly status: number },
  request: HttpRequest,
  hostFields: readonly string[],
  badHostStatus: number,
): Promise<HttpResponse> {
  const wanted = host || hostOf(request, hostFields)
  if (host === '' && !HOST.test(wanted)) return badHost(badHostStatus)
  const target = request.currentTarget()
  const location = `https://${wanted}${target.startsWith('/') ? target : '/'}`
  return Promise.resolve(new HttpResponse(status, new HeaderList(['Location', location])))
}

const STS = 'Strict-Transport-Security'
const CSP = 'Content-Security-Policy'

function compileAnswer(rules: SecurityRules, withSts: boolean): (response: HttpResponse) => HttpResponse {
  const { transportSecurity, contentPolicy } = rules
  const fields = rules.fields.slice()
  if (withSts && transportSecurity !== '') fields.push(STS, transportSecurity)
  const changing = contentPolicy.includes(NONCE)
  if (contentPolicy !== '' && !changing) fields.push(CSP, contentPolicy)
  if (fields.length === 0 && !changing) return (response) => response
  const names = fields.filter((_, i) => i % 2 === 0)
  const put = compilePutFields(changing ? [...names, CSP] : names)
  const parts = contentPolicy.split(NONCE)
  return (response) => {
    const { raw } = response.headers
    put(raw, fields)
    if (changing) raw.push(CSP, parts.join(`'nonce-${nonce()}'`))
    return response
  }
}

const NONCE = '$NONCE'
const NONCE_BYTES = 16

/** Random bytes are drawn for many requests at once. */
const pool = Buffer.alloc(NONCE_BYTES * 256)
let used = pool.length

function nonce(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += NONCE_BYTES
  return pool.toString('base64', used - NONCE_BYTES, used)
}
