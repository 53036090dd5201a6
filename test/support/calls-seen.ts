import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A call that arrived at the upstream. */
export interface SeenCall {
  readonly method: string
  readonly target: string
  readonly fields: Readonly<Record<string, string>>
  /** Null until all of it has come; for good when it broke off. */
  body: string | null
}

/** An upstream that answers every whole call with `{"a":1}` and keeps what it saw; closed after the test. */
export async function startSeeingBackend(
  t: TestContext,
): Promise<{ readonly url: string; readonly calls: SeenCall[] }> {
  const calls: SeenCall[] = []
  const server = createServer((incoming, response) => {
    const call: SeenCall = {
      method: incoming.method ?? '',
      target: incoming.url ?? '',
      fields: incoming.headers as SeenCall['fields'],
      body: null,
    }
    calls.push(call)
    const chunks: Buffer[] = []
    incoming.on('error', () => {})
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      call.body = Buffer.concat(chunks).toString('latin1')
      response.setHeader('Content-Type', 'application/json')
      response.end('{"a":1}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
}
