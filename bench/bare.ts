/**
 * The measure of all things here: the visible work of every case, written by hand on `node:http` and undici, one
 * process, one thread. No router, no configuration, no hooks: only what a careful author would write for these paths.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Data, fetchData, passThrough } from './bare-upstream.ts'

type Route = (request: IncomingMessage, response: ServerResponse) => void

const VERSION = 'Version bare'
const TYPE_JSON = 'application/json; charset=utf-8'
const NOT_COMPLETED = ['X-Krakend', VERSION, 'X-Krakend-Completed', 'false']
const NO_FIELDS: readonly string[] = []

const routes = new Map<string, Route>([
  ['/noop', (request, response) => passThrough('/small', upstreamHeaders(request), response, NOT_COMPLETED)],
  ['/noop-9k', (request, response) => passThrough('/large', upstreamHeaders(request), response, NOT_COMPLETED)],
  ['/json', (request, response) => answerData('/small', request, response)],
  ['/json-9k', (request, response) => answerData('/large', request, response)],
  [
    '/shaped',
    (request, response) =>
      fetchData('/small', upstreamHeaders(request), (data) => sendJson(response, data && shape(data))),
  ],
  ['/merged', answerMerged],
  ['/chain', answerChain],
])

// Without an idle timeout, as the reference's default is, and without a stream for requests that have no body:
// together a tenth of the CPU time of the short cases.
const server = createServer({ keepAliveTimeout: 0, optimizeEmptyRequests: true }, serve)
server.listen(Number(process.env.PORT ?? 9102), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))

function serve(request: IncomingMessage, response: ServerResponse): void {
  const route = routes.get(request.url ?? '')
  if (route !== undefined) route(request, response)
  else response.writeHead(404, ['Content-Type', 'text/plain', ...NOT_COMPLETED]).end('404 page not found')
}

function answerData(path: string, request: IncomingMessage, response: ServerResponse): void {
  fetchData(path, upstreamHeaders(request), (data) => sendJson(response, data))
}

/** What `allow: ["id", "name", "at.lat"]` and `mapping: { "id": "ident" }` do. */
function shape(data: Data): Data {
  const shaped: Data = {}
  if ('id' in data) shaped.ident = data.id
  if ('name' in data) shaped.name = data.name
  const at = data.at
  if (typeof at === 'object' && at !== null && 'lat' in at) shaped.at = { lat: at.lat }
  return shaped
}

/** Three calls at once; the answers are merged in the order of the list, whatever order they come in. */
function answerMerged(request: IncomingMessage, response: ServerResponse): void {
  const headers = upstreamHeaders(request)
  const parts: (Data | null)[] = [null, null, null]
  let missing = parts.length
  const take = (index: number, data: Data | null) => {
    parts[index] = data
    if (--missing === 0) sendJson(response, merge(parts), !parts.includes(null))
  }
  fetchData('/small', headers, (data) => take(0, data))
  fetchData('/small-b', headers, (data) => take(1, data))
  fetchData('/small-c', headers, (data) => take(2, data))
}

function merge(parts: readonly (Data | null)[]): Data | null {
  let merged: Data | null = null
  for (const part of parts) {
    if (part === null) continue
    if (merged === null) merged = part
    else for (const key in part) merged[key] = part[key]
  }
  return merged
}

/** The work of the plugins `bench-tenant` and `bench-upper`. */
function answerChain(request: IncomingMessage, response: ServerResponse): void {
  const tenant = request.headers['x-tenant']
  fetchData('/small', upstreamHeaders(request), (data) => {
    if (typeof data?.name === 'string') data.name = data.name.toUpperCase()
    sendJson(response, data, true, typeof tenant === 'string' ? ['X-Tenant-Seen', tenant] : NO_FIELDS)
  })
}

function sendJson(response: ServerResponse, data: Data | null, completed = true, extra = NO_FIELDS): void {
  if (data === null) {
    response.writeHead(500, [...NOT_COMPLETED, ...extra]).end()
    return
  }
  const body = JSON.stringify(data)
  const fields = [
    'Content-Type',
    TYPE_JSON,
    'X-Krakend',
    VERSION,
    'X-Krakend-Completed',
    completed ? 'true' : 'false',
    'Content-Length',
    String(Buffer.byteLength(body)),
  ]
  if (extra !== NO_FIELDS) fields.push(...extra)
  response.writeHead(200, fields)
  response.end(body)
}

/** What the gateway sends to every upstream (specification: core 2.2). */
function upstreamHeaders(request: IncomingMessage): string[] {
  return [
    'User-Agent',
    'Loligo Version bare',
    'X-Forwarded-For',
    request.socket.remoteAddress ?? '',
    'X-Forwarded-Host',
    request.headers.host ?? '',
    'Accept-Encoding',
    'gzip',
  ]
}
