import { Failure } from './failure.ts'
import type { HttpResponse } from './http.ts'

/**
 * The upstream answered with a status that is no success. Holds the answer, its body read (up to a limit).
 *
 * @example
 * catch (error) {
 *   if (!(error instanceof UpstreamStatusError) || error.response.status !== 404) throw error
 *   return { data: { items: [] } }
 * }
 */
export class UpstreamStatusError extends Failure {
  override name = 'UpstreamStatusError'
  /** The upstream's answer. */
  readonly response: HttpResponse
  /** Its body, cut at the limit that was read. */
  readonly upstreamBody: Buffer
  override readonly publicText: string

  /** @internal */
  constructor(response: HttpResponse, body: Buffer, method: string, urlPattern: string, url: string) {
    super(`invalid status code ${response.status} [${method} ${urlPattern}]: ${url}`)
    this.publicText = `invalid status code ${response.status}`
    this.response = response
    this.upstreamBody = body
  }
}
