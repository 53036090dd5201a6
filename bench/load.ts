/**
 * The load generator: a process of its own that keeps C connections busy in a closed loop and answers its parent's
 * commands. Raw sockets and one buffer for all reads, so that it costs less than any side it measures.
 */
import { connect, type Socket } from 'node:net'
import { TENANT } from './cases.ts'
import { Histogram } from './histogram.ts'
import type { LoadCommand, LoadReport } from './load-messages.ts'
import { type ReadResponse, ResponseReader } from './response-reader.ts'

/** Nothing may take longer: opening the connections, or the answers still due when a round is over. */
const PATIENCE_MS = 10_000
const READ_BYTES = 65_536

const readBuffer = Buffer.allocUnsafe(READ_BYTES)
const histogram = new Histogram()
let connections: Connection[] = []
let running = false
let failed = false
let busy = 0
let left = 0
let endsAt = 0
let startedAt = 0
let patience: NodeJS.Timeout | undefined

/** The requests of all connections in turn. */
class Requests {
  readonly #heads: readonly Buffer[]
  #turn = 0

  constructor(port: number, path: string, fields: readonly string[]) {
    const variants = fields.length === 0 ? [null] : fields
    this.#heads = variants.map((field) => Buffer.from(requestHead(port, path, field)))
  }

  next(): Buffer {
    const head = this.#heads[this.#turn] as Buffer
    this.#turn = this.#turn + 1 === this.#heads.length ? 0 : this.#turn + 1
    return head
  }
}

class Connection {
  readonly reader = new ResponseReader()
  readonly #socket: Socket
  readonly #requests: Requests
  #sentAt = 0
  /** Called with every whole response. */
  onResponse: (connection: Connection, sentAt: number) => void

  constructor(port: number, requests: Requests, onResponse: (connection: Connection, sentAt: number) => void) {
    this.#requests = requests
    this.onResponse = onResponse
    const callback = (length: number) => {
      this.#read(length)
      return true
    }
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer: readBuffer, callback } })
    this.#socket.on('connect', () => this.send())
    this.#socket.on('error', (error) => fail(`a connection to port ${port} failed: ${error.message}`))
    this.#socket.on('close', () => fail(`port ${port} closed a connection`))
  }

  send(): void {
    this.#sentAt = performance.now()
    this.#socket.write(this.#requests.next())
  }

  close(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }

  #read(length: number): void {
    let whole: boolean
    try {
      whole = this.reader.push(readBuffer.subarray(0, length))
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error))
      return
    }
    if (whole) this.onResponse(this, this.#sentAt)
  }
}

process.on('message', (message) => {
  const command = message as LoadCommand
  if (command.kind === 'prepare') prepare(command)
  else go(command)
})
process.on('disconnect', () => process.exit(0))

/** Opens the connections; the answer of the first goes to the parent, which checks it. */
function prepare(command: LoadCommand & { kind: 'prepare' }): void {
  closeAll()
  failed = false
  waitFor('the first answers did not come')
  const requests = new Requests(command.port, command.path, command.fields)
  busy = command.connections
  let first: ReadResponse | undefined
  const onResponse = (connection: Connection) => {
    if (connection.reader.keep) first = connection.reader.text()
    connection.reader.keep = false
    if (--busy > 0 || first === undefined) return
    clearTimeout(patience)
    report({ kind: 'ready', ...first })
  }
  connections = Array.from({ length: command.connections }, () => new Connection(command.port, requests, onResponse))
  const [one] = connections
  if (one !== undefined) one.reader.keep = true
}

/** Keeps every connection busy until time or the number of requests is up, then waits for the answers still due. */
function go(command: LoadCommand & { kind: 'go' }): void {
  histogram.reset()
  running = true
  busy = connections.length
  left = command.requests - busy
  startedAt = performance.now()
  endsAt = startedAt + command.seconds * 1000
  waitFor('the answers did not come', command.seconds * 1000)
  for (const connection of connections) {
    connection.onResponse = onMeasured
    connection.send()
  }
}

function onMeasured(connection: Connection, sentAt: number): void {
  if (!running) return
  const now = performance.now()
  if (connection.reader.status !== 200) {
    fail(`an answer had status ${connection.reader.status} instead of 200`)
    return
  }
  histogram.record((now - sentAt) * 1000)
  if (now < endsAt && left > 0) {
    left--
    connection.send()
  } else if (--busy === 0) finish(now)
}

function finish(now: number): void {
  running = false
  clearTimeout(patience)
  const { total } = histogram
  const times = { elapsedMs: now - startedAt, p50Us: histogram.percentile(0.5), p99Us: histogram.percentile(0.99) }
  report({ kind: 'done', requests: total, ...times })
  closeAll()
}

function fail(reason: string): void {
  if (failed) return
  failed = true
  running = false
  clearTimeout(patience)
  closeAll()
  report({ kind: 'failed', reason })
}

function closeAll(): void {
  for (const connection of connections) connection.close()
  connections = []
}

function waitFor(what: string, extraMs = 0): void {
  clearTimeout(patience)
  patience = setTimeout(() => fail(`${what} within ${PATIENCE_MS} ms`), PATIENCE_MS + extraMs)
}

function report(message: LoadReport): void {
  process.send?.(message)
}

function requestHead(port: number, path: string, field: string | null): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'User-Agent: loligo-bench',
    'Accept: */*',
    `X-Tenant: ${TENANT}`,
    ...(field === null ? [] : [field]),
    '\r\n',
  ].join('\r\n')
}
