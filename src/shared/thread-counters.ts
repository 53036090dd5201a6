/**
 * What each gateway thread tells about itself in shared memory, without a message: only the thread writes its row, so
 * plain numbers do; whoever reads sees values that are at most one beat old.
 */
export interface ThreadCounters {
  /** Requests that arrived, those of former threads of the same row among them. */
  readonly requests: number
  /** Requests under way at the last beat. */
  readonly active: number
  /** Grows as long as the thread's event loop turns. */
  readonly beats: number
  /** Which configuration the thread serves: 1 is the one of the start. */
  readonly generation: number
  /** Gateways that are not closed yet: the one that serves, one that is built beside, and those with requests under way. */
  readonly generations: number
}

const COLUMNS = { requests: 0, active: 1, beats: 2, generation: 3, generations: 4 } as const

/** A row fills a cache line (64 bytes), so that threads do not slow each other down. */
const ROW = 8

/** The cell in which every gateway thread has its row. */
export const COUNTERS_CELL = 'supervisor|thread-counters'

/** How many rows there are: two threads of one place live while one takes over from the other. */
export function rowsFor(threads: number): number {
  return 2 * threads
}

/** Bytes of the cell that holds that many rows. */
export function counterBytes(rows: number): number {
  return rows * ROW * Float64Array.BYTES_PER_ELEMENT
}

/** The row of one thread, to be written by that thread alone, and by its supervisor when the thread has ended. */
export class CounterRow {
  readonly #values: Float64Array
  readonly #start: number

  constructor(cell: SharedArrayBuffer, index: number) {
    this.#values = new Float64Array(cell)
    this.#start = index * ROW
  }

  countRequest(): void {
    const at = this.#start + COLUMNS.requests
    this.#values[at] = (this.#values[at] ?? 0) + 1
  }

  /** The event loop has turned; `active` requests are under way. */
  beat(active: number): void {
    const at = this.#start + COLUMNS.beats
    this.#values[at] = (this.#values[at] ?? 0) + 1
    this.#values[this.#start + COLUMNS.active] = active
  }

  setGeneration(generation: number): void {
    this.#values[this.#start + COLUMNS.generation] = generation
  }

  setGenerations(live: number): void {
    this.#values[this.#start + COLUMNS.generations] = live
  }

  /** The thread is gone: nothing is under way any more. What it has counted stays. */
  end(): void {
    for (const column of [COLUMNS.active, COLUMNS.beats, COLUMNS.generation, COLUMNS.generations]) {
      this.#values[this.#start + column] = 0
    }
  }

  read(): ThreadCounters {
    const at = (column: keyof typeof COLUMNS) => this.#values[this.#start + COLUMNS[column]] ?? 0
    return {
      requests: at('requests'),
      active: at('active'),
      beats: at('beats'),
      generation: at('generation'),
      generations: at('generations'),
    }
  }
}

/** The sum over all rows of what can be added up. */
export function sumCounters(
  cell: SharedArrayBuffer,
  rows: number,
): { readonly requests: number; readonly active: number } {
  let requests = 0
  let active = 0
  for (let index = 0; index < rows; index++) {
    const row = new CounterRow(cell, index).read()
    requests += row.requests
    active += row.active
  }
  return { requests, active }
}
