import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeNumberTexts } from './number-texts.ts'
import { PluginRegistry } from './registry.ts'
import type { LoadedPlugin } from './runtime.ts'

const hooks = { modifier: () => null, middleware: () => null }
const plain = { version: '', file: '/f', unit: 'f', hash: '', runtime: 'r', options: null, kinds: hooks }
const plugins: readonly LoadedPlugin[] = [
  { ...plain, name: 'texts', numberTexts: ['modifier', 'middleware'] },
  { ...plain, name: 'requests', numberTexts: ['modifier', 'middleware'], withoutData: ['modifier'] },
  { ...plain, name: 'numbers' },
]

const modifiers = (...names: string[]) => ({ 'plugin/req-resp-modifier': { name: names } })
const middlewares = (...names: string[]) => ({ 'plugin/middleware': { name: names } })

for (const [what, extras, expected] of [
  ['no plugin', [{}, { proxy: {} }], false],
  ['one that sees texts', [modifiers('texts'), {}], true],
  ['one that sees texts at the backend', [{}, middlewares('texts')], true],
  ['one that sees no data', [modifiers('requests')], false],
  ['one that sees numbers beside it', [modifiers('texts'), modifiers('numbers')], false],
  ['one that nobody has', [modifiers('texts', 'other')], true],
  ['blocks of other shapes', [{ 'plugin/middleware': 1 }, { 'plugin/req-resp-modifier': { name: 'texts' } }], false],
] as const) {
  test(`numbers are texts for ${what}: ${expected}`, () => {
    const registry = new PluginRegistry()
    for (const plugin of plugins) registry.add(plugin)
    assert.equal(seeNumberTexts(extras, registry), expected)
  })
}
