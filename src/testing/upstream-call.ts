import type { HeaderList } from '../pipes/headers.ts'
import { type HttpRequest, splitUrl } from '../pipes/http.ts'

/**
 * A call that reached the double of an upstream.
 *
 * @example
 * const [call] = gateway.calls('http://users.test')
 * assert.equal(call?.method, 'POST')
 * assert.deepEqual(call.json(), { item: 'ink' })
 */
export interface UpstreamCall {
  readonly method: string
  /** Absolute, with the query. */
  readonly url: string
  /** Without the query, encoded. */
  readonly path: string
  readonly query: URLSearchParams
  /** What stood in the braces of the route, decoded; empty without a route. */
  readonly params: Readonly<Record<string, string>>
  readonly headers: HeaderList
  /** The whole body as text. */
  readonly body: string
  readonly bytes: Buffer
  /** The body, parsed. Throws SyntaxError when it is no JSON. */
  json<T = unknown>(): T
}

/** Takes down a call; its body is read to the end, and goes on being what the request holds. */
export async function recordCall(
  request: HttpRequest,
  params: Readonly<Record<string, string>>,
): Promise<UpstreamCall> {
  const bytes = await request.bytes()
  const body = bytes.toString('utf8')
  const { method, url } = request
  const path = pathOf(request)
  return {
    ...{ method, url, path, params, body, bytes },
    query: new URLSearchParams(splitUrl(url).target.slice(path.length)),
    headers: request.headers.copy(),
    json: () => JSON.parse(body),
  }
}

/** The path of a call; a host of the configuration may bring a part of it. */
export function pathOf(request: HttpRequest): string {
  const { target } = splitUrl(request.url)
  const mark = target.indexOf('?')
  return mark === -1 ? target : target.slice(0, mark)
}
