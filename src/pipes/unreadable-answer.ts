import { Failure } from './failure.ts'

/** An upstream's answer came, and cannot be used as the configuration says. */
export class UnreadableAnswer extends Failure {
  override name = 'UnreadableAnswer'
  /** What clients may read: nothing of the body, and no address. */
  override readonly publicText: string
  #isNamed = false

  /** @param message may quote the body, for it goes to the log alone; `publicText` is what clients read */
  constructor(message: string, publicText = message, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.publicText = publicText
  }

  /** Adds the call to what the log tells: who reads an answer does not know it. */
  ofCall(call: string): this {
    if (!this.#isNamed) this.message = `${call}: ${this.message}`
    this.#isNamed = true
    return this
  }
}
