/** Lines of a log in the order they were written, with a way to wait for one. */
export class Lines {
  readonly all: string[] = []
  readonly #waiting = new Map<RegExp, (line: string) => void>()
  readonly #counting = new Set<(line: string) => void>()

  add(line: string): void {
    this.all.push(line)
    for (const [pattern, resolve] of this.#waiting) {
      if (!pattern.test(line)) continue
      this.#waiting.delete(pattern)
      resolve(line)
    }
    for (const count of this.#counting) count(line)
  }

  /** The first line that matches, once there is one. */
  find(pattern: RegExp): Promise<string> {
    const line = this.all.find((written) => pattern.test(written))
    if (line !== undefined) return Promise.resolve(line)
    return new Promise((resolve) => this.#waiting.set(pattern, resolve))
  }

  /** All lines that match, once there are that many. */
  findAll(pattern: RegExp, count: number): Promise<string[]> {
    const found = this.all.filter((line) => pattern.test(line))
    if (found.length >= count) return Promise.resolve(found)
    return new Promise((resolve) => {
      const look = (line: string) => {
        if (!pattern.test(line) || found.push(line) < count) return
        this.#counting.delete(look)
        resolve(found)
      }
      this.#counting.add(look)
    })
  }
}
