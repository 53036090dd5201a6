import type { EndpointConfig } from '../config/model.ts'
import { type Context, NO_PARAMS } from '../pipes/context.ts'
import { canonicalName, HeaderList, sameName } from '../pipes/headers.ts'
import type { HttpRequest } from '../pipes/http.ts'
import { ProxyRequest } from '../pipes/proxy.ts'
import { Query } from '../pipes/query.ts'

/** Belong to one connection and are never handed on (RFC 9110, section 7.6.1). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Of these the ones that say how a message is framed: not handed on even where they are listed by name. */
const FRAMING = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']

/** Set by the gateway for the call, whatever the client sent. */
const OWN = new Set(['host', 'x-forwarded-for', 'x-forwarded-host', 'content-length', 'expect'])

/**
 * Compiles what an endpoint lets through of a client's request: headers, query strings, parameters and the body, plus
 * the gateway's own header fields. Specification: core 2.2 and 2.3.
 */
export function compileRequest(
  endpoint: EndpointConfig,
  product: string,
): (request: HttpRequest, context: Context) => ProxyRequest {
  const addHeaders = compileHeaders(endpoint.inputHeaders, product)
  const filterQuery = compileQuery(endpoint.inputQueryStrings)
  return (request, context) => {
    const { path } = request
    const headers = addHeaders(request.headers.raw, context.clientAddress)
    return new ProxyRequest(
      request.method,
      path,
      context.params === NO_PARAMS ? {} : context.params, // modifiers and sequences add to them
      filterQuery(request),
      new HeaderList(headers),
      request.body,
    )
  }
}

function compileHeaders(
  names: readonly string[],
  product: string,
): (raw: readonly string[], client: string) => string[] {
  if (names.length === 0) return (raw, client) => contentTypeOnly(raw, client, product)
  if (names.includes('*')) return (raw, client) => allHeaders(raw, client, product)
  const allowed = new Map(names.map((name) => [name.toLowerCase(), canonicalName(name)]))
  for (const name of [...OWN, ...FRAMING]) allowed.delete(name)
  const lengths = new Set([...allowed.keys()].map((name) => name.length))
  return (raw, client) => {
    const headers = ['X-Forwarded-For', client, 'X-Forwarded-Host', '']
    let agent = false
    for (let i = 0; i < raw.length; i += 2) {
      const name = raw[i] as string
      if (name.length === 4 && sameName(name, 'host')) {
        headers[3] = raw[i + 1] as string
        continue
      }
      if (!lengths.has(name.length)) continue
      const canonical = allowed.get(name.toLowerCase())
      if (canonical === undefined) continue
      headers.push(canonical, raw[i + 1] as string)
      if (canonical === 'User-Agent') agent = true
    }
    return withProduct(headers, agent, product)
  }
}

function contentTypeOnly(raw: readonly string[], client: string, product: string): string[] {
  const headers = ['X-Forwarded-For', client, 'X-Forwarded-Host', '', 'User-Agent', product]
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length === 4) {
      if (sameName(name, 'host')) headers[3] = raw[i + 1] as string
    } else if (name.length === 12 && sameName(name, 'content-type')) headers.push('Content-Type', raw[i + 1] as string)
  }
  return headers
}

/**
 * `"*"`: everything but what belongs to the connection (RFC 9110, section 7.6.1) or is set by the gateway. Fields that the
 * client's `Connection` names are off already; those of that name that plugins have set since are not the client's.
 */
function allHeaders(raw: readonly string[], client: string, product: string): string[] {
  const headers = ['X-Forwarded-For', client, 'X-Forwarded-Host', '']
  let agent = false
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    if (name === 'host') headers[3] = raw[i + 1] as string
    if (OWN.has(name) || HOP_BY_HOP.has(name)) continue
    if (name === 'user-agent') agent = true
    headers.push(canonicalName(name), raw[i + 1] as string)
  }
  return withProduct(headers, agent, product)
}

/** The gateway names itself in `User-Agent`, or in `X-Forwarded-Via` where the client's own agent is forwarded. */
function withProduct(headers: string[], agent: boolean, product: string): string[] {
  if (agent) {
    for (let i = headers.length - 2; i >= 0; i -= 2) if (headers[i] === 'X-Forwarded-Via') headers.splice(i, 2)
  }
  headers.push(agent ? 'X-Forwarded-Via' : 'User-Agent', product)
  return headers
}

function compileQuery(names: readonly string[]): (request: HttpRequest) => Query | string {
  if (names.length === 0) return () => ''
  if (names.includes('*')) return (request) => (request.currentTarget().includes('?') ? request.query.copy() : '')
  const allowed = new Set(names)
  return (request) => {
    if (!request.currentTarget().includes('?')) return ''
    const { raw } = request.query
    const kept: string[] = []
    for (let i = 0; i < raw.length; i += 2) {
      if (allowed.has(raw[i] as string)) kept.push(raw[i] as string, raw[i + 1] as string)
    }
    return kept.length === 0 ? '' : new Query(kept)
  }
}
