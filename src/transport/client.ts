import type { Handler } from '../pipes/http.ts'

/**
 * What calls upstreams. `handle` takes a request with an absolute URL and answers as soon as the head of the response is
 * there; the body streams. It rejects with a Failure when no response comes, and with the context's reason when the
 * request is over before.
 */
export interface HttpClient {
  readonly handle: Handler
  /** Closes all connections; calls under way fail. */
  close(): Promise<void>
}
