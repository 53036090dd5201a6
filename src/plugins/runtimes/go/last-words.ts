/** Lines that belong together are at most this far apart, in characters. */
const TOGETHER = 512
/** Longer lines are cut. */
const MOST_CHARACTERS = 1000

/** Why a Go program ends: the line of its panic or fatal error among all that it prints as standard error. */
export class LastWords {
  /** Empty as long as there are none. */
  words = ''
  /** A line of the run time's, which says more than the one of the fatal error that follows. */
  #before = ''
  #line = ''
  /** How much has come since that line. */
  #since = 0

  heard(text: string): void {
    this.#since += text.length
    if (!text.includes('\n')) {
      this.#line = (this.#line + text).slice(0, MOST_CHARACTERS)
      return
    }
    const lines = (this.#line + text).split('\n')
    this.#line = (lines.pop() ?? '').slice(0, MOST_CHARACTERS)
    for (const line of lines) this.#take(line.slice(0, MOST_CHARACTERS))
  }

  #take(line: string): void {
    if (line.startsWith('runtime: ')) {
      this.#before = line
      this.#since = 0
    } else if (line.startsWith('panic: ') || line.startsWith('fatal error: ')) {
      this.words = this.#before !== '' && this.#since <= TOGETHER ? this.#before : line
      this.#before = ''
    }
  }
}
