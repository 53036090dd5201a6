import type { ReadResponse } from './response-reader.ts'

/** What the parent asks of the load generator: first `prepare`, then `go`. */
export type LoadCommand =
  | {
      readonly kind: 'prepare'
      readonly port: number
      readonly path: string
      readonly connections: number
      /** Further lines of the request's head; of several, each request takes the next. */
      readonly fields: readonly string[]
    }
  /** Ends after `seconds` or `requests`, whichever comes first. */
  | { readonly kind: 'go'; readonly seconds: number; readonly requests: number }

/** What a round gave. */
export interface LoadResult {
  readonly requests: number
  readonly elapsedMs: number
  /** Latency in microseconds that half of the requests did not exceed. */
  readonly p50Us: number
  readonly p99Us: number
}

/** What the load generator answers: `ready` to `prepare`, `done` to `go`, `failed` to either. */
export type LoadReport =
  | ({ readonly kind: 'ready' } & ReadResponse)
  | ({ readonly kind: 'done' } & LoadResult)
  | { readonly kind: 'failed'; readonly reason: string }
