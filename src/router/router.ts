import type { Context } from '../pipes/context.ts'
import { HeaderList } from '../pipes/headers.ts'
import { type Handler, type HttpRequest, HttpResponse } from '../pipes/http.ts'
import { percentDecode } from '../pipes/query.ts'
import type { RouterOptions } from './options.ts'
import { refuseEncoded } from './parameters.ts'
import { cleanPath, redirectTo } from './redirect.ts'
import type { Route, RouteTable } from './route-table.ts'
import type { Match } from './route-tree.ts'

/** What the router is put together from. */
export interface RouterParts {
  readonly options: RouterOptions
  readonly routes: RouteTable<Handler>
  /** Handlers for everything below a path such as `/__debug/`. */
  readonly below: ReadonlyMap<string, Handler>
  readonly clientAddress: (request: HttpRequest) => string
  /** The value of `X-Krakend`. */
  readonly version: string
}

/** Finds the endpoint of a request, or answers itself: redirect, 404, 405, automatic OPTIONS. Specification: core 3. */
export function createRouter(parts: RouterParts): Handler {
  const { options, routes, below, clientAddress } = parts
  const collapse = options.remove_extra_slash === true
  const checkParameters = options.disable_path_decoding !== true
  const otherwise = createFallback(parts)
  return (request, context) => {
    context.clientAddress = clientAddress(request)
    const path = decodePath(request.path, collapse)
    if (path === null) return Promise.resolve(badRequest())
    if (below.size > 0) {
      for (const [prefix, handle] of below) if (path.startsWith(prefix)) return handle(request, context)
    }
    const match = routes.find(request.method, path)
    if (match === null) return Promise.resolve(otherwise(request, path))
    if (match.values.length > 0) {
      const refusal = checkParameters ? refuseEncoded(match.values) : null
      if (refusal !== null) return Promise.resolve(refusal)
      context.params = paramsOf(match)
    }
    context.route = match.value.pattern
    return match.value.target(request, context)
  }
}

function decodePath(path: string, collapse: boolean): string | null {
  const decoded = path.includes('%') ? percentDecode(path) : path
  if (decoded === undefined) return null
  return collapse && decoded.includes('//') ? decoded.replace(/\/{2,}/g, '/') : decoded
}

function paramsOf(match: Match<Route<Handler>>): Context['params'] {
  const { params } = match.value
  const result: Record<string, string> = {}
  for (let i = 0; i < params.length; i++) result[params[i] as string] = match.values[i] as string
  return result
}

function badRequest(): HttpResponse {
  return new HttpResponse(400, new HeaderList(['Content-Type', 'text/plain; charset=utf-8']), '400 Bad Request')
}

/** What a request gets that no route takes. */
function createFallback(parts: RouterParts): (request: HttpRequest, path: string) => HttpResponse {
  const { options, routes, version } = parts
  const notFound = ownAnswer(404, '404 page not found', options.error_body?.['404'], version)
  const notAllowed = ownAnswer(405, '405 method not allowed', options.error_body?.['405'], version)
  return (request, path) => {
    const { method } = request
    if (path === '*' && method === 'OPTIONS') return new HttpResponse(200)
    const allowed = routes.methodsOf(path)
    const corrected = method === 'CONNECT' || path === '/' ? null : correctedPath(parts, method, path)
    if (corrected !== null) return redirectTo(corrected, request)
    if (allowed.length === 0 || options.disable_handle_method_not_allowed) return notFound()
    const answer = notAllowed()
    answer.headers.append('Allow', allowed.join(', '))
    return answer
  }
}

function correctedPath(parts: RouterParts, method: string, path: string): string | null {
  const { options, routes, below } = parts
  const toggled = path.endsWith('/') ? path.slice(0, -1) : `${path}/`
  if (!options.disable_redirect_trailing_slash) {
    if (routes.find(method, toggled) !== null || below.has(toggled)) return toggled
  }
  if (options.disable_redirect_fixed_path) return null
  const clean = cleanPath(path)
  const other = clean.endsWith('/') ? clean.slice(0, -1) : `${clean}/`
  return routes.findFolded(method, clean) ?? (other === '' ? null : routes.findFolded(method, other))
}

function ownAnswer(status: number, text: string, body: unknown, version: string): () => HttpResponse {
  const type = body === undefined ? 'text/plain' : 'application/json; charset=utf-8'
  const content = body === undefined ? text : JSON.stringify(body)
  const raw = ['Content-Type', type, 'X-Krakend', version, 'X-Krakend-Completed', 'false']
  return () => new HttpResponse(status, new HeaderList([...raw]), content)
}
