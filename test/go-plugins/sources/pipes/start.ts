import type { TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { Answer, RequestOptions } from '../../../support/client.ts'
import { goPluginFolder } from '../../../support/go-plugin.ts'
import { type Reply, startBackend } from '../../../support/start-backend.ts'
import { startGateway } from '../../../support/start-gateway.ts'

const ROUTES: Readonly<Record<string, Reply>> = {
  '/data': { json: { secret: 1, open: 'x', list: [1, { a: null }] } },
  '/numbers': {
    headers: { 'Content-Type': 'application/json' },
    body: '{"a":12345678901234567890,"b":1.50,"c":[-7,1e3,-0]}',
  },
  '/list': { json: [1, { a: 2 }] },
  '/a': { json: { a: 1 } },
  '/b': { json: { b: 2, id: 'b7' } },
  '/fail': { status: 503, body: 'failed' },
  '/text': { headers: { 'X-Up': 'yes', 'Set-Cookie': ['a=1', 'b=2'], 'Content-Type': 'text/plain' }, body: 'hello' },
  '/zipped': { headers: { 'Content-Type': 'text/x' }, body: gzipSync('zipped') },
  '/large': { headers: { 'Content-Type': 'text/plain' }, body: 'z'.repeat(3_000_000) },
  '/setcookie': { headers: { 'Set-Cookie': 'jar=1; Path=/' }, json: {} },
  '/slow': () => {},
  // Anything else tells what it was sent.
  '*': ({ method, target, body, rawHeaders }, response) => {
    const fields = rawHeaders.flatMap((name, i) =>
      i % 2 === 0 && /^(x-(?!forwarded)|cookie)/i.test(name) ? [`${name}: ${rawHeaders[i + 1]}`] : [],
    )
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ sent: `${method} ${target} ${fields.sort().join(' ')} ${body}` }))
  },
}

/** An endpoint of a test: all keys but its path, which is made of its number. */
export type Endpoint = Readonly<Record<string, unknown>>

export type Send = (endpoint: Endpoint, options?: RequestOptions) => Promise<Answer>

/** A gateway with the plugins of this folder, and a function that asks one of the endpoints. */
export async function startPipes(t: TestContext, endpoints: readonly Endpoint[]): Promise<Send> {
  const backend = await startBackend(t, ROUTES)
  const folder = await goPluginFolder(t, { pipes: import.meta.dirname })
  const gateway = await startGateway(t, {
    host: [backend.url],
    timeout: '2s',
    plugin: { folder, pattern: '.so' },
    endpoints: endpoints.map((endpoint, i) => ({
      ...{ endpoint: `/e${i}/{id}`, input_headers: ['X-In'], input_query_strings: ['*'], ...endpoint },
    })),
    extra_config: { router: { return_error_msg: true } },
  })
  return (endpoint, options) => {
    const at = endpoints.indexOf(endpoint)
    return gateway.request(`/e${at}/7?q=1&gone=2`, { headers: { 'X-In': 'in' }, ...options })
  }
}

/** The namespace's object for one case. */
export function modifier(name: string, action: string): Record<string, unknown> {
  return { 'plugin/req-resp-modifier': { name: [name], case: action } }
}
