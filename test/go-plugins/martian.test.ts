import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { pluginFolderSection } from '../../src/config/plugin-section.ts'
import { Context } from '../../src/pipes/context.ts'
import { HeaderList } from '../../src/pipes/headers.ts'
import { HttpRequest, HttpResponse } from '../../src/pipes/http.ts'
import type { PluginHost } from '../../src/plugins/host.ts'
import { loadPlugins } from '../../src/plugins/loading/loader.ts'
import { createGuestOwner } from '../../src/plugins/runtimes/go/guest-owner.ts'
import { goPluginFolder, withoutGo } from '../support/go-plugin.ts'
import { recordingLog } from '../support/recording-log.ts'

async function load(t: TestContext): Promise<PluginHost> {
  const folder = await goPluginFolder(t, { correlation: 'test/go-plugins/sources/martian' })
  const log = recordingLog()
  const guests = createGuestOwner({ log, print: () => {} })
  const host = await loadPlugins({ section: pluginFolderSection(folder), log, lenient: false, guests })
  t.after(async () => {
    await host.close()
    await guests.close()
  })
  return host
}

function call(target: string): { request: HttpRequest; context: Context } {
  const request = new HttpRequest('PUT', target, new HeaderList(['Host', 'up', 'X-In', '1']), 'sent', 'http://up:8080')
  return { request, context: new Context(performance.now()) }
}

test('modifiers for Martian are registered by sources that have none of the four symbols', {
  skip: withoutGo,
}, async (t) => {
  const host = await load(t)
  assert.deepEqual(host.martian('header.Correlation')?.scopes, ['request', 'response'])
  assert.equal(host.martian('header.Other'), undefined)
  const modifier = await host.martian('header.Correlation')?.make('{"name":"X-Id"}', 'endpoints[0]')
  assert.ok(modifier !== undefined)
  const { request, context } = call('/a/b?c=1')
  await modifier.request(request, context)
  assert.equal(request.headers.get('x-id'), 'r-/a/b')
  assert.equal(request.headers.get('x-in'), '1')
  assert.equal(request.headers.get('host'), 'up')
  assert.equal(request.url, 'http://up:8080/a/b?c=1')
  assert.equal(await request.text(), 'sent')
  const response = new HttpResponse(200, new HeaderList(['X-Up', '2']), 'got')
  await modifier.response(response, request, context)
  assert.deepEqual([response.headers.get('x-id'), response.headers.get('x-up')], ['PUT', '2'])
  assert.equal(await response.text(), 'got')
  context.finish()
})

test('a modifier changes status and body', { skip: withoutGo }, async (t) => {
  const modifier = await (await load(t)).martian('body.Upper')?.make('{}', 'endpoints[0]')
  const { request, context } = call('/')
  const response = new HttpResponse(200, null, 'text')
  await modifier?.response(response, request, context)
  assert.equal(response.status, 203)
  assert.equal(await response.text(), 'TEXT')
  context.finish()
})

test('what a modifier refuses, and what its factory refuses', { skip: withoutGo }, async (t) => {
  const host = await load(t)
  const modifier = await host.martian('header.Correlation')?.make('{"name":"X-Id"}', 'endpoints[0]')
  const { request, context } = call('/?refuse=1')
  await assert.rejects(async () => await modifier?.request(request, context), /refused by correlation/)
  context.finish()
  await assert.rejects(
    async () => await host.martian('header.Correlation')?.make('{', 'endpoints[1]'),
    /unexpected end of JSON/,
  )
  await assert.rejects(
    async () => await host.martian('nothing')?.make('{}', 'endpoints[2]'),
    /without ModifyRequest and ModifyResponse/,
  )
})
