import { BodyStream } from './body.ts'
import type { Context } from './context.ts'
import type { Message } from './http.ts'

/**
 * The whole body of a request that several calls get, null when it has none. Rejects with the context's reason when the
 * request is over before the client has sent all of it.
 * @param maxBytes see `Message.bytes`
 */
export async function wholeBody(
  request: Message,
  context: Context,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<Buffer | null> {
  const { body } = request
  if (body === null) return null
  if (!(body instanceof BodyStream)) return request.bytes({ maxBytes })
  const reading = { cancel: (reason: Error) => body.cancel(reason) }
  const bytes = request.bytes({ maxBytes })
  context.attach(reading)
  try {
    return await bytes
  } finally {
    context.detach(reading)
  }
}
