import type { TestContext } from 'node:test'

/** Readings of the memory, one after each reload, in MB. */
export interface Readings {
  add(mb: number): void
  /** The median of those after reloads `from` to `to`, counted from 1. */
  median(from: number, to: number): number
  highest(): number
  /** Adds every `step`th to what the test tells. */
  tell(t: TestContext, what: string, step: number): void
}

/** An empty series. */
export function createReadings(): Readings {
  const all: number[] = []
  return {
    add: (mb) => void all.push(mb),
    median(from, to) {
      const sorted = all.slice(from - 1, to).sort((a, b) => a - b)
      return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
    },
    highest: () => Math.max(...all),
    tell(t, what, step) {
      const shown = all.filter((_, index) => (index + 1) % step === 0).map((mb) => mb.toFixed(0))
      t.diagnostic(`${what}, MB, after every ${step}th reload: ${shown.join(' ')}`)
    },
  }
}
