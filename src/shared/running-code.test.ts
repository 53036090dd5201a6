import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type CodeEntry, CodeTable } from './code-table.ts'
import { RunningCode, runningSite } from './running-code.ts'
import type { StackFrame } from './stack-frames.ts'

const at = (file: string, name = 'f'): StackFrame => ({ name, file, line: 3, column: 5 })
const SITE = 'plugin "a", server at [PLUGIN: Server]'

describe('CodeTable', () => {
  const table = new CodeTable()
  table.add({ type: 'file', file: { file: '/plugins/a.js', root: '/plugins', plugins: ['a', 'b'] } })
  table.add({ type: 'file', file: { file: '/plugins/c.js', root: '/plugins', plugins: ['c"c'] } })
  table.add({ type: 'site', number: 1, text: SITE })

  test('knows plugin code by the folders it lies in; what the gateway ships never is', () => {
    assert.ok(table.isPluginCode('/plugins/lib/x.js'))
    assert.ok(!table.isPluginCode('/plugins-old/x.js'))
    assert.ok(!table.isPluginCode('node:fs'))
    const around = new CodeTable()
    around.add({ type: 'file', file: { file: '/x.js', root: '/', plugins: [] } })
    assert.ok(!around.isPluginCode(import.meta.filename))
  })

  test('the innermost frame of a plugin tells the place, what ran tells the plugin', () => {
    const frames = [at('node:fs'), at('/plugins/lib/x.js'), at('/plugins/a.js', 'g')]
    assert.deepEqual(table.blame(frames, SITE), { text: `${SITE}: f (/plugins/lib/x.js:3:5)`, plugin: 'a' })
  })

  test('where another plugin ran than the stack shows, the stack is right', () => {
    assert.deepEqual(table.blame([at('/plugins/c.js')], SITE), {
      text: 'plugin "c\\"c": f (/plugins/c.js:3:5)',
      plugin: 'c"c',
    })
  })

  test('one of the two is enough', () => {
    assert.deepEqual(table.blame([at('/gateway.js')], SITE), { text: SITE, plugin: 'a' })
    assert.equal(table.blame([at('/plugins/lib/x.js')], null)?.text, 'plugin code: f (/plugins/lib/x.js:3:5)')
    assert.equal(table.blame([at('/gateway.js')], null), null)
  })
})

describe('RunningCode', () => {
  test('numbers a text once, and tells others what it means', () => {
    const told: CodeEntry[] = []
    const running = new RunningCode(new Int32Array(2), (entry) => told.push(entry))
    const number = running.numberOf(SITE)
    assert.equal(running.numberOf(SITE), number)
    assert.deepEqual(told, [{ type: 'site', number, text: SITE }])
    const table = new CodeTable()
    for (const entry of told) table.add(entry)
    assert.equal(runningSite(table, Int32Array.of(number, 0)), SITE)
    assert.equal(runningSite(table, Int32Array.of(0, 0)), null)
  })

  test('what a factory has started is known as its own, also when it is over', async () => {
    const running = new RunningCode()
    const origin = { text: 'plugin "a", factory' }
    const later = await running.during(origin, () => {
      assert.equal(running.blame(undefined)?.text, origin.text)
      return { seen: new Promise((resolve) => setImmediate(() => resolve(running.blame('Error: x')?.plugin))) }
    })
    assert.equal(running.blame(undefined), null)
    assert.equal(await later.seen, 'a')
  })

  test('who calls is found in the stack', () => {
    const running = new RunningCode()
    assert.equal(running.blameCaller(), null)
    running.addFile({ file: join(import.meta.dirname, 'a.js'), root: '/', plugins: ['a'] })
    assert.equal(running.blameCaller(), null, 'this file is the gateway’s own')
  })
})
