import { setMaxListeners } from 'node:events'

/** The signal of an instance's end, made when it is first asked for. */
export class EndSignal {
  #controller: AbortController | null = null
  #reason: Error | null = null

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      setMaxListeners(0, this.#controller.signal) // every call under way may listen; that is no leak
      if (this.#reason !== null) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  abort(): void {
    this.#reason ??= new Error('this instance of the plugin has been closed')
    this.#controller?.abort(this.#reason)
  }
}
