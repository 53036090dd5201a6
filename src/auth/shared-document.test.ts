import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SYSTEM_CLOCK } from '../pipes/clock.ts'
import { CellRegistry } from '../shared/cells.ts'
import { MAX_DOCUMENT_BYTES, openSharedDocument, TEXT_AT, WRITING } from './shared-document.ts'

test('of several threads one downloads, and all get the document', async () => {
  const cells = new CellRegistry()
  const finish = Promise.withResolvers<void>()
  let downloads = 0
  const download = async () => {
    downloads++
    await finish.promise
    return Buffer.from('{"keys":[1]}')
  }
  const open = () => openSharedDocument({ name: 'x', cells, clock: SYSTEM_CLOCK, download, onFailure: assert.ifError })
  const [one, two] = [await open(), await open()]
  const both = [one.refresh(), one.refresh(), two.refresh()]
  finish.resolve()
  await Promise.all(both)
  assert.equal(downloads, 1)
  assert.equal(two.read(), '{"keys":[1]}')
  assert.equal((await open()).read(), '{"keys":[1]}', 'a later thread finds it')
  two.noteUnknown('k', 10)
  assert.equal(one.isUnknown('k', 9), true)
  assert.equal(one.isUnknown('k', 10), false)
  assert.equal(one.isUnknown('other', 9), false)
})

test('a failed download is told once, and not repeated at once by any thread', async () => {
  const cells = new CellRegistry()
  const told: string[] = []
  let downloads = 0
  const download = async () => {
    downloads++
    throw new Error('down')
  }
  const open = () =>
    openSharedDocument({
      name: 'x',
      cells,
      clock: SYSTEM_CLOCK,
      download,
      onFailure: ({ message }) => told.push(message),
    })
  const [one, two] = [await open(), await open()]
  await one.refresh()
  await two.refresh()
  assert.deepEqual([downloads, told, one.upToDate, two.read()], [1, ['down'], false, null])
})

test('a thread that was ended while it wrote does not spoil what others download later', async () => {
  const cells = new CellRegistry()
  const download = async () => Buffer.from('{"keys":[1]}')
  const open = () => openSharedDocument({ name: 'x', cells, clock: SYSTEM_CLOCK, download, onFailure: assert.ifError })
  const document = await open()
  await document.refresh()
  const words = new Int32Array(await cells.open('x', TEXT_AT + MAX_DOCUMENT_BYTES))
  Atomics.add(words, WRITING, 1)
  assert.equal(document.read(), null, 'being written')
  await document.refresh()
  assert.equal(document.read(), '{"keys":[1]}')
  assert.equal((await open()).read(), '{"keys":[1]}')
})
