import { BodyStream } from '../../pipes/body.ts'
import type { Clock } from '../../pipes/clock.ts'
import { type HttpRequest, HttpResponse } from '../../pipes/http.ts'
import type { Directives } from './cache-control.ts'
import { type Collected, collectBody } from './collect-body.ts'
import { sizeOf } from './kept-response.ts'
import type { ResponseStore } from './response-store.ts'
import { type Credentials, headOf, isReusable, type StoredHead } from './stored-response.ts'
import { isFresh } from './usable.ts'

export interface StoringOptions {
  readonly store: ResponseStore
  readonly clock: Clock
  /** Store what is meant for one user, and give it to all. */
  readonly allowPrivate: boolean
  /** All statuses are passed on with their bodies; otherwise only 200 and 201 are read. */
  readonly passesOn: boolean
  /** Something around the cache may change header fields before the body is read, and with them what becomes of it. */
  readonly fieldsMayChange: boolean
}

/** What a request is to the cache. */
export interface Asked {
  readonly key: string
  /** The request's own `Cache-Control`. */
  readonly wishes: Directives
  readonly credentials: Credentials
}

/** Whether an answer helps the next request too. */
export type Outcome = 'shared' | 'not shared' | 'broken off'

/** Fields that make an answer worth storing; without any of them it is passed on as it is. */
const TELLING = ['cache-control', 'expires', 'etag', 'last-modified']

/**
 * Makes the function that stores answers: it gives the answer to be passed on, which is stored when its body has been
 * read to the end.
 * @param settled is told once, as soon as it is known
 */
export function createStoring(options: StoringOptions) {
  const { store, clock, allowPrivate, passesOn, fieldsMayChange } = options
  const { maxEntryBytes } = store.limits

  const judge = (request: HttpRequest, asked: Asked, response: HttpResponse): StoredHead | null => {
    const { credentials, wishes } = asked
    const now = clock.wallTime()
    const head = headOf(request, response.status, response.headers, { now, credentials, allowPrivate })
    // A request that says how stale an answer may be finds a use for any.
    return head !== null && (wishes.size > 0 || isReusable(head, now)) ? head : null
  }

  const mayBeStored = ({ wishes }: Asked, response: HttpResponse): boolean => {
    if (wishes.has('no-store') || !isStorable(response.status, passesOn)) return false
    return fieldsMayChange || wishes.size > 0 || TELLING.some((name) => response.header(name) !== null)
  }

  return (
    request: HttpRequest,
    asked: Asked,
    response: HttpResponse,
    settled: (outcome: Outcome) => void,
  ): HttpResponse => {
    const candidate = mayBeStored(asked, response)
    const first = candidate ? judge(request, asked, response) : null
    if (!candidate || (first === null && !fieldsMayChange)) {
      settled('not shared')
      return response
    }
    let open = true
    const done = (collected: Collected): void => {
      if (!open) return
      open = false
      settled(typeof collected === 'string' ? outcomeOf(collected) : keep(collected))
    }
    const keep = (body: SharedArrayBuffer): Outcome => {
      const head = fieldsMayChange ? judge(request, asked, passed) : first
      if (head === null || sizeOf({ ...head, body }) >= maxEntryBytes) return 'not shared'
      store.put(asked.key, { ...head, body: body.byteLength === 0 ? null : body })
      return isFresh(head, clock.wallTime()) ? 'shared' : 'not shared'
    }
    const passed = withBody(response, maxEntryBytes, done)
    return passed
  }
}

function outcomeOf(failure: 'too long' | 'broken off'): Outcome {
  return failure === 'too long' ? 'not shared' : failure
}

/** The same answer with a body that is collected. */
function withBody(response: HttpResponse, maxBytes: number, done: (collected: Collected) => void): HttpResponse {
  const { body } = response
  if (body === null) {
    // Nobody reads what is not there: it is complete when whoever stands around the cache has seen it.
    queueMicrotask(() => done(new SharedArrayBuffer(0)))
    return response
  }
  if (body instanceof BodyStream && body.declaredLength >= maxBytes) {
    done('too long')
    return response
  }
  const passed = new HttpResponse(response.status, response.headers, collectBody(body, maxBytes, done))
  passed.trailers = response.trailers
  return passed
}

/** 206 is a part, 304 an answer about an answer (RFC 9111, sections 3 and 3.3). */
function isStorable(status: number, passesOn: boolean): boolean {
  if (status === 200 || status === 201) return true
  return passesOn && status !== 206 && status !== 304
}
