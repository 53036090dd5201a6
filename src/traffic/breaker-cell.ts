/**
 * A circuit breaker in shared memory: two 64-bit words, each changed by compare-and-exchange alone, so that all threads
 * see one breaker and none can leave it locked.
 *
 * | word | upper half | lower half |
 * |---|---|---|
 * | state | 29 generation, 2 phase | closed: failures in a row; half-open: whether a trial is under way |
 * | end | 18 time, 14 generation | 32 time: when the generation ends, in milliseconds |
 *
 * Each change of the phase, and each clearing of the counts, begins a generation. The end is written after the state: an
 * end of another generation counts as not yet written, and whoever finds it so writes it.
 */
export const BREAKER_BYTES = 16

export type Phase = 'closed' | 'open' | 'half-open'

export interface BreakerSettings {
  /** Failures in a row that are still borne; at most `MAX_ERRORS_LIMIT`. */
  readonly maxErrors: number
  /** While closed, the counts are cleared each time this has passed; 0: never. */
  readonly intervalMs: number
  /** How long it stays open. */
  readonly openMs: number
  /** After this time a trial that has not come to an end is taken for lost, with its thread, and another may begin. */
  readonly trialMs: number
  /** Milliseconds of a clock that is the same in all threads. */
  readonly now: () => number
  /** Told of each change of the phase by the thread that made it. */
  readonly changed: (from: Phase, to: Phase) => void
}

/** In place of a pass: the breaker is open. */
export const REFUSED_OPEN = -1
/** In place of a pass: another call tries whether the backend is back. */
export const REFUSED_TRIAL = -2

/** Larger numbers do not fit into the word. */
export const MAX_ERRORS_LIMIT = 2 ** 31 - 2

const CLOSED = 0
const OPEN = 1
const HALF_OPEN = 2
const PHASE_MASK = 3
const PHASES: readonly Phase[] = ['closed', 'open', 'half-open']

const GENERATION_MASK = 0x1fffffff
const END_GENERATION_MASK = 0x3fff
const END_UPPER_LIMIT = 2 ** 18
const UPPER = 2 ** 32
/** The generation has no end, or the state has changed meanwhile. */
const NO_END = Number.POSITIVE_INFINITY

/** Where the halves of a 64-bit word lie, in the byte order of this machine. */
const LOW = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1
const HIGH = 1 - LOW
const JOINED = new BigInt64Array(1)
const HALF = new Int32Array(JOINED.buffer)
const STATE = 0
const END = 1

/** A thread's view of a breaker. A state is named by its upper half, which is also the pass of the calls it lets through. */
export class Breaker {
  readonly #settings: BreakerSettings
  readonly #words: BigInt64Array
  readonly #halves: Int32Array

  constructor(cell: SharedArrayBuffer, settings: BreakerSettings) {
    this.#settings = settings
    this.#words = new BigInt64Array(cell)
    this.#halves = new Int32Array(cell)
    this.#endOf(this.#state(), settings.now()) // the first interval begins now
  }

  get phase(): Phase {
    return phaseName(this.#state())
  }

  /**
   * Asks to make a call.
   * @returns a pass, to be given back with the outcome, or `REFUSED_OPEN` or `REFUSED_TRIAL`
   */
  enter(): number {
    for (;;) {
      const state = this.#state()
      const phase = state & PHASE_MASK
      if (phase === CLOSED && this.#settings.intervalMs === 0) return state
      const low = this.#low()
      const nowMs = this.#settings.now()
      const ended = nowMs >= this.#endOf(state, nowMs)
      if (phase === CLOSED) {
        if (!ended) return state
        this.#begin(state, low, CLOSED, 0) // where that fails, another thread was faster
      } else if (ended || (phase === HALF_OPEN && low === 0)) {
        return this.#begin(state, low, HALF_OPEN, 1) ? next(state, HALF_OPEN) : REFUSED_TRIAL
      } else return phase === OPEN ? REFUSED_OPEN : REFUSED_TRIAL
    }
  }

  /** The call of that pass has succeeded. What belongs to an earlier generation counts no more. */
  succeeded(pass: number): void {
    for (;;) {
      if (this.#state() !== pass) return
      const low = this.#low()
      if ((pass & PHASE_MASK) === HALF_OPEN) {
        this.#begin(pass, low, CLOSED, 0)
        return
      }
      if (low === 0 || this.#exchange(STATE, pass, low, pass, 0)) return
    }
  }

  /** The call of that pass has failed. */
  failed(pass: number): void {
    const { maxErrors, intervalMs, now } = this.#settings
    for (;;) {
      if (this.#state() !== pass) return
      const low = this.#low()
      if ((pass & PHASE_MASK) === HALF_OPEN) {
        this.#begin(pass, low, OPEN, 0)
        return
      }
      if (intervalMs > 0) {
        const nowMs = now()
        if (nowMs >= this.#endOf(pass, nowMs)) return // of no interval any more
      }
      if (low >= maxErrors ? this.#begin(pass, low, OPEN, 0) : this.#exchange(STATE, pass, low, pass, low + 1)) return
    }
  }

  /** The call of that pass came to no result that says anything about the backend; a trial may be repeated. */
  abandoned(pass: number): void {
    if ((pass & PHASE_MASK) === HALF_OPEN && this.#state() === pass) this.#begin(pass, this.#low(), HALF_OPEN, 0)
  }

  /** Begins a generation; false when the state has changed meanwhile. */
  #begin(state: number, low: number, phase: number, nextLow: number): boolean {
    const nextState = next(state, phase)
    if (!this.#exchange(STATE, state, low, nextState, nextLow)) return false
    this.#endOf(nextState, this.#settings.now())
    const from = state & PHASE_MASK
    if (from !== phase) this.#settings.changed(phaseName(from), phaseName(phase))
    return true
  }

  /** When the generation of that state ends; writes it where no thread has. */
  #endOf(state: number, nowMs: number): number {
    const { intervalMs, openMs, trialMs } = this.#settings
    const phase = state & PHASE_MASK
    const lengthMs = phase === CLOSED ? intervalMs : phase === OPEN ? openMs : trialMs
    if (lengthMs === 0) return NO_END
    const generation = (state >>> 2) & END_GENERATION_MASK
    const high = Atomics.load(this.#halves, END * 2 + HIGH)
    const low = Atomics.load(this.#halves, END * 2 + LOW)
    if ((high & END_GENERATION_MASK) === generation && (high | low) !== 0) return (high >>> 14) * UPPER + (low >>> 0)
    // Read in this order, the end is of an earlier generation: a later one would show in the state.
    if (this.#state() !== state) return NO_END
    const end = Math.ceil(nowMs + lengthMs)
    const upper = Math.floor(end / UPPER) % END_UPPER_LIMIT
    this.#exchange(END, high, low, (upper << 14) | generation, (end % UPPER) | 0)
    return end
  }

  #state(): number {
    return Atomics.load(this.#halves, STATE * 2 + HIGH)
  }

  #low(): number {
    return Atomics.load(this.#halves, STATE * 2 + LOW)
  }

  #exchange(word: number, high: number, low: number, nextHigh: number, nextLow: number): boolean {
    const known = join(high, low)
    return Atomics.compareExchange(this.#words, word, known, join(nextHigh, nextLow)) === known
  }
}

/** The state that follows, in that phase; never negative, so that none is taken for a refusal. */
function next(state: number, phase: number): number {
  return ((((state >>> 2) + 1) & GENERATION_MASK) << 2) | phase
}

function phaseName(state: number): Phase {
  return PHASES[state & PHASE_MASK] ?? 'closed'
}

function join(high: number, low: number): bigint {
  HALF[HIGH] = high
  HALF[LOW] = low
  return JOINED[0] ?? 0n
}
