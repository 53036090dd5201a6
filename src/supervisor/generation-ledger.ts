/** Knows which generations of the gateway somebody still has: threads, and the supervisor for the one that counts. */
export class GenerationLedger {
  readonly #holders = new Map<number, number>()
  readonly #onUnused: (generation: number) => void

  /** @param onUnused runs when nobody has a generation any more; none is taken again after that */
  constructor(onUnused: (generation: number) => void) {
    this.#onUnused = onUnused
  }

  /** Notes a holder; the function that it gives takes that back, once. */
  hold(generation: number): () => void {
    this.#holders.set(generation, (this.#holders.get(generation) ?? 0) + 1)
    let held = true
    return () => {
      if (held) this.#release(generation)
      held = false
    }
  }

  #release(generation: number): void {
    const left = (this.#holders.get(generation) ?? 0) - 1
    if (left > 0) {
      this.#holders.set(generation, left)
      return
    }
    this.#holders.delete(generation)
    this.#onUnused(generation)
  }
}
