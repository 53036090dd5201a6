import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CounterTable, counterTableBytes } from './counter-table.ts'
import { interrupted } from './test-fixtures/interrupted.ts'

// Two tables over one cell are two threads. What one does is stopped before each of its steps on shared memory in turn,
// and there the other does its work, or the thread ends.

const TTL = { ttlMs: 100 }

/** What was there before, for each case anew; the clock stands at `nowMs`. */
interface Scene {
  readonly name: string
  readonly fill: (table: CounterTable) => unknown
  readonly nowMs: number
}

const SCENES: readonly (Scene & { readonly before: number })[] = [
  { name: 'a new key', fill: () => {}, nowMs: 0, before: 0 },
  { name: 'a counter that counts', fill: (table) => table.increment('key', 5, TTL), nowMs: 10, before: 5 },
  { name: 'a counter that never ends', fill: (table) => table.increment('key', 5), nowMs: 10, before: 5 },
  { name: 'a counter that has ended', fill: (table) => table.increment('key', 5, TTL), nowMs: 100, before: 0 },
  { name: 'a counter in a table where all have ended', fill: fillUp, nowMs: 100, before: 0 },
]

function fillUp(table: CounterTable): number {
  for (let other = 1; other < 32; other++) table.increment(`other ${other}`, 1, TTL)
  return table.increment('key', 5, TTL)
}

/** The numbers from the lowest to the highest. */
function inOrder(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((a, b) => a - b)
}

/** A maker of threads on a fresh table, and the clock's hand. */
function stage(scene: Scene): () => { thread: () => CounterTable; at: (ms: number) => void } {
  const filled = new SharedArrayBuffer(counterTableBytes(32))
  scene.fill(new CounterTable(filled, { now: () => 0 }))
  return () => {
    const cell = new SharedArrayBuffer(filled.byteLength)
    new Uint8Array(cell).set(new Uint8Array(filled))
    let nowMs = scene.nowMs
    return {
      thread: () => new CounterTable(cell, { now: () => nowMs }),
      at: (ms) => {
        nowMs = ms
      },
    }
  }
}

test('places become free while a new key looks for one', () => {
  // With every seed of the hash the key's places are searched in another order.
  for (let table = 0; table < 20; table++) {
    const set = stage({ name: 'all but one place taken', fill: (one) => fillUp(one) && one.delete('key'), nowMs: 0 })
    for (let step = 0, more = true; more; step++) {
      const { thread } = set()
      const [one, two] = [thread(), thread()]
      const got: number[] = []
      more = interrupted(
        step,
        () => got.push(one.increment('new', 1, TTL)),
        () => {
          for (let other = 1; other < 32; other++) two.delete(`other ${other}`)
          got.push(two.increment('new', 1, TTL))
        },
      )
      got.push(two.increment('new', 1, TTL), one.increment('new', 1, TTL))
      assert.deepEqual(inOrder(got), more ? [1, 2, 3, 4] : [1, 2, 3], `step ${step}`)
    }
  }
})

for (const scene of SCENES) {
  const set = stage(scene)

  test(`two threads count exactly: ${scene.name}`, () => {
    for (let step = 0, more = true; more; step++) {
      const { thread } = set()
      const [one, two] = [thread(), thread()]
      const got: number[] = []
      more = interrupted(
        step,
        () => got.push(one.increment('key', 1, TTL)),
        () => got.push(two.increment('key', 1, TTL)),
      )
      if (!more) got.push(two.increment('key', 1, TTL))
      assert.deepEqual(inOrder(got), [scene.before + 1, scene.before + 2], `step ${step}`)
      assert.equal(one.read('key'), scene.before + 2, `step ${step}`)
      assert.equal(one.evictions, 0)
    }
  })

  test(`a third thread in the middle of the second: ${scene.name}`, () => {
    for (let step = 0, more = true; more; step++) {
      for (let inner = 0, innerMore = true; innerMore && more; inner++) {
        const { thread } = set()
        const [one, two, three] = [thread(), thread(), thread()]
        const got: number[] = []
        more = interrupted(
          step,
          () => got.push(one.increment('key', 1, TTL)),
          () => {
            innerMore = interrupted(
              inner,
              () => got.push(two.increment('key', 1, TTL)),
              () => got.push(three.increment('key', 1, TTL)),
            )
          },
        )
        const expected = Array.from(got, (_, index) => scene.before + 1 + index)
        assert.deepEqual(inOrder(got), expected, `steps ${step} and ${inner}`)
      }
    }
  })

  test(`other keys take the places of what has ended: ${scene.name}`, () => {
    for (let step = 0, more = true; more; step++) {
      const { thread } = set()
      const [one, two] = [thread(), thread()]
      const got: number[] = []
      more = interrupted(
        step,
        () => got.push(one.increment('key', 1, TTL)),
        () => {
          for (let other = 0; other < 30; other++) assert.equal(two.increment(`new ${other}`, 1, TTL), 1)
          got.push(two.increment('key', 1, TTL))
        },
      )
      assert.deepEqual(inOrder(got), more ? [scene.before + 1, scene.before + 2] : [scene.before + 1], `step ${step}`)
      if (more) for (let other = 0; other < 30; other++) assert.equal(one.read(`new ${other}`), 1)
    }
  })

  test(`a counter is deleted before or after, never half: ${scene.name}`, () => {
    for (let step = 0, more = true; more; step++) {
      const { thread } = set()
      const [one, two] = [thread(), thread()]
      let got = 0
      let deleted = false
      more = interrupted(
        step,
        () => {
          got = one.increment('key', 1, TTL)
        },
        () => {
          deleted = two.delete('key')
        },
      )
      if (!more) continue
      // What was deleted is gone, and what came after it is there.
      assert.ok(got === 1 || got === scene.before + 1, `step ${step}: ${got}`)
      const counted = scene.before > 0 ? got === 1 : !deleted
      assert.equal(two.read('key'), counted ? got : 0, `step ${step}`)
      if (scene.before > 0) assert.ok(deleted)
    }
  })

  test(`the clock moves on in the middle: ${scene.name}`, () => {
    for (let step = 0, more = true; more; step++) {
      const { thread, at } = set()
      const [one, two] = [thread(), thread()]
      let got = 0
      let second = 0
      more = interrupted(
        step,
        () => {
          got = one.increment('key', 1, TTL)
        },
        () => {
          at(scene.nowMs + 1000)
          second = two.increment('key', 1, TTL)
        },
      )
      if (!more) continue
      const endless = scene.name.includes('never')
      if (endless) assert.deepEqual(inOrder([got, second]), [6, 7])
      // The first counted in the old window or, after the second, in the new one.
      else if (got === 2) assert.equal(second, 1, `step ${step}`)
      else assert.ok(second === 1 && got === scene.before + 1, `step ${step}: ${got}, ${second}`)
    }
  })

  test(`a thread that ends in the middle leaves a table that counts: ${scene.name}`, () => {
    for (let step = 0, more = true; more; step++) {
      const { thread, at } = set()
      const [one, two] = [thread(), thread()]
      const run = () =>
        interrupted(
          step,
          () => one.increment('key', 1, TTL),
          () => {
            throw new Error('ended')
          },
        )
      try {
        more = run()
      } catch (error) {
        assert.equal((error as Error).message, 'ended')
      }
      if (!more) continue
      const value = two.increment('key', 1, TTL)
      assert.ok(value === scene.before + 1 || value === scene.before + 2, `step ${step}: ${value}`)
      assert.equal(two.increment('key', 1, TTL), value + 1)
      // No slot is lost: when all that ends has ended, there is a place for as many as ever.
      at(10_000)
      const places = scene.name.includes('never') ? 31 : 32
      for (let other = 0; other < places; other++) assert.equal(two.increment(`new ${other}`), 1, `step ${step}`)
      assert.equal(two.evictions, 0)
    }
  })
  for (const options of [TTL, undefined]) {
    const how = options === undefined ? 'for good' : 'for a time'

    test(`a counter is set ${how} before or after it is counted: ${scene.name}`, () => {
      for (let step = 0, more = true; more; step++) {
        const { thread, at } = set()
        const [one, two] = [thread(), thread()]
        let counted = 0
        more = interrupted(
          step,
          () => one.set('key', 40, options),
          () => {
            counted = two.increment('key', 1, TTL)
          },
        )
        if (!more) continue
        // Between the end of the old count and the beginning of the new one there is none.
        assert.ok([1, 41, scene.before + 1].includes(counted), `step ${step}: ${counted}`)
        assert.equal(two.read('key'), counted === 41 ? 41 : 40, `step ${step}`)
        at(scene.nowMs + 100)
        assert.equal(one.read('key') > 0, options === undefined, `step ${step}`)
      }
    })

    test(`of two threads that set a counter ${how} one is the last: ${scene.name}`, () => {
      for (let step = 0, more = true; more; step++) {
        const { thread } = set()
        const [one, two] = [thread(), thread()]
        more = interrupted(
          step,
          () => one.set('key', 40, options),
          () => two.set('key', 50, TTL),
        )
        if (!more) continue
        const value = one.read('key')
        const { endsInMs } = two.hit('key', 0)
        const isOnes = value === 40 && endsInMs === (options?.ttlMs ?? Number.POSITIVE_INFINITY)
        assert.ok(isOnes || (value === 50 && endsInMs === 100), `step ${step}: ${value}, ${endsInMs}`)
      }
    })

    test(`a thread that ends while it sets a counter ${how} leaves a table that counts: ${scene.name}`, () => {
      for (let step = 0, more = true; more; step++) {
        const { thread, at } = set()
        const [one, two] = [thread(), thread()]
        try {
          more = interrupted(
            step,
            () => one.set('key', 40, options),
            () => {
              throw new Error('ended')
            },
          )
        } catch (error) {
          assert.equal((error as Error).message, 'ended')
        }
        if (!more) continue
        two.set('key', 60, TTL)
        assert.equal(two.increment('key', 1, TTL), 61, `step ${step}`)
        at(10_000)
        for (let other = 0; other < 32; other++) assert.equal(two.increment(`new ${other}`), 1, `step ${step}`)
        assert.equal(two.evictions, 0)
      }
    })
  }
}
