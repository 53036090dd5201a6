import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Lateness, type LatenessClock } from './lateness.ts'

const LIMIT_MS = 100

/** A thread whose time passes as the test says; looks come at the beginning of a turn, as timers do. */
class Thread implements LatenessClock {
  readonly lateness = new Lateness(this)
  looks = false
  #ms = 0
  #look = () => {}
  #ended: (() => void)[] = []

  now(): number {
    return this.#ms
  }

  every(_ms: number, look: () => void): () => void {
    this.looks = true
    this.#look = look
    return () => {
      this.looks = false
    }
  }

  afterTurn(then: () => void): void {
    this.#ended.push(then)
  }

  /**
   * One turn of the event loop: requests that are there, one after the other.
   * @param workMs what one that is taken costs
   * @returns how many were refused
   */
  turn(requests: number, workMs: number): number {
    let refused = 0
    if (this.looks) this.#look()
    for (let i = 0; i < requests; i++) {
      if (this.lateness.isTooLate(LIMIT_MS)) refused++
      else this.#ms += workMs
    }
    for (const then of this.#ended.splice(0)) then()
    return refused
  }

  /** Nothing is there to do. */
  rest(ms: number): void {
    for (let passed = 0; passed < ms; passed += 20) {
      this.#ms += 20
      if (this.looks) this.#look()
    }
  }
}

describe('Lateness', () => {
  test('a thread that has time takes everything', () => {
    const thread = new Thread()
    for (let i = 0; i < 1000; i++) {
      assert.equal(thread.turn(10, 1), 0)
      thread.rest(20)
    }
    assert.equal(thread.lateness.isBehind, false)
  })

  test('long steps, and a burst of a second, are no backlog', () => {
    const thread = new Thread()
    for (let i = 0; i < 10; i++) {
      assert.equal(thread.turn(1, 5_000), 0, 'one step of five seconds')
      assert.equal(thread.turn(5, 1), 0)
      thread.rest(40)
      assert.equal(thread.turn(1_000, 1), 0, 'a thousand at once')
      thread.rest(40)
    }
  })

  test('what is behind in the queue of a turn for a second is refused', () => {
    const thread = new Thread()
    const refused = thread.turn(3_000, 1)
    // 120 ms in time, another second, and what this turn takes when it has fallen behind.
    assert.ok(refused > 1_800 && refused < 1_900, `${refused} of 3000`)
    assert.equal(thread.lateness.isBehind, true)
  })

  test('late turns add up', () => {
    const thread = new Thread()
    assert.equal(thread.turn(150, 1), 0)
    assert.equal(thread.turn(450, 1), 0)
    assert.ok(thread.turn(1_350, 1) > 0)
  })

  test('while it is behind, each turn takes what it can do in a while, and one at least', () => {
    const thread = new Thread()
    thread.turn(3_000, 1)
    for (let i = 0; i < 100; i++) assert.equal(thread.turn(30, 1), 20)
    for (let i = 0; i < 100; i++) assert.equal(thread.turn(3, 50), 2)
  })

  test('half a second without a refusal, and it takes everything again', () => {
    const thread = new Thread()
    thread.turn(3_000, 1)
    assert.equal(thread.turn(30, 1), 20)
    for (let i = 0; i < 18; i++) {
      assert.equal(thread.turn(5, 1), 0)
      thread.rest(20)
    }
    assert.equal(thread.lateness.isBehind, true)
    thread.rest(100)
    assert.equal(thread.lateness.isBehind, false)
    assert.equal(thread.turn(900, 1), 0)
  })

  test('nobody looks when no request comes', () => {
    const thread = new Thread()
    thread.turn(1, 1)
    assert.equal(thread.looks, true)
    thread.rest(2_000)
    assert.equal(thread.looks, false)
    thread.turn(1, 1)
    assert.equal(thread.looks, true)
  })
})
