import { type Clock, SYSTEM_CLOCK } from '../pipes/clock.ts'

/** Something that must be over at some time. */
export interface Limited {
  before: Limited | null
  after: Limited | null
  /** When it was added or last looked at (of the clock, milliseconds). */
  since: number
  /** When its time is up, as things stand now (of the clock, milliseconds). */
  dueAt(limitMs: number): number
  expire(): void
}

/**
 * One timer for everything that has the same limit: to enter and to leave costs a few assignments. An item is looked at
 * each time the limit has gone by since it was last looked at; so it expires at most one limit late.
 */
export class TimeLimit {
  readonly limitMs: number
  #head: Limited | null = null
  #tail: Limited | null = null
  #timing = false
  readonly #clock: Clock

  constructor(limitMs: number, clock: Clock = SYSTEM_CLOCK) {
    this.limitMs = limitMs
    this.#clock = clock
  }

  /** Starts the time of an item. */
  add(item: Limited, now: number): void {
    item.since = now
    item.before = this.#tail
    item.after = null
    if (this.#tail === null) this.#head = item
    else this.#tail.after = item
    this.#tail = item
    if (!this.#timing) this.#schedule(this.limitMs)
  }

  /** Takes out an item that was added and has not expired. */
  remove(item: Limited): void {
    if (item.before === null) this.#head = item.after
    else item.before.after = item.after
    if (item.after === null) this.#tail = item.before
    else item.after.before = item.before
    item.before = null
    item.after = null
  }

  #schedule(delayMs: number): void {
    this.#timing = true
    this.#clock.schedule(() => this.#sweep(), delayMs)
  }

  #sweep(): void {
    const now = this.#clock.now()
    let head = this.#head
    for (; head !== null && head.since + this.limitMs <= now; head = this.#head) {
      this.remove(head)
      if (head.dueAt(this.limitMs) > now) this.add(head, now)
      else head.expire()
    }
    this.#timing = false // not before: what is added above is last, and the timer is for the first
    if (head !== null) this.#schedule(head.since + this.limitMs - now)
  }
}
