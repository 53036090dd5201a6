import { type Descriptor, FILE_TYPE } from './descriptor.ts'
import { ERRNO, WasiError } from './errno.ts'
import { failureOf, type Question } from './resolver.ts'

const MAX_FIELD = 0xffff

/**
 * The answer to a question of the guest. When it is there it is read as fields, each with its length (two bytes) before it;
 * the first one is empty, or says what went wrong.
 */
export class Answer implements Descriptor {
  readonly type = FILE_TYPE.unknown
  readonly #question: Question
  #bytes: Buffer | null = null
  #wake: () => void

  /** @param wake told when the answer is there */
  constructor(question: Question, wake: () => void) {
    this.#question = question
    this.#wake = wake
    question.fields.then(
      (fields) => this.#tell(['', ...fields]),
      (error: Error) => this.#tell([failureOf(error)]),
    )
  }

  read(target: Uint8Array): number {
    if (this.#bytes === null) throw new WasiError(ERRNO.again)
    const length = this.#bytes.copy(target)
    this.#bytes = this.#bytes.subarray(length)
    return length
  }

  canRead(): boolean {
    return this.#bytes !== null
  }

  close(): void {
    this.#wake = () => {}
    this.#question.cancel()
  }

  #tell(fields: readonly string[]): void {
    const parts: Buffer[] = []
    for (const field of fields) {
      const bytes = Buffer.from(field).subarray(0, MAX_FIELD)
      const size = Buffer.alloc(2)
      size.writeUInt16LE(bytes.length)
      parts.push(size, bytes)
    }
    this.#bytes = Buffer.concat(parts)
    this.#wake()
  }
}
