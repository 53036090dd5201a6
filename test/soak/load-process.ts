/**
 * An open-loop load generator: a process of its own that sends requests at a constant rate, however long answers take.
 * The time of a request runs from when it was due, so a gateway that stands still is seen in every request it held up.
 */
import { connect, type Socket } from 'node:net'
import { Histogram } from '../../bench/histogram.ts'
import { ResponseReader } from '../../bench/response-reader.ts'
import { type LoadCommand, type LoadPlan, type LoadReport, type SeenBody, sharedNow } from './load-messages.ts'

const PATIENCE_MS = 20_000
const MOST_PROBLEMS = 20
/** More bodies than this are not told apart: somebody put a counter into them. */
const MOST_BODIES = 2_000
const ASKS_TO_CLOSE = /\r\nconnection: *close/i

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

class Load {
  readonly #plan: LoadPlan
  readonly #heads: readonly string[]
  readonly #startedAt = sharedNow()
  readonly #free = new Queue<Connection>()
  readonly #open = new Set<Connection>()
  /** When those were due for which no connection is free. */
  readonly #waiting = new Queue<number>()
  #due = 0
  #sent = 0
  #answered = 0
  #lost = 0
  #unanswered = 0
  #closedIdle = 0
  #closedAsTold = 0
  #label = 'all'
  #stopped = false
  readonly #statuses: Record<string, number> = {}
  readonly #bodies = new Map<string, Mutable<SeenBody>>()
  readonly #latencies = new Map<string, { histogram: Histogram; maxUs: number }>()
  readonly #problems: string[] = []
  #finished: (() => void) | null = null

  constructor(plan: LoadPlan) {
    this.#plan = plan
    const close = plan.fresh ? 'Connection: close\r\n' : ''
    this.#heads = plan.paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${plan.port}\r\n${close}\r\n`)
    if (!plan.fresh) for (let index = 0; index < plan.connections; index++) this.#connect()
    this.#tick()
  }

  set label(label: string) {
    this.#label = label
  }

  async stop(): Promise<LoadReport> {
    this.#stopped = true
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#finished = resolve
    const { patienceMs = PATIENCE_MS } = this.#plan
    const limit = setTimeout(() => {
      this.#problem(`${this.#due - this.#answered - this.#lost} requests were not answered in ${patienceMs} ms`)
      resolve()
    }, patienceMs)
    this.#settle()
    await promise
    clearTimeout(limit)
    for (const connection of this.#open) connection.destroy()
    return this.#report()
  }

  #report(): LoadReport {
    const [due, answered, lost] = [this.#due, this.#answered, this.#lost]
    const latencies = Array.from(this.#latencies, ([label, { histogram, maxUs }]) => ({
      ...{ label, requests: histogram.total, maxUs },
      ...{ p50Us: histogram.percentile(0.5), p99Us: histogram.percentile(0.99) },
    }))
    const closed = { closedIdle: this.#closedIdle, closedAsTold: this.#closedAsTold }
    const seen = { statuses: this.#statuses, bodies: [...this.#bodies.values()], problems: this.#problems }
    return { due, answered, lost, unanswered: this.#unanswered, ...closed, ...seen, latencies }
  }

  #tick(): void {
    const { rate, fresh, connections } = this.#plan
    if (rate !== null) {
      const dueNow = this.#stopped ? 0 : Math.floor(((sharedNow() - this.#startedAt) * rate) / 1000) + 1
      for (; this.#due < dueNow; this.#due++) this.#waiting.push(this.#startedAt + (this.#due * 1000) / rate)
    }
    if (fresh) while (this.#waiting.length > this.#unused() && this.#open.size < connections) this.#connect()
    this.#dispatch()
    setTimeout(() => this.#tick(), 1)
  }

  #unused(): number {
    return [...this.#open].filter(({ busy }) => !busy).length
  }

  #dispatch(): void {
    if (this.#plan.rate === null && !this.#stopped) {
      for (; this.#waiting.length < this.#free.length; this.#due++) this.#waiting.push(sharedNow())
    }
    for (let many = Math.min(this.#waiting.length, this.#free.length); many > 0; many--) {
      const head = this.#heads[this.#sent++ % this.#heads.length]
      this.#free.shift().send(head ?? '', this.#waiting.shift(), this.#label)
    }
  }

  #connect(): void {
    const connection = new Connection(this.#plan.port, {
      onOpen: () => {
        this.#free.push(connection)
        this.#dispatch()
      },
      onAnswer: () => this.#answer(connection),
      onClose: (reason) => this.#close(connection, reason),
    })
    this.#open.add(connection)
  }

  #answer(connection: Connection): void {
    const now = sharedNow()
    const { reader, dueAt, sentAt, label } = connection
    const { status, head, body } = reader.text()
    if (this.#answered++ === 0) process.send?.('answered')
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1
    if (status === 200) this.#see(body, now, sentAt)
    this.#measure(status === 503 ? `${label}, refused` : label, Math.round((now - dueAt) * 1000))
    if (ASKS_TO_CLOSE.test(head)) {
      if (!this.#plan.fresh) this.#closedAsTold++
      this.#open.delete(connection)
      connection.destroy()
      if (!this.#plan.fresh) this.#connect()
    } else {
      this.#free.push(connection)
      this.#dispatch()
    }
    this.#settle()
  }

  #measure(label: string, tookUs: number): void {
    const latency = this.#latencies.get(label) ?? { histogram: new Histogram(), maxUs: 0 }
    this.#latencies.set(label, latency)
    latency.histogram.record(tookUs)
    latency.maxUs = Math.max(latency.maxUs, tookUs)
  }

  #see(body: string, now: number, sentAt: number): void {
    const seen = this.#bodies.get(body)
    if (seen !== undefined) {
      seen.count++
      seen.lastSentAt = Math.max(seen.lastSentAt, sentAt)
    } else if (this.#bodies.size < MOST_BODIES) {
      this.#bodies.set(body, { body, count: 1, firstAt: now, lastSentAt: sentAt })
    }
  }

  #close(connection: Connection, reason: string): void {
    if (!this.#open.delete(connection)) return
    this.#free.remove(connection)
    // A fresh one is opened for a request: if it never opens, or closes before, that request is lost.
    if (connection.busy || !connection.opened) {
      this.#lost++
      if (connection.busy) this.#unanswered++
      if (!connection.busy && this.#waiting.length > 0) this.#waiting.shift()
      this.#problem(`${connection.busy ? 'unanswered' : 'not opened'}: ${reason}`)
    } else this.#closedIdle++
    if (!this.#plan.fresh && !this.#stopped) this.#connect()
    this.#settle()
  }

  #problem(text: string): void {
    const { length } = this.#problems
    if (length < MOST_PROBLEMS) this.#problems.push(`${(sharedNow() - this.#startedAt).toFixed(0)} ms: ${text}`)
  }

  #settle(): void {
    if (this.#stopped && this.#answered + this.#lost === this.#due) this.#finished?.()
  }
}

/** First in, first out; what is taken out of a long array one by one moves all the rest. */
class Queue<T> {
  #items: T[] = []
  #first = 0

  get length(): number {
    return this.#items.length - this.#first
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** @throws RangeError when there is none */
  shift(): T {
    if (this.length === 0) throw new RangeError('the queue is empty')
    const item = this.#items[this.#first++] as T
    if (this.#first > 1000 && this.#first > this.length) this.#cut()
    return item
  }

  remove(item: T): void {
    this.#cut()
    const at = this.#items.indexOf(item)
    if (at !== -1) this.#items.splice(at, 1)
  }

  #cut(): void {
    this.#items = this.#items.slice(this.#first)
    this.#first = 0
  }
}

interface ConnectionEvents {
  readonly onOpen: () => void
  readonly onAnswer: () => void
  /** Closed by the other side, or broken. */
  readonly onClose: (reason: string) => void
}

class Connection {
  readonly reader = new ResponseReader()
  opened = false
  busy = false
  dueAt = 0
  sentAt = 0
  label = ''
  readonly #socket: Socket
  readonly #events: ConnectionEvents

  constructor(port: number, events: ConnectionEvents) {
    this.#events = events
    this.reader.keep = true
    let reason = 'closed'
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.on('connect', () => {
      this.opened = true
      events.onOpen()
    })
    this.#socket.on('error', (error) => {
      reason = error.message
    })
    this.#socket.on('end', () => this.#socket.destroy())
    this.#socket.on('close', () => events.onClose(reason))
    this.#socket.on('data', (bytes: Buffer) => this.#take(bytes))
  }

  send(head: string, dueAt: number, label: string): void {
    Object.assign(this, { busy: true, dueAt, label, sentAt: sharedNow() })
    this.#socket.write(head)
  }

  destroy(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }

  #take(bytes: Buffer): void {
    try {
      if (!this.reader.push(bytes)) return
    } catch (error) {
      this.#socket.destroy(error as Error)
      return
    }
    this.busy = false
    this.#events.onAnswer()
  }
}

let load: Load | null = null

process.on('message', (command: LoadCommand) => {
  if (command.kind === 'start') load = new Load(command)
  else if (command.kind === 'label') {
    if (load !== null) load.label = command.label
  } else void load?.stop().then((report) => process.send?.(report))
})
process.on('disconnect', () => process.exit(0))
