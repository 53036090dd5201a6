/** How often a busy thread looks, in milliseconds. */
const LOOK_MS = 20
/** A thread that has read late for so long is behind, in milliseconds; a single long step, and a burst, are no backlog. */
const LATE_MS = 1_000
/**
 * How long each turn of the event loop takes requests while the thread is behind, in milliseconds; the first it takes in any
 * case. Turns are to be short, for one connection is accepted in each.
 */
const TAKING_MS = 10
/** So long after the last refusal the thread is no longer behind, in milliseconds. */
const CALM_MS = 500
/** So long after the last request nobody looks any more, in milliseconds. */
const IDLE_MS = 1_000

/** What it looks at; the system's own by default. */
export interface LatenessClock {
  /** Milliseconds that only rise. */
  now(): number
  /** Returns what ends it. */
  every(ms: number, look: () => void): () => void
  /** When everything has been read that can be read now. */
  afterTurn(then: () => void): void
}

const SYSTEM: LatenessClock = {
  now: () => performance.now(),
  every(ms, look) {
    const timer = setInterval(look, ms).unref()
    return () => clearInterval(timer)
  },
  afterTurn: (then) => void setImmediate(then),
}

/**
 * Sees whether requests wait for long before this thread reads them: in the buffers of the system, where nobody can count
 * them. What is read late in a turn of the event loop has waited so long, and what comes behind it will. From then on each
 * turn takes requests for a while, and those that it reads later are to be refused: what is taken is answered in time again.
 */
export class Lateness {
  /** Whether more has come than the thread can do. */
  isBehind = false
  #lookedAt = 0
  #askedAt = 0
  #refusedAt = 0
  /** When a request was first read late, if none of the looks since was on time. */
  #lateSince: number | null = null
  #limitMs = 0
  /** When this turn of the event loop read its first request; null: it has read none. Known while the thread is behind. */
  #turnAt: number | null = null
  #stopLooking: (() => void) | null = null
  readonly #clock: LatenessClock

  readonly #endTurn = () => {
    this.#turnAt = null
  }

  constructor(clock: LatenessClock = SYSTEM) {
    this.#clock = clock
  }

  /**
   * Whether a request that has just been read comes too late to be taken.
   * @param limitMs how long requests may wait, in milliseconds
   */
  isTooLate(limitMs: number): boolean {
    const now = this.#clock.now()
    this.#askedAt = now
    this.#limitMs = limitMs
    if (this.#stopLooking === null) this.#begin(now)
    if (!this.isBehind && !this.#fallsBehind(now)) return false
    if (this.#turnAt === null) {
      this.#turnAt = now
      this.#clock.afterTurn(this.#endTurn)
    }
    if (now - this.#turnAt < TAKING_MS) return false
    this.#refusedAt = now
    return true
  }

  #fallsBehind(now: number): boolean {
    if (now - this.#lookedAt <= this.#limitMs + LOOK_MS) return false
    this.#lateSince ??= now
    this.isBehind = now - this.#lateSince >= LATE_MS
    if (this.isBehind) this.#refusedAt = now
    return this.isBehind
  }

  #look(): void {
    const now = this.#clock.now()
    const isOnTime = now - this.#lookedAt <= this.#limitMs + LOOK_MS
    this.#lookedAt = now
    if (isOnTime) this.#lateSince = null
    if (this.isBehind) this.isBehind = now - this.#refusedAt < CALM_MS
    if (now - this.#askedAt > IDLE_MS) this.#stop()
  }

  /** Looks no more until the next request comes. */
  #stop(): void {
    this.#stopLooking?.()
    this.#stopLooking = null
    this.isBehind = false
    this.#lateSince = null
  }

  #begin(now: number): void {
    this.#lookedAt = now
    this.#stopLooking = this.#clock.every(LOOK_MS, () => this.#look())
  }
}
