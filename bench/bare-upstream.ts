/** How the hand-written side calls its upstream: undici's `dispatch` with one small handler object per call. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { type Dispatcher, Pool } from 'undici'

/** Data of an upstream's answer. */
export type Data = Record<string, unknown>

/** Called once with the decoded answer, or with null when the call failed. */
export type TakeData = (data: Data | null) => void

const pool = new Pool(process.env.UPSTREAM ?? 'http://127.0.0.1:9100', { connections: 250 })

/** Calls the upstream and parses its answer. */
export function fetchData(path: string, headers: string[], take: TakeData): void {
  pool.dispatch({ method: 'GET', path, headers }, new DataCall(take))
}

/** Calls the upstream and passes status, headers and body on as they come, with `extra` headers added. */
export function passThrough(path: string, headers: string[], response: ServerResponse, extra: readonly string[]): void {
  pool.dispatch({ method: 'GET', path, headers }, new StreamCall(response, extra))
}

class DataCall implements Dispatcher.DispatchHandler {
  readonly #take: TakeData
  #usable = false
  #gzip = false
  #first: Buffer | null = null
  #chunks: Buffer[] | null = null

  constructor(take: TakeData) {
    this.#take = take
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    this.#usable = status === 200 || status === 201
    this.#gzip = headers['content-encoding'] === 'gzip'
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#first === null) this.#first = chunk
    else if (this.#chunks === null) this.#chunks = [this.#first, chunk]
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#take(this.#usable && this.#first !== null ? this.#parse(this.#first) : null)
  }

  onResponseError(): void {
    this.#take(null)
  }

  #parse(first: Buffer): Data | null {
    const bytes = this.#chunks === null ? first : Buffer.concat(this.#chunks)
    try {
      const data: unknown = JSON.parse((this.#gzip ? gunzipSync(bytes) : bytes).toString('utf8'))
      return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Data) : null
    } catch {
      return null
    }
  }
}

class StreamCall implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  readonly #extra: readonly string[]

  constructor(response: ServerResponse, extra: readonly string[]) {
    this.#response = response
    this.#extra = extra
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    const fields = this.#extra.slice()
    for (const name in headers) {
      const value = headers[name]
      if (value === undefined || isHopByHop(name)) continue
      if (typeof value === 'string') fields.push(name, value)
      else for (const item of value) fields.push(name, item)
    }
    this.#response.writeHead(status, fields)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#response.write(chunk)) return
    controller.pause()
    this.#response.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    this.#response.end()
  }

  onResponseError(): void {
    if (this.#response.headersSent) this.#response.destroy()
    else this.#response.writeHead(500, this.#extra.slice()).end()
  }
}

/** Fields that are about one connection and must not be passed on (RFC 9110, section 7.6.1). */
function isHopByHop(name: string): boolean {
  return name === 'connection' || name === 'keep-alive' || name === 'transfer-encoding'
}
