/** Tells whether this gateway should get requests: whoever knows of a trouble adds a source. */
export class Readiness {
  readonly #sources: (() => readonly string[])[] = []

  /** @param troubles what keeps it from working now, each as a sentence for whoever runs the gateway; none: nothing does */
  add(troubles: () => readonly string[]): void {
    this.#sources.push(troubles)
  }

  /** Whether there is anybody who could tell of troubles. */
  get isFed(): boolean {
    return this.#sources.length > 0
  }

  /** Of all sources. */
  troubles(): readonly string[] {
    return this.#sources.flatMap((troubles) => troubles())
  }
}
