/**
 * A number of a JSON document that a double cannot hold, such as 9007199254740993 or 0.12345678901234567890. It keeps
 * its digits and is written as it was read; in arithmetic it behaves as the nearest double.
 *
 * @example
 * const { id } = response.data ?? {} // 9007199254740993 in the upstream's JSON
 * if (id instanceof ExactNumber) log.debug(id.text)
 * response.data = { next: new ExactNumber('9007199254740994') }
 */
export class ExactNumber {
  /** The number as it stands in the document. */
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  valueOf(): number {
    return Number(this.text)
  }

  toString(): string {
    return this.text
  }

  toJSON(): unknown {
    return rawJson(this.text)
  }
}

// Part of ECMAScript 2026, not yet in the compiler's library.
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON
