import type { Socket } from 'node:net'

/** So many requests may wait behind one; then nothing more is read before one of them is answered. */
const MOST_WAITING = 16

/**
 * Requests that a client sends without waiting for answers (RFC 9112, section 9.3.2): one after the other, so that one
 * connection keeps no more busy than one that waits, and that a request is carried out only if the answer to the one
 * before lets the connection go on.
 */
export class Pipeline {
  readonly #socket: Socket
  readonly #waiting: (() => void)[] = []
  #paused = false
  /** Waits for the client to read. */
  #drains = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** @param serve begins with the request, or drops it */
  add(serve: () => void): void {
    this.#waiting.push(serve)
    if (this.#waiting.length < MOST_WAITING || this.#paused) return
    this.#paused = true
    this.#socket.pause()
  }

  /** Begins with the next request; where the client has not read the answers before, once it has. */
  next(): void {
    if (this.#waiting.length === 0 || this.#drains) return
    if (this.#socket.writableNeedDrain) {
      this.#drains = true
      this.#socket.once('drain', () => {
        this.#drains = false
        this.next()
      })
      return
    }
    const serve = this.#waiting.shift()
    if (this.#paused && this.#waiting.length < MOST_WAITING / 2) {
      this.#paused = false
      this.#socket.resume()
    }
    serve?.()
  }
}
