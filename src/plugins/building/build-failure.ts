/** A plugin cannot be built: what is wrong, what to do about it, and what Go has said. */
export class BuildFailure extends Error {
  override name = 'BuildFailure'
  /** Empty when the message says it. */
  readonly remedy: string
  /** The words of Go's own tools; empty when they said nothing. */
  readonly output: string

  constructor(message: string, remedy = '', output = '') {
    super(message)
    this.remedy = remedy
    this.output = output
  }
}
