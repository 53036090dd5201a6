import { BodyStream } from '../../pipes/body.ts'
import type { Context } from '../../pipes/context.ts'
import { ClientGone } from '../../pipes/failure.ts'
import { type Handler, HttpRequest, HttpResponse, type HttpStage } from '../../pipes/http.ts'
import { parseCacheControl } from './cache-control.ts'
import { createFlights } from './flights.ts'
import type { KeptResponse } from './kept-response.ts'
import {
  AUTHORIZATION,
  type Credentials,
  NO_CREDENTIALS,
  OTHER_CREDENTIALS,
  refreshed,
  type StoredResponse,
} from './stored-response.ts'
import { type Asked, createStoring, type Outcome, type StoringOptions } from './storing.ts'
import { isFresh, isFreshFor, isUsableAfterError, matches } from './usable.ts'

export interface CachingOptions extends StoringOptions {
  /** Stands before every key: whose answers these are. */
  readonly scope: string
  /** Fields in lower case that tell who the user is, beside `authorization` and `cookie`. */
  readonly credentialFields: readonly string[]
  /** Calls for the same wait for each other. */
  readonly joins: boolean
}

/** What a request is to the cache, and the stored answer that is one to it, fresh or not. */
interface Looked extends Asked {
  readonly found: KeptResponse | undefined
}

type Call = (
  next: Handler,
  request: HttpRequest,
  context: Context,
  asked: Looked,
  settled: (outcome: Outcome) => void,
) => Promise<HttpResponse>

/** Keys whose answers could not be used again: calls for them do not wait for each other. */
const MAX_UNSHARED = 1000
/** Who asks for something only if it has changed, or for a part of it, is answered by the upstream (RFC 9110, 13.1 and 14.2). */
const CONDITIONS = ['if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since', 'if-range']

/** Answers GET and HEAD out of the cache, and stores what may be stored. Specification: traffic-security 5; RFC 9111. */
export function caching(options: CachingOptions): HttpStage {
  const { store, clock, scope, allowPrivate, passesOn, credentialFields, joins } = options
  const storing = createStoring(options)
  const flights = createFlights()
  const unshared = new Set<string>()

  const credentialsOf = (request: HttpRequest): Credentials => {
    if (allowPrivate) return NO_CREDENTIALS
    if (request.header('cookie') !== null) return OTHER_CREDENTIALS
    for (const name of credentialFields) if (request.header(name) !== null) return OTHER_CREDENTIALS
    return request.header('authorization') === null ? NO_CREDENTIALS : AUTHORIZATION
  }

  const find = (key: string, request: HttpRequest, credentials: Credentials): KeptResponse | undefined => {
    const kept = store.find(key)
    return kept !== undefined && matches(kept.stored, request, credentials) ? kept : undefined
  }

  const note = (key: string, outcome: Outcome): void => {
    if (outcome === 'shared') unshared.delete(key)
    if (outcome !== 'not shared') return
    if (unshared.size >= MAX_UNSHARED) unshared.clear()
    unshared.add(key)
  }

  /** Asks the upstream, with the validators of what is stored. */
  const call: Call = async (next, request, context, asked, settled) => {
    const { wishes, found } = asked
    const validates = found !== undefined && !wishes.has('no-cache') && isValidatedBy(request, found.stored)
    const standsIn = (): boolean => found !== undefined && isUsableAfterError(found.stored, wishes, clock.wallTime())
    let response: HttpResponse
    try {
      response = await next(validates ? withValidators(request, found.stored) : request, context)
    } catch (error) {
      settled('broken off')
      if (found === undefined || !standsIn() || context.cancelled instanceof ClientGone) throw error
      return found.toResponse(passesOn)
    }
    const { status } = response
    if (found === undefined) return storing(request, asked, response, settled)
    if (validates && status === 304) {
      discard(response)
      return confirmed(found, request, asked, response, settled)
    }
    if (status >= 500 && standsIn()) {
      settled('broken off')
      discard(response)
      return found.toResponse(passesOn)
    }
    if (status !== 200 && status !== 304) store.remove(asked.key)
    return storing(request, asked, response, settled)
  }

  /** The stored answer is still the upstream's: with newer fields, if it may still be stored. */
  const confirmed = (
    found: KeptResponse,
    request: HttpRequest,
    { key, credentials }: Asked,
    confirmation: HttpResponse,
    settled: (outcome: Outcome) => void,
  ): HttpResponse => {
    const now = clock.wallTime()
    const newer = refreshed(found.stored, request, confirmation.headers, { now, credentials, allowPrivate })
    const kept = newer === null ? found : store.put(key, newer)
    if (newer === null) store.remove(key)
    settled(newer !== null && isFresh(newer, now) ? 'shared' : 'not shared')
    return kept.toResponse(passesOn)
  }

  /** As `call`, or waits for another call that asks for the same. */
  const callOnce = async (
    next: Handler,
    request: HttpRequest,
    context: Context,
    asked: Looked,
  ): Promise<HttpResponse> => {
    const { key, credentials, wishes } = asked
    const noted = (outcome: Outcome): void => note(key, outcome)
    if (!joins || credentials !== NO_CREDENTIALS || wishes.size > 0 || unshared.has(key) || isConditional(request)) {
      return call(next, request, context, asked, noted)
    }
    const landing = flights.wait(key, context)
    if (landing !== null) {
      await landing
      const found = find(key, request, credentials)
      if (found !== undefined && isFresh(found.stored, clock.wallTime())) return found.toResponse(passesOn)
      return call(next, request, context, { ...asked, found }, noted)
    }
    const flight = flights.begin(key, context)
    return call(next, request, context, asked, (outcome) => {
      noted(outcome)
      flight.land()
    })
  }

  return (next) => (request, context) => {
    if (!isCacheable(request)) return next(request, context)
    const key = keyOf(scope, request)
    const credentials = credentialsOf(request)
    const found = find(key, request, credentials)
    const field = request.header('cache-control')
    if (field === null) {
      if (found !== undefined && isFresh(found.stored, clock.wallTime())) {
        return Promise.resolve(found.toResponse(passesOn))
      }
    }
    const asked = { key, credentials, found, wishes: parseCacheControl(field) }
    if (found !== undefined && isFreshFor(found.stored, asked.wishes, clock.wallTime())) {
      return Promise.resolve(found.toResponse(passesOn))
    }
    if (asked.wishes.has('only-if-cached')) return Promise.resolve(new HttpResponse(504))
    return callOnce(next, request, context, asked)
  }
}

/** A body would say more about what is asked for than the key does. */
function isCacheable(request: HttpRequest): boolean {
  const { method, body } = request
  if (method !== 'GET' && method !== 'HEAD') return false
  return (body === null || isEmpty(body)) && request.header('range') === null
}

function isEmpty(body: string | Uint8Array | BodyStream): boolean {
  return !(body instanceof BodyStream) && body.length === 0
}

/**
 * The URL, and with it the host that the client named: upstreams write it into their answers without saying so, and
 * anybody may put anything there.
 */
function keyOf(scope: string, request: HttpRequest): string {
  const { method, origin } = request
  const named = `${request.header('x-forwarded-host') ?? ''}\n${request.header('host') ?? ''}`
  return `${scope}\n${method === 'GET' ? '' : 'HEAD '}${origin}${request.currentTarget()}\n${named}`
}

/** Whether the upstream can be asked if the stored answer still is the right one. */
function isValidatedBy(request: HttpRequest, { etag, lastModified }: StoredResponse): boolean {
  return (etag !== null || lastModified !== null) && !isConditional(request)
}

function isConditional(request: HttpRequest): boolean {
  return CONDITIONS.some((name) => request.header(name) !== null)
}

/** A request of its own: whoever sends the first one again shall not send conditions that are not its own. */
function withValidators(request: HttpRequest, { etag, lastModified }: StoredResponse): HttpRequest {
  const { method, origin, remoteAddress } = request
  const headers = request.headers.copy()
  if (etag !== null) headers.append('If-None-Match', etag)
  if (lastModified !== null) headers.append('If-Modified-Since', lastModified)
  return new HttpRequest(method, request.currentTarget(), headers, null, origin, remoteAddress)
}

/** The connection is free again when the body has been read. */
function discard({ body }: HttpResponse): void {
  if (body instanceof BodyStream) body.pipeTo({ write: () => true, end: () => {}, fail: () => {} })
}
