import { HeaderList } from '../../pipes/headers.ts'
import { HttpResponse, type LazyHeaders } from '../../pipes/http.ts'
import type { StoredResponse } from './stored-response.ts'

/** One thread's record of a stored answer. */
export class KeptResponse implements LazyHeaders {
  readonly key: string
  readonly stored: StoredResponse
  /** Of two answers under one key the one with the later stamp counts. */
  readonly stamp: number
  /** What it takes of the cache's size: about what the message has on the wire. */
  readonly size: number
  /** Where in the shared memory it is noted when it was last used. */
  readonly place: number
  /** What stood there when its turn in the order of eviction was last looked at. */
  lastSeen: number
  readonly #headers: HeaderList
  readonly #body: Buffer | null

  constructor(key: string, stored: StoredResponse, stamp: number, place: number, lastSeen: number) {
    this.key = key
    this.stored = stored
    this.stamp = stamp
    this.place = place
    this.lastSeen = lastSeen
    this.size = sizeOf(stored)
    this.#headers = new HeaderList(stored.fields)
    this.#body = stored.body === null ? null : Buffer.from(stored.body)
  }

  /** A list of its own for each answer, made where somebody asks for it. */
  list(): HeaderList {
    return this.#headers.copy()
  }

  get(name: string): string | null {
    return this.#headers.get(name)
  }

  /**
   * The answer to one more request.
   * @param copies whether the body gets into the hands of somebody who might write to it
   */
  toResponse(copies: boolean): HttpResponse {
    const body = this.#body
    return new KeptAnswer(this, copies && body !== null ? Buffer.from(body) : body)
  }
}

/** An answer out of the cache. */
export class KeptAnswer extends HttpResponse {
  /** The same for all answers that are the same. */
  readonly kept: KeptResponse

  constructor(kept: KeptResponse, body: Buffer | null) {
    super(kept.stored.status, kept, body)
    this.kept = kept
  }
}

const STATUS_LINE_BYTES = 20

/** Bytes of status line, header fields and body. */
export function sizeOf({ fields, body }: Pick<StoredResponse, 'fields' | 'body'>): number {
  let bytes = STATUS_LINE_BYTES + (body?.byteLength ?? 0)
  for (const field of fields) bytes += field.length + 2
  return bytes
}
