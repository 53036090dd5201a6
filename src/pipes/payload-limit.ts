import { BodyStream } from './body.ts'
import type { Context, DeadlineQueue } from './context.ts'
import { HttpError } from './failure.ts'
import type { HttpRequest, HttpResponse, HttpStage } from './http.ts'
import { wholeBody } from './whole-body.ts'

/** What a request is refused with. Its connection closes: the client may be sending the rest for long. */
const CLOSE = { headers: { Connection: 'close' } }

/**
 * Refuses requests with longer bodies before anything behind it hears of them (`max_payload`; specification: enterprise
 * A13). A declared length decides at once; a body of unknown length is read first, so that nobody gets a part of one
 * that turns out too long. Null for no limit.
 * @param deadlines how long such a body may take to arrive
 */
export function payloadLimit(maxBytes: number | undefined, deadlines: () => DeadlineQueue): HttpStage | null {
  if (!maxBytes) return null
  const queue = deadlines()
  const tooLong = () => new HttpError(413, `the body is longer than ${maxBytes} bytes (max_payload)`, CLOSE)
  return (next) => {
    const readFirst = async (request: HttpRequest, context: Context): Promise<HttpResponse> => {
      const reading = context.child(queue)
      try {
        await wholeBody(request, reading, maxBytes)
      } catch (error) {
        throw error instanceof HttpError && error.status === 413 ? tooLong() : error
      } finally {
        context.release(reading)
      }
      return await next(request, context)
    }
    return (request, context) => {
      const { body } = request
      if (body === null) return next(request, context)
      const length = body instanceof BodyStream ? body.declaredLength : Buffer.byteLength(body)
      if (length > maxBytes) return Promise.reject(tooLong())
      return length >= 0 ? next(request, context) : readFirst(request, context)
    }
  }
}
