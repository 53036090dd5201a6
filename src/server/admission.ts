import type { Logger } from '../telemetry/logger.ts'
import { Lateness } from './lateness.ts'

/** How much a server takes on at once. */
export interface AdmissionLimits {
  /** Requests that are being answered at once; more of them wait. Infinity: no limit. */
  readonly maxActive: number
  /**
   * How long a request may wait, in milliseconds; one that would wait longer is refused at once, and when this thread is
   * behind by more than that, so are those that it cannot do. 0: none waits, and nobody looks whether the thread is behind.
   */
  readonly maxQueueMs: number
}

/** A request that waits for others to be answered. */
interface Waiting {
  readonly serve: () => void
  readonly refuse: () => void
  readonly expiresAt: number
}

/** How much the last time between two answers counts. */
const WEIGHT = 0.1
/** How often the log tells of refusals, in milliseconds. */
const TELL_MS = 1_000

/**
 * Lets so many requests in at once, keeps a few waiting for a moment, and turns the rest away: what is let in is answered
 * in a time that stays the same however many ask, and what is turned away knows at once.
 */
export class Admission {
  active = 0
  #limits: AdmissionLimits
  /** The first in the list has waited longest. */
  readonly #queue: Waiting[] = []
  #expiry: NodeJS.Timeout | null = null
  /** The usual time from one answer to the next while requests wait, in milliseconds. */
  #intervalMs = 0
  #lastLeftAt = 0
  readonly #lateness = new Lateness()
  #refused = 0
  #refusedLate = 0
  #telling: NodeJS.Timeout | null = null
  readonly #log: () => Logger

  constructor(limits: AdmissionLimits, log: () => Logger) {
    this.#limits = limits
    this.#log = log
  }

  /** From the next request on these limits count. */
  limit(limits: AdmissionLimits): void {
    this.#limits = limits
  }

  /** Whether the request that has just been read may be served now: then `enter` and `leave` go around it. */
  opens(): boolean {
    return this.#hasRoom && !this.#isTooLate()
  }

  get #hasRoom(): boolean {
    return this.active < this.#limits.maxActive
  }

  #isTooLate(): boolean {
    const { maxActive, maxQueueMs } = this.#limits
    return maxQueueMs > 0 && maxActive !== Number.POSITIVE_INFINITY && this.#lateness.isTooLate(maxQueueMs)
  }

  enter(): void {
    this.active++
  }

  /** A request is answered: the next may come in. */
  leave(): void {
    this.active--
    if (this.#queue.length > 0) this.#admit()
  }

  /**
   * For a request that it did not open to: exactly one of the two is called, now or later.
   * @param serve enters
   */
  wait(serve: () => void, refuse: () => void): void {
    const { maxActive, maxQueueMs } = this.#limits
    const ahead = this.#queue.length
    if (this.#hasRoom) {
      this.#refusedLate++
      this.#refuse(refuse)
      return
    }
    if (maxQueueMs === 0 || ahead >= maxActive || ahead * this.#intervalMs > maxQueueMs) {
      this.#refuse(refuse)
      return
    }
    const now = performance.now()
    if (ahead === 0) this.#lastLeftAt = now
    this.#queue.push({ serve, refuse, expiresAt: now + maxQueueMs })
    if (this.#expiry === null) this.#expiry = setTimeout(() => this.#expire(), maxQueueMs)
  }

  #admit(): void {
    const now = performance.now()
    this.#intervalMs += WEIGHT * (now - this.#lastLeftAt - this.#intervalMs)
    this.#lastLeftAt = now
    while (this.#hasRoom) {
      const next = this.#queue.shift()
      if (next === undefined) break
      next.serve()
    }
    if (this.#queue.length > 0 || this.#expiry === null) return
    clearTimeout(this.#expiry)
    this.#expiry = null
  }

  #expire(): void {
    this.#expiry = null
    const now = performance.now()
    for (let first = this.#queue[0]; first !== undefined && first.expiresAt <= now; first = this.#queue[0]) {
      this.#queue.shift()
      this.#refuse(first.refuse)
    }
    const first = this.#queue[0]
    if (first !== undefined) this.#expiry = setTimeout(() => this.#expire(), Math.max(1, first.expiresAt - now))
  }

  #refuse(refuse: () => void): void {
    this.#refused++
    refuse()
    if (this.#telling !== null) return
    this.#tell()
    this.#telling = setInterval(() => this.#tell(), TELL_MS).unref()
  }

  /** At most one line a second, however many are refused. */
  #tell(): void {
    const [refused, late] = [this.#refused, this.#refusedLate]
    this.#refused = 0
    this.#refusedLate = 0
    const warn = (count: number, why: string) =>
      this.#log().warning(`[SERVICE: Gin] overload: ${count} requests refused with 503, for ${why}`)
    if (refused > late) warn(refused - late, `${this.active} are being answered (max_concurrent_requests)`)
    if (late > 0) warn(late, `more come than this thread can answer in time (max_queue_time)`)
    if (refused > 0) return
    if (this.#telling !== null) {
      clearInterval(this.#telling)
      this.#telling = null
    }
  }
}
