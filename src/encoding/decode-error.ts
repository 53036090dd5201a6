import { UnreadableAnswer } from '../pipes/unreadable-answer.ts'

/**
 * An upstream's body that is not what the backend's `encoding` says. The request fails with 500, or is incomplete in a
 * merge (specification: core 5.1).
 */
export class DecodeError extends UnreadableAnswer {
  override name = 'DecodeError'

  /**
   * @param encoding the name of the encoding, for messages
   * @param problem what is wrong; may quote the body, since it goes to the log alone
   */
  constructor(encoding: string, problem: string, cause?: unknown) {
    const text = `the upstream's body cannot be decoded as ${encoding}`
    super(`${text}: ${problem}`, text, cause)
  }
}
