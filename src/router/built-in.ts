import type { Context } from '../pipes/context.ts'
import { canonicalName, HeaderList } from '../pipes/headers.ts'
import { type Handler, type HttpRequest, HttpResponse } from '../pipes/http.ts'
import { percentDecode } from '../pipes/query.ts'
import { wholeBody } from '../pipes/whole-body.ts'
import type { Readiness } from '../shared/readiness.ts'
import type { Logger } from '../telemetry/logger.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

/**
 * `GET /__health`: the process answers (specification: core 3.6). While something keeps the gateway from working the status
 * is 503, and `problems` says what.
 */
export function healthEndpoint(readiness: Readiness): Handler {
  return async (_, { clock }) => {
    const now = goTime(clock.wallTime())
    const problems = readiness.troubles()
    if (problems.length === 0) return json({ agents: {}, now, status: 'ok' })
    return json({ agents: {}, now, problems, status: 'unavailable' }, 503)
  }
}

/** The answer to OPTIONS with `auto_options`. Specification: core 3.3. */
export function allowedMethods(methods: readonly string[], version: string): Handler {
  const raw = ['Allow', methods.toSorted().join(', '), 'X-Krakend', version]
  return async () => new HttpResponse(200, new HeaderList([...raw]))
}

/** `/__debug/…`: logs what arrived and answers pong. */
export function debugEndpoint(log: Logger): Handler {
  return async (request, context) => {
    log.debug(`Method: ${request.method}`)
    log.debug(`URL: ${request.target}`)
    log.debug(`Query: ${JSON.stringify(queryLists(request))}`)
    log.debug(`Params: ${JSON.stringify(context.params)}`)
    log.debug(`Headers: ${JSON.stringify(headerLists(request, true))}`)
    log.debug(`Body: ${await bodyOf(request, context)}`)
    return json({ message: 'pong' })
  }
}

/** `/__echo/…`: answers with the request. */
export const echoEndpoint: Handler = async (request: HttpRequest, context: Context) =>
  json({
    req_uri: request.target,
    req_uri_details: {
      user: '',
      host: request.headers.get('host') ?? '',
      path: percentDecode(request.path) ?? request.path,
      query: request.query.toString(),
      fragment: '',
    },
    req_method: request.method,
    req_querystring: queryLists(request),
    req_body: await bodyOf(request, context),
    req_headers: headerLists(request, false),
  })

async function bodyOf(request: HttpRequest, context: Context): Promise<string> {
  return (await wholeBody(request, context))?.toString('utf8') ?? ''
}

function json(value: unknown, status = 200): HttpResponse {
  return new HttpResponse(status, new HeaderList(['Content-Type', JSON_TYPE]), JSON.stringify(value))
}

function queryLists(request: HttpRequest): Record<string, string[]> {
  const entries = new Map<string, string[]>()
  for (const [name, value] of request.query) {
    const values = entries.get(name)
    if (values === undefined) entries.set(name, [value])
    else values.push(value)
  }
  return Object.fromEntries(entries)
}

function headerLists(request: HttpRequest, withHost: boolean): Record<string, string[]> {
  const entries = new Map<string, string[]>()
  for (const [name, value] of request.headers) {
    const canonical = canonicalName(name)
    if (canonical === 'Host' && !withHost) continue
    const values = entries.get(canonical)
    if (values === undefined) entries.set(canonical, [value])
    else values.push(value)
  }
  return Object.fromEntries(entries)
}

/** A moment as the reference prints it: `2026-01-02 15:04:05.000000000 +0000 UTC m=+1.0`, the last part the uptime. */
function goTime(milliseconds: number): string {
  const iso = new Date(milliseconds).toISOString()
  const uptime = process.uptime().toFixed(9)
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}000000 +0000 UTC m=+${uptime}`
}
