import { type Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import type { TestContext } from 'node:test'

export interface RequestOptions {
  readonly method?: string
  /** A list sends the field several times. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
  /** Keeps connections; without one each request has its own. */
  readonly agent?: Agent
}

/** A whole answer. */
export interface Answer {
  readonly status: number
  /** Every field as it arrived: name, value, name, value … */
  readonly rawHeaders: readonly string[]
  /** The first value of a field; null when it is absent. */
  header(name: string): string | null
  readonly body: string
  readonly bytes: Buffer
  json(): unknown
}

/** Sends a request on a connection of its own, unless an agent keeps some; the target goes out as it is. Rejects when the answer breaks off. */
export function request(port: number, target: string, options: RequestOptions = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, agent = false } = options
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const outgoing = httpRequest({
    ...{ host: '127.0.0.1', port, method, path: target, agent },
    headers: headers as Record<string, string | string[]>,
  })
  outgoing.on('error', reject).on('response', (incoming) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('error', reject)
    incoming.on('end', () => resolve(toAnswer(incoming.statusCode ?? 0, incoming.rawHeaders, Buffer.concat(chunks))))
  })
  outgoing.end(body)
  return promise
}

function toAnswer(status: number, rawHeaders: readonly string[], bytes: Buffer): Answer {
  const body = bytes.toString()
  return {
    status,
    rawHeaders,
    body,
    bytes,
    header: (name) => fieldOf(rawHeaders, name),
    json: () => JSON.parse(body) as unknown,
  }
}

function fieldOf(raw: readonly string[], name: string): string | null {
  const at = raw.findIndex((field, i) => i % 2 === 0 && field.toLowerCase() === name.toLowerCase())
  return at === -1 ? null : (raw[at + 1] ?? null)
}

/** A bare connection, for what no HTTP client sends. */
export interface RawConnection {
  write(text: string): void
  /** Everything received, once it matches. Rejects when the connection closes before. */
  until(pattern: RegExp): Promise<string>
  /** Everything received, once the connection is closed by the other side, orderly or not. */
  readonly closed: Promise<string>
  /** Breaks the connection off. */
  reset(): void
}

/** Connects to a port; closed after the test. */
export function connectRaw(t: TestContext, port: number): RawConnection {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1')
  t.after(() => socket.destroy())
  const closed = Promise.withResolvers<string>()
  let received = ''
  socket.on('data', (text: string) => {
    received += text
  })
  socket.on('error', () => {}) // a reset counts as closed
  socket.on('close', () => closed.resolve(received))
  return {
    write: (text) => void socket.write(text, 'latin1'),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => pattern.test(received) && resolve(received)
        look()
        socket.on('data', look)
        socket.on('close', () => reject(new Error(`closed before ${pattern} was received: ${received}`)))
      }),
    closed: closed.promise,
    reset: () => void socket.resetAndDestroy(),
  }
}
