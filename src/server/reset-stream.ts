import type { ServerHttp2Stream } from 'node:http2'
import type { DeadlineQueue } from '../pipes/context.ts'
import { ClientGone } from '../pipes/failure.ts'
import { guard } from './guard.ts'

/**
 * Breaks an answer off, or refuses to give one; the other streams of the connection go on. Not by `close`, which ends an
 * answer that has begun as if it were whole.
 */
export function resetStream(stream: ServerHttp2Stream): void {
  stream.destroy(new ClientGone()) // any error: the client is told of an internal one
}

/** `read_timeout`: the request has not arrived in time. */
export function guardReading(deadlines: DeadlineQueue, stream: ServerHttp2Stream): void {
  guard(deadlines, stream, () => {
    if (!stream.readableEnded) resetStream(stream)
  })
}
