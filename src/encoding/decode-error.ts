import { Failure } from '../pipes/failure.ts'

/**
 * An upstream's body that is not what the backend's `encoding` says. The request fails with 500, or is incomplete in a
 * merge (specification: core 5.1).
 */
export class DecodeError extends Failure {
  override name = 'DecodeError'
  /** The body may hold anything: none of it is shown to clients. */
  override readonly publicText: string

  /**
   * @param encoding the name of the encoding, for messages
   * @param problem what is wrong; may quote the body, since it goes to the log alone
   */
  constructor(encoding: string, problem: string, cause?: unknown) {
    super(
      `the upstream's body cannot be decoded as ${encoding}: ${problem}`,
      cause === undefined ? undefined : { cause },
    )
    this.publicText = `the upstream's body cannot be decoded as ${encoding}`
  }
}
