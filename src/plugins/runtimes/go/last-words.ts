const BEGINNING = /^(?:panic|fatal error|runtime): .*/m
/** Lines of one end are at most this far apart, in characters. */
const TOGETHER = 512
/** Longer lines are cut. */
const MOST_CHARACTERS = 1000

/** Why a Go program ends: the line of its panic or fatal error among all that it prints as standard error. */
export class LastWords {
  /** Empty as long as there are none. */
  words = ''
  #line = ''
  /** How much has come since. */
  #since = 0

  heard(text: string): void {
    this.#since += text.length
    const lines = (this.#line + text).split('\n')
    this.#line = (lines.pop() ?? '').slice(0, MOST_CHARACTERS)
    for (const line of lines) {
      if (!BEGINNING.test(line)) continue
      // Of lines that belong together the first says most: "runtime: out of memory: …", then "fatal error: out of memory".
      if (this.words === '' || this.#since > TOGETHER) this.words = line.slice(0, MOST_CHARACTERS)
      this.#since = 0
    }
  }
}
