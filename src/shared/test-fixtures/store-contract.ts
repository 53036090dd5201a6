import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { SharedStore } from '../shared-store.ts'

/** Opens an empty store of that size, whose clock is the first number of `clock`, and closes it after the test. */
export type OpenStore = (
  t: TestContext,
  options: { readonly clock: Float64Array<SharedArrayBuffer>; readonly maxBytes?: number },
) => Promise<SharedStore>

/** What every way to a store has to do. */
export function testSharedStore(way: string, open: OpenStore): void {
  const clock = () => new Float64Array(new SharedArrayBuffer(8))

  test(`${way}: a value comes back as a copy`, async (t) => {
    const store = await open(t, { clock: clock() })
    const values = [null, false, 0, 'text', 2n ** 70n, [1, { a: new Map([['k', new Set([1])]]) }], new Date(5)]
    for (const [index, value] of values.entries()) {
      await store.set(`key ${index}`, value)
      assert.deepEqual(await store.get(`key ${index}`), value)
    }
    const bytes = new Uint8Array([1, 2, 3])
    await store.set('bytes', { bytes })
    bytes[0] = 9
    const got = (await store.get('bytes')) as { bytes: Uint8Array }
    assert.deepEqual([...got.bytes], [1, 2, 3])
    got.bytes[1] = 9
    assert.deepEqual([...((await store.get('bytes')) as { bytes: Uint8Array }).bytes], [1, 2, 3])
  })

  test(`${way}: what is not there is undefined, and deleted only once`, async (t) => {
    const store = await open(t, { clock: clock() })
    assert.equal(await store.get('a'), undefined)
    assert.equal(await store.delete('a'), false)
    await store.set('a', 1)
    await store.set('a', 2)
    assert.equal(await store.get('a'), 2)
    assert.equal(await store.delete('a'), true)
    assert.equal(await store.delete('a'), false)
    assert.equal(await store.get('a'), undefined)
  })

  test(`${way}: of many that set a value if there is none one succeeds`, async (t) => {
    const store = await open(t, { clock: clock() })
    const won = await Promise.all([1, 2, 3].map((value) => store.setIfAbsent('a', value)))
    assert.deepEqual(won, [true, false, false])
    assert.equal(await store.get('a'), 1)
    await store.delete('a')
    assert.equal(await store.setIfAbsent('a', 4), true)
  })

  test(`${way}: a value with a time is gone when it is over`, async (t) => {
    const now = clock()
    const store = await open(t, { clock: now })
    await store.set('a', 1, { ttlMs: 100 })
    assert.equal(await store.setIfAbsent('a', 2, { ttlMs: 500 }), false)
    now[0] = 99
    assert.equal(await store.get('a'), 1)
    now[0] = 100
    assert.equal(await store.get('a'), undefined)
    assert.equal(await store.delete('a'), false)
    assert.equal(await store.setIfAbsent('a', 3, { ttlMs: 50 }), true)
    await store.set('a', 4)
    now[0] = 1e9
    assert.equal(await store.get('a'), 4)
  })

  test(`${way}: in a full store the least recently used value makes room`, async (t) => {
    const store = await open(t, { clock: clock(), maxBytes: 4000 })
    for (const key of ['a', 'b', 'c']) await store.set(key, 'x'.repeat(1000))
    await store.get('a')
    await store.set('d', 'x'.repeat(1000))
    assert.equal(await store.get('b'), undefined)
    for (const key of ['a', 'c', 'd']) assert.equal(await store.get(key), 'x'.repeat(1000))
    await assert.rejects(store.set('e', 'x'.repeat(4000)), (error: unknown) => {
      assert.ok(error instanceof RangeError)
      assert.match(error.message, /too large for a store of 4000/)
      return true
    })
    assert.equal((await store.get('a')) !== undefined, true)
  })

  test(`${way}: what cannot be copied is refused with its key and type`, async (t) => {
    const store = await open(t, { clock: clock() })
    class Port {
      close(): void {}
      readonly open = () => {}
    }
    const refused = (value: unknown, message: RegExp) =>
      assert.rejects(store.set('job', value), (error: unknown) => {
        assert.ok(error instanceof TypeError)
        assert.match(error.message, message)
        return true
      })
    await refused(() => {}, /^the value of "job" \(function\) cannot be copied to other threads: .*could not be cloned/)
    await refused(new Port(), /"job" \(Port\)/)
    await refused({ nested: Symbol('x') }, /"job" \(Object\).*Symbol/)
    await refused(new SharedArrayBuffer(8), /"job" \(SharedArrayBuffer\)/)
    for (const ttlMs of [0, -1, Number.NaN]) await assert.rejects(store.set('job', 1, { ttlMs }), RangeError)
    assert.equal(await store.get('job'), undefined)
  })

  test(`${way}: scopes have keys of their own`, async (t) => {
    const store = await open(t, { clock: clock() })
    const places: readonly (readonly [SharedStore, string])[] = [
      [store, 'k'],
      [store.scoped('a'), 'k'],
      [store.scoped('a').scoped('b'), 'k'],
      [store.scoped('b').scoped('a'), 'k'],
      [store.scoped('ab'), 'k'],
      [store.scoped(''), 'k'],
      [store, '1:a/k'],
      [store.scoped('a'), '1:b/k'],
      [store.scoped('a/k'), ''],
    ]
    for (const [index, [part, key]] of places.entries()) await part.set(key, index)
    for (const [index, [part, key]] of places.entries()) assert.equal(await part.get(key), index)
    assert.equal(await store.scoped('a').get('k'), 1)
  })
}
