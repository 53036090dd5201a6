import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from '../config/type.ts'
import { definePlugin, isPlugin } from './define-plugin.ts'
import type { PluginTools } from './tools.ts'

const loose = definePlugin as (definition: unknown) => unknown

test('what is no definition is refused with what is wrong', () => {
  for (const [definition, message] of [
    [undefined, /takes an object/],
    [{ server: () => null }, /"name" must be a text/],
    [{ name: '', server: () => null }, /"name" must be a text that is not empty/],
    [{ name: 'a' }, /definePlugin "a": no kind; add one of server, modifier, middleware, client/],
    [{ name: 'a', server: {} }, /"server" must be a function/],
    [{ name: 'a', server: null }, /"server" must be a function/],
    [{ name: 'a', version: 1, server: () => null }, /"version" must be a text/],
    [{ name: 'a', options: true, server: () => null }, /"options" must be a schema/],
    [{ name: 'a', modifier: () => null, sever: () => null }, /unknown key "sever"; known are name, version/],
  ] as const) {
    assert.throws(
      () => loose(definition),
      (error) => error instanceof TypeError && message.test(error.message),
    )
  }
})

test('a plugin is known by its mark, not by its looks', () => {
  assert.ok(isPlugin(definePlugin({ name: 'a', server: () => null })))
  assert.ok(!isPlugin({ name: 'a', version: '', options: null, server: null, modifier: null }))
  for (const value of [null, undefined, 'a', () => null]) assert.ok(!isPlugin(value))
})

test('factories are called on their definition, with the options typed by the schema', () => {
  const seen: unknown[] = []
  const plugin = definePlugin({
    name: 'a',
    options: Type.Object({ times: Type.Integer({ default: 2 }), word: Type.Optional(Type.String()) }),
    server(options) {
      const times: number = options.times
      const word: string | undefined = options.word
      seen.push(times, word, this.name)
      return null
    },
  })
  plugin.server?.({ times: 3 }, {} as PluginTools)
  assert.deepEqual(seen, [3, undefined, 'a'])
  assert.equal(plugin.modifier, null)
})
