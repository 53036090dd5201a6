import type { PluginResponse } from 'loligo/plugin'

/**
 * Hands the whole body of an answer to `keep`, if it has at most `maxBytes`; the answer has it still. Bodies of a known
 * length are read first, others go on to the client meanwhile. What breaks off is not kept.
 */
export async function capture(
  response: PluginResponse,
  maxBytes: number,
  keep: (body: Uint8Array) => void,
): Promise<void> {
  const { body } = response
  const length = response.headers.get('content-length')
  if (Number(length ?? 0) > maxBytes) return
  const isStream = typeof body === 'object' && body !== null && !(body instanceof Uint8Array)
  if (isStream && length === null) response.body = passing(body, maxBytes, keep)
  else {
    const bytes = await response.bytes()
    if (bytes.length <= maxBytes) keep(bytes)
  }
}

async function* passing(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  keep: (body: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  let chunks: Uint8Array[] | null = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) chunks = null
    chunks?.push(chunk)
    yield chunk
  }
  if (chunks !== null) keep(Buffer.concat(chunks))
}
