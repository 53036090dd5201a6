import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** One connection to a raw backend. */
export interface RawPeer {
  readonly socket: Socket
  /** Position among the connections, from 0. */
  readonly connection: number
  /** Position among the requests of this connection, from 0. */
  readonly request: number
  /** Request line and fields of the request that has just arrived. */
  readonly head: string
}

export interface RawBackend {
  readonly url: string
  readonly port: number
  /** The heads of all requests, in order. */
  readonly heads: string[]
  readonly sockets: Socket[]
  /** By connection: resolves when it is closed, orderly or not, also when that has happened already. */
  readonly closed: Promise<void>[]
}

/** A TCP server that answers what no HTTP server would: `answer` runs for each head; bodies are not looked at. */
export async function startRawBackend(t: TestContext, answer: (peer: RawPeer) => void): Promise<RawBackend> {
  const heads: string[] = []
  const sockets: Socket[] = []
  const closed: Promise<void>[] = []
  const server = createServer((socket) => {
    const connection = sockets.push(socket) - 1
    let request = 0
    let received = ''
    socket.on('error', () => {})
    closed.push(new Promise((resolve) => void socket.once('close', () => resolve())))
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text
      const end = received.indexOf('\r\n\r\n')
      if (end === -1 || !/^[A-Z]+ \S+ HTTP\/1\.1\r\n/.test(received)) return
      const head = received.slice(0, end)
      received = ''
      heads.push(head)
      answer({ socket, connection, request: request++, head })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, heads, sockets, closed }
}

/** A whole answer with a JSON body. */
export function jsonAnswer(body: string, ...fields: string[]): string {
  const head = ['HTTP/1.1 200 OK', 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]
  return `${[...head, ...fields].join('\r\n')}\r\n\r\n${body}`
}
