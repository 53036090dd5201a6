import type { BackendConfig } from '../config/model.ts'
import { createDecoder, type Decoder } from '../encoding/decoders.ts'
import { gunzip } from '../encoding/gzip.ts'
import { BodyStream } from '../pipes/body.ts'
import { type Handler, HttpRequest, type HttpResponse } from '../pipes/http.ts'
import { type DataObject, type Proxy, type ProxyRequest, ProxyResponse, ReusedResponse } from '../pipes/proxy.ts'
import { UnreadableAnswer } from '../pipes/unreadable-answer.ts'
import { UpstreamStatusError } from '../pipes/upstream-status-error.ts'
import { KeptAnswer, type KeptResponse } from '../traffic/http-cache/kept-response.ts'

const MAX_ERROR_BODY_BYTES = 1024 * 1024

/** Changes the decoded data: target, allow, deny, mapping, group, flatmap. */
export type Shape = (data: DataObject) => DataObject

/** Larger answers are decoded anew each time: what is made of them is not in the size of the cache. */
const MAX_REUSED_BYTES = 256 * 1024

/**
 * The innermost step of a backend whose answers are decoded: makes the HTTP request, calls, checks the status, decodes
 * and shapes. Specification: core 4.2, 5.1, 6.1.
 * @param maxBytes what an answer may have, after gzip
 * @param numberTexts whether plugins see its numbers as texts
 * @param reuses what is made of an answer out of the cache is made once: where nothing changes it on its way back
 */
export function createDecodingCall(
  backend: BackendConfig,
  shape: Shape | null,
  transport: Handler,
  maxBytes: number,
  numberTexts = false,
  reuses = false,
): Proxy {
  const decode = createDecoder(backend.encoding, backend.isCollection, numberTexts)
  const group = backend.group
  const made = reuses ? new WeakMap<KeptResponse, ReusedResponse>() : null
  return async (request, context) => {
    const http = toHttpRequest(request)
    const response = await transport(http, context)
    const kept = made !== null && response instanceof KeptAnswer ? response.kept : null
    const known = kept === null ? undefined : made?.get(kept)
    if (known !== undefined) return known
    if (response.status !== 200 && response.status !== 201) throw await statusError(backend, http, response)
    let data: DataObject | null
    try {
      const decoded = decodeBody(decode, response, maxBytes)
      data = decoded instanceof Promise ? await decoded : decoded
    } catch (error) {
      throw named(error, http)
    }
    if (data === null) return withoutData(shape, group)
    const shaped = shape === null ? data : shape(data)
    if (kept === null || kept.size > MAX_REUSED_BYTES) return new ProxyResponse(shaped, true)
    const reused = new ReusedResponse(shaped, true)
    made?.set(kept, reused)
    return reused
  }
}

/** The innermost step of a no-op endpoint: status, headers and body pass as they are, the body as a stream. */
export function createPassingCall(transport: Handler): Proxy {
  return async (request, context) => {
    const response = await transport(toHttpRequest(request), context)
    // The length of a body that HEAD leaves out: the client has not asked with HEAD and would wait for it.
    if (request.method === 'HEAD') response.headers.delete('content-length')
    return new ProxyResponse({}, true, response.status, response.headers, response.body)
  }
}

/**
 * The innermost step of a no-op backend under an endpoint that decodes: it adds no data, whatever its status; its text is
 * there for later calls of a sequence. Specification: core 5.3.
 */
export function createTextCall(transport: Handler): Proxy {
  return async (request, context) => {
    const http = toHttpRequest(request)
    const response = await transport(http, context)
    const bytes = await response.bytes().catch((error: unknown) => {
      throw named(error, http)
    })
    return new ProxyResponse({}, true, response.status, response.headers, bytes)
  }
}

/** The log names the call, too. */
function named(error: unknown, { method, origin, path }: HttpRequest): unknown {
  return error instanceof UnreadableAnswer ? error.ofCall(`${method} ${origin}${path}`) : error
}

function decodeBody(
  decode: Decoder,
  response: HttpResponse,
  maxBytes: number,
): DataObject | null | Promise<DataObject | null> {
  const bytes = response.whole()
  const compressed = isGzip(response)
  if (!compressed && !(bytes instanceof Promise)) return decode(bytes)
  return decodeLater(decode, bytes, compressed ? maxBytes : null)
}

/** Still in gzip: the client chose the encoding, so the transport has left it. */
function isGzip(response: HttpResponse): boolean {
  return response.header('content-encoding')?.toLowerCase() === 'gzip'
}

/** @param maxBytes of a body in gzip; null: it is in none */
async function decodeLater(
  decode: Decoder,
  bytes: Buffer | Promise<Buffer>,
  maxBytes: number | null,
): Promise<DataObject | null> {
  const whole = await bytes
  return decode(maxBytes === null ? whole : await gunzip(whole, maxBytes))
}

/** What `null` from the upstream becomes: a group still wraps it, everything else leaves it. */
function withoutData(shape: Shape | null, group: string): ProxyResponse {
  if (group !== '') return new ProxyResponse({ [group]: null }, true)
  return new ProxyResponse(shape === null ? null : shape({}), shape !== null)
}

async function statusError(
  backend: BackendConfig,
  http: HttpRequest,
  response: HttpResponse,
): Promise<UpstreamStatusError> {
  const { body } = response
  let bytes: Buffer
  if (body instanceof BodyStream) {
    bytes = await readUpTo(body, MAX_ERROR_BODY_BYTES)
  } else bytes = await response.bytes()
  if (isGzip(response)) bytes = await readable(bytes)
  return new UpstreamStatusError(response, bytes, http.method, backend.urlPattern, http.url)
}

/** The text of a compressed body; as it is where it was cut or is no gzip after all. */
async function readable(bytes: Buffer): Promise<Buffer> {
  try {
    return await gunzip(bytes, MAX_ERROR_BODY_BYTES)
  } catch {
    return bytes
  }
}

/** Reads a body to its end or to the limit; what breaks off gives what there was. */
function readUpTo(body: BodyStream, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let length = 0
    const done = () => resolve(Buffer.concat(chunks))
    body.pipeTo({
      write: (chunk) => {
        chunks.push(chunk)
        length += chunk.length
        if (length > maxBytes) body.cancel(new RangeError(`an error's body of more than ${maxBytes} bytes`))
        return true
      },
      end: done,
      fail: done,
    })
  })
}

/** Origins are few; each is cut into authority and base path once. */
const origins = new Map<string, { authority: string; basePath: string }>()
const MAX_ORIGINS = 1_000

function splitOrigin(origin: string): { authority: string; basePath: string } {
  let split = origins.get(origin)
  if (split === undefined) {
    const slash = origin.indexOf('/', origin.indexOf('://') + 3)
    split =
      slash === -1
        ? { authority: origin, basePath: '' }
        : { authority: origin.slice(0, slash), basePath: origin.slice(slash).replace(/\/$/, '') }
    if (origins.size >= MAX_ORIGINS) origins.clear()
    origins.set(origin, split)
  }
  return split
}

function toHttpRequest(request: ProxyRequest): HttpRequest {
  const { authority, basePath } = splitOrigin(request.origin)
  const { search } = request
  const target = search === '' ? basePath + request.path : `${basePath}${request.path}?${search}`
  return new HttpRequest(request.method, target, request.headers, request.body, authority)
}
