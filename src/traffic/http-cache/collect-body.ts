import { type Body, BodyStream } from '../../pipes/body.ts'

/** The whole body; or why there is none. */
export type Collected = SharedArrayBuffer | 'too long' | 'broken off'

/**
 * A body that is collected while somebody reads it.
 * @param maxBytes so many, or more, are too long
 * @param done is told before the reader learns that the body has ended; perhaps several times, the first one counts
 */
export function collectBody(body: Body, maxBytes: number, done: (collected: Collected) => void): BodyStream {
  const from = body instanceof BodyStream ? body : BodyStream.from(body === null ? [] : [body])
  const collecting: BodyStream = new BodyStream(
    {
      start: () => from.pipeTo(collectingSink(collecting, maxBytes, done)),
      pause: () => {}, // what `push` returns has said so already
      resume: () => from.resume(),
      cancel: (reason) => {
        done('broken off')
        from.cancel(reason)
      },
    },
    from.declaredLength,
  )
  return collecting
}

function collectingSink(to: BodyStream, maxBytes: number, done: (collected: Collected) => void) {
  let chunks: Uint8Array[] | null = []
  let length = 0
  return {
    write(chunk: Uint8Array): boolean {
      length += chunk.length
      const flows = to.push(chunk)
      if (length >= maxBytes) {
        chunks = null
        done('too long')
      }
      if (chunks === null) return flows
      // What is kept anyway need not wait: nobody who waits for this answer shall depend on a slow reader.
      chunks.push(chunk)
      return true
    },
    end(): void {
      if (chunks !== null) done(join(chunks, length))
      to.end()
    },
    fail(error: Error): void {
      done('broken off')
      to.fail(error)
    },
  }
}

function join(chunks: readonly Uint8Array[], length: number): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(length)
  const bytes = new Uint8Array(memory)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return memory
}
