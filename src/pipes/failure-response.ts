import type { Failure } from './failure.ts'
import { HeaderList } from './headers.ts'
import { HttpResponse } from './http.ts'

const TEXT = 'text/plain; charset=utf-8'

/** The answer that a failure asks for, where no endpoint has one of its own: its status, its header fields, its body. */
export function failureResponse({ status, body = '', contentType, headers }: Failure): HttpResponse {
  const list = headers?.copy() ?? new HeaderList()
  if (body.length === 0) return new HttpResponse(status, list)
  if (!list.has('content-type')) list.append('Content-Type', contentType || TEXT)
  return new HttpResponse(status, list, body)
}
