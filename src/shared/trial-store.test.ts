import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStoreOwner } from './store-owner.ts'
import { testSharedStore } from './test-fixtures/store-contract.ts'
import { createTrialStore } from './trial-store.ts'

testSharedStore('in a trial', async (t, { clock, ...options }) => {
  const now = () => clock[0] ?? 0
  const owner = createStoreOwner({ ...options, now })
  t.after(() => owner.clear())
  return createTrialStore(owner.store, { ...options, now })
})

test('what is there is read, and what is written or deleted stays in the trial', async (t) => {
  const owner = createStoreOwner()
  const trial = createTrialStore(owner.store)
  t.after(() => owner.clear())
  const plugin = owner.store.scoped('plugin')
  await plugin.set('kept', 1)
  await plugin.set('changed', 1)
  await plugin.set('deleted', 1)
  const [first, second] = [trial.scoped('plugin'), trial.scoped('plugin')]
  await first.set('changed', 2)
  await first.set('new', 2)
  assert.deepEqual(await Promise.all([first.delete('deleted'), first.delete('never')]), [true, false])
  assert.deepEqual(
    await Promise.all([first.setIfAbsent('kept', 2), first.setIfAbsent('deleted', 2), first.setIfAbsent('more', 2)]),
    [false, true, true],
  )
  const keys = ['kept', 'changed', 'new', 'deleted', 'more']
  assert.deepEqual(await Promise.all(keys.map((key) => second.get(key))), [1, 2, 2, 2, 2])
  assert.deepEqual(await Promise.all(keys.map((key) => plugin.get(key))), [1, 1, undefined, 1, undefined])
})
