import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A request that the backend received. */
export interface Received {
  readonly method: string
  /** Path and query as they stood on the request line. */
  readonly target: string
  readonly rawHeaders: readonly string[]
  /** All values of a field, in order. */
  values(name: string): string[]
  readonly body: string
}

/** What a route answers: data, or whatever a function does with the response. */
export type Reply =
  | {
      readonly status?: number
      readonly headers?: Readonly<Record<string, string | readonly string[]>>
      /** Sent as `application/json`, unless `headers` name another type. */
      readonly json?: unknown
      /** Sent as it is. */
      readonly body?: string | Uint8Array
    }
  | ((request: Received, response: ServerResponse) => void)

export interface Backend {
  /** `http://127.0.0.1:PORT`, as a `host` of a configuration. */
  readonly url: string
  readonly port: number
  /** Everything that arrived, in order. */
  readonly received: Received[]
}

/**
 * An HTTP server with scripted answers; closed after the test.
 * @param routes by path, or by `METHOD path`; a list answers one after the other, the last one for good. `*` takes what no
 *   other route does; without it that gets 404
 */
export async function startBackend(
  t: TestContext,
  routes: Readonly<Record<string, Reply | readonly Reply[]>>,
): Promise<Backend> {
  const received: Received[] = []
  const next = new Map<string, number>()
  const take = (request: Received, response: ServerResponse) => {
    received.push(request)
    const path = request.target.split('?', 1)[0] ?? ''
    const key = [`${request.method} ${path}`, path, '*'].find((candidate) => Object.hasOwn(routes, candidate))
    const route = key === undefined ? { status: 404 } : routes[key]
    const replies = Array.isArray(route) ? (route as readonly Reply[]) : [route as Reply]
    const turn = next.get(path) ?? 0
    next.set(path, turn + 1)
    answer(replies[Math.min(turn, replies.length - 1)] ?? {}, request, response)
  }
  const server = createServer((incoming, response) => {
    receive(incoming).then(
      (request) => take(request, response),
      () => response.destroy(), // the request broke off
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, received }
}

async function receive(incoming: IncomingMessage): Promise<Received> {
  const { method = '', url = '', rawHeaders } = incoming
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const values = (name: string) =>
    rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name.toLowerCase())
  return { method, target: url, rawHeaders, values, body: Buffer.concat(chunks).toString() }
}

function answer(reply: Reply, request: Received, response: ServerResponse): void {
  if (typeof reply === 'function') {
    reply(request, response)
    return
  }
  const { status = 200, headers = {}, json, body } = reply
  if (json !== undefined) response.setHeader('Content-Type', 'application/json')
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.writeHead(status).end(json === undefined ? body : JSON.stringify(json))
}
