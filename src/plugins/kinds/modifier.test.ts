import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pluginFolder } from '../../../test/support/plugin-folder.ts'
import { ENDPOINT, hostWith, innerProxy, newContext, proxyRequest, useOf } from '../../../test/support/plugin-host.ts'
import { recordingLog } from '../../../test/support/recording-log.ts'
import { pluginFolderSection } from '../../config/plugin-section.ts'
import { SYSTEM_CLOCK } from '../../pipes/clock.ts'
import { ClientGone, DeadlineExceeded, HttpError } from '../../pipes/failure.ts'
import { HttpResponse } from '../../pipes/http.ts'
import { ProxyRequest, ProxyResponse } from '../../pipes/proxy.ts'
import type { Modifier } from '../../sdk/define-plugin.ts'
import { definePlugin } from '../../sdk/define-plugin.ts'
import { createStoreOwner } from '../../shared/store-owner.ts'
import { alone } from '../../shared/surroundings.ts'
import { Driver } from '../driver.ts'
import { PluginFailure, PluginTimeout } from '../failure.ts'
import { createPluginHost } from '../host.ts'
import { loadPlugins } from '../loading/loader.ts'
import { createPluginMetrics } from '../plugin-metrics.ts'
import { PluginRegistry } from '../registry.ts'
import { openStores } from '../tools/open-stores.ts'

/** A stage of modifiers that are given as they are. */
async function stageOf(...modifiers: Modifier[]) {
  const registry = new PluginRegistry()
  for (const [index, modifier] of modifiers.entries()) {
    const plugin = definePlugin({ name: `m${index}`, modifier: () => modifier })
    registry.add({
      name: plugin.name,
      version: '',
      file: '/m.ts',
      unit: 'm.ts',
      hash: '',
      runtime: 'module',
      options: null,
      kinds: { modifier: () => ({ request: null, response: null, partial: false, ...modifier }) },
    })
  }
  const log = recordingLog()
  const host = createPluginHost({
    registry,
    driver: new Driver(),
    log,
    lenient: false,
    section: pluginFolderSection('plugins'),
    codeFingerprint: '',
    metrics: createPluginMetrics(alone()),
    toolbox: {
      client: async () => new HttpResponse(200),
      clock: SYSTEM_CLOCK,
      stores: openStores({ cells: alone().cells, values: createStoreOwner().store, clock: SYSTEM_CLOCK }),
    },
    traced: false,
  })
  const stage = await host.modifier({ name: modifiers.map((_, index) => `m${index}`) }, ENDPOINT)
  assert.ok(stage !== null)
  return { stage, log }
}

test('one name runs on both sides, in the order of the names', async (t) => {
  const { host, log } = await hostWith(t, 'well-behaved.ts')
  const { asked, next } = innerProxy()
  const stage = await host.modifier({ name: ['one', 'mark', 'two'], mark: { mark: '!' } }, ENDPOINT)
  const response = await stage?.(next)(proxyRequest(), newContext())
  assert.equal(asked[0]?.headers.get('X-In'), 'one, !, two')
  assert.equal(response?.headers.get('X-Out'), 'one, !, two')
  assert.deepEqual(log.lines, ['DEBUG [ENDPOINT: /a][Modifier Plugins] Adding 3 request and 3 response modifiers'])
})

test('a plugin without a schema gets its block as it is, and the whole namespace beside it', async (t) => {
  const folder = pluginFolder(t, 'well-behaved.ts')
  const section = pluginFolderSection(folder)
  const host = await loadPlugins({ section, log: recordingLog(), lenient: false })
  const block = { name: ['recorder'], recorder: { a: [1] }, other: true }
  await host.modifier(block, ENDPOINT)
  await host.modifier({ name: ['recorder'] }, ENDPOINT)
  const { given } = (await import(`${folder}/well-behaved.ts`)) as { given: unknown[] }
  assert.deepEqual(given, [
    { options: { a: [1] }, block, config: ENDPOINT.facts },
    { options: {}, block: { name: ['recorder'] }, config: ENDPOINT.facts },
  ])
})

test('a lone text as name stops the start; leniently no modifier is applied', async (t) => {
  const strict = await hostWith(t, 'well-behaved.ts')
  await assert.rejects(strict.host.modifier({ name: 'mark' }, ENDPOINT), /only a list counts here \(write \["mark"\]\)/)
  const lenient = await hostWith(t, 'well-behaved.ts', { lenient: true })
  assert.equal(await lenient.host.modifier({ name: 'mark' }, ENDPOINT), null)
  assert.match(lenient.log.lines[0] ?? '', /^ERROR \[ENDPOINT: \/a\] .*only a list counts/)
})

test('without a plugin section the message says so', async () => {
  const host = await loadPlugins({ section: null, log: recordingLog(), lenient: false })
  await assert.rejects(host.modifier({ name: ['m'] }, ENDPOINT), /the configuration has no plugin folder/)
})

test('factories that make no hooks stop the start', async (t) => {
  const { host } = await hostWith(t, 'broken-factories.js')
  for (const [name, message] of [
    ['makes-nothing', /must return \{ request\?, response\? \}, not nothing/],
    ['makes-text', /must return \{ request\?, response\? \}, not string/],
    ['misspells-hook', /must return \{ request\?, response\? \}; found requets/],
    ['wrong-hook', /the hook "request" must be a function, not string/],
  ] as const) {
    await assert.rejects(host.modifier({ name: [name] }, ENDPOINT), message)
  }
})

const answers: [what: string, returned: () => unknown, check: (response: ProxyResponse) => void | Promise<void>][] = [
  [
    'data',
    () => ({ data: { a: 1 }, headers: { 'X-A': '1' }, complete: false }),
    (response) => {
      assert.deepEqual(response.data, { a: 1 })
      assert.equal(response.headers.get('x-a'), '1')
      assert.equal(response.complete, false)
      assert.equal(response.answer, null)
    },
  ],
  ['a ProxyResponse', () => new ProxyResponse({ b: 2 }, true), ({ data }) => assert.deepEqual(data, { b: 2 })],
  [
    'a plain answer',
    () => ({ status: 202, body: { c: 3 } }),
    async ({ data, answer }) => {
      assert.equal(data, null)
      assert.equal(answer?.status, 202)
      assert.deepEqual(await answer.json(), { c: 3 })
      assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
    },
  ],
  ['an HttpResponse', () => new HttpResponse(204), ({ answer }) => assert.equal(answer?.status, 204)],
  [
    'a Response',
    () => new Response('hello', { status: 418, headers: { 'X-Pot': 'tea' } }),
    async ({ answer }) => {
      assert.equal(answer?.status, 418)
      assert.equal(answer.headers.get('x-pot'), 'tea')
      assert.equal(await answer.text(), 'hello')
    },
  ],
]

for (const [what, returned, check] of answers) {
  for (const when of ['at once', 'later'] as const) {
    test(`a request hook that returns ${what} ${when} answers without a call`, async () => {
      const hook = (when === 'at once' ? returned : async () => returned()) as NonNullable<Modifier['request']>
      const { stage } = await stageOf(
        {
          request: hook,
          response: () => assert.fail('a response hook was called'),
        },
        { request: () => assert.fail('a later request hook was called') },
      )
      const { asked, next } = innerProxy()
      await check(await stage(next)(proxyRequest(), newContext()))
      assert.equal(asked.length, 0)
    })
  }
  test(`a response hook that returns ${what} replaces the response`, async () => {
    const { stage } = await stageOf({ response: returned as NonNullable<Modifier['response']> })
    await check(await stage(innerProxy().next)(proxyRequest(), newContext()))
  })
}

test('a request hook may return another request; the hooks after it see that one', async () => {
  const other = new ProxyRequest('GET', '/other', {})
  const seen: unknown[] = []
  const { stage } = await stageOf(
    { request: async () => other },
    { request: (request) => void seen.push(request), response: (_, request) => void seen.push(request) },
  )
  const { asked, next } = innerProxy()
  await stage(next)(proxyRequest(), newContext())
  assert.deepEqual(
    [...seen, ...asked].map((request) => request === other),
    [true, true, true],
  )
})

test('response hooks are passed over when the call fails and when the answer is finished already', async () => {
  const { stage } = await stageOf({ response: () => assert.fail('it was called') })
  const failure = new HttpError(403, 'no')
  await assert.rejects(stage(() => Promise.reject(failure))(proxyRequest(), newContext()), (error) => error === failure)
  const finished = new ProxyResponse(null, true)
  finished.answer = new HttpResponse(202)
  assert.equal(await stage(async () => finished)(proxyRequest(), newContext()), finished)
})

test('hooks that need no promise add none: the call is made before the stage returns', async () => {
  const { stage } = await stageOf({ request: (request) => request.headers.set('X-A', '1') as undefined })
  const answer = Promise.resolve(new ProxyResponse(null, true))
  let called = false
  const returned = stage(() => {
    called = true
    return answer
  })(proxyRequest(), newContext())
  assert.ok(called)
  assert.equal(returned, answer)
})

const misbehaviours: [name: string, message: RegExp][] = [
  ['throws-error', /no such field$/],
  ['throws-text', /plain text$/],
  ['throws-later', /later$/],
  ['bad-thenable', /bad promise$/],
  ['returns-number', /returned 42; it must return nothing/],
  ['returns-stranger', /returned an object with the key "statusCode"/],
]

for (const side of ['request', 'response'] as const) {
  for (const [name, message] of misbehaviours) {
    test(`a ${side} hook that misbehaves fails its request: ${name}`, async (t) => {
      const { host, log } = await hostWith(t, 'misbehaves.js')
      const stage = await host.modifier({ name: [name], side }, ENDPOINT)
      log.lines.length = 0
      await assert.rejects(
        async () => stage?.(innerProxy().next)(proxyRequest(), newContext()),
        (error) => {
          assert.ok(error instanceof PluginFailure)
          assert.equal(error.status, 500)
          assert.ok(error.message.startsWith(`plugin "${name}", modifier.${side} at [ENDPOINT: /a]: `), error.message)
          assert.match(error.message, message)
          assert.ok(error.message.endsWith(error.publicText))
          return true
        },
      )
      assert.equal(log.lines.length, 1)
      assert.equal(useOf(host, name, `modifier.${side}`)?.errors, 1)
    })
  }
}

test('an HttpError goes to the endpoint as it is, without a word in the log', async (t) => {
  const { host, log } = await hostWith(t, 'misbehaves.js')
  const stage = await host.modifier({ name: ['throws-http-error'] }, ENDPOINT)
  log.lines.length = 0
  await assert.rejects(async () => stage?.(innerProxy().next)(proxyRequest(), newContext()), {
    status: 403,
    body: 'not yours',
  })
  assert.deepEqual(log.lines, [])
})

for (const side of ['request', 'response'] as const) {
  test(`a ${side} hook that never settles is given up at the deadline`, async (t) => {
    const { host, log } = await hostWith(t, 'misbehaves.js')
    const stage = await host.modifier({ name: ['never-settles'], side }, ENDPOINT)
    log.lines.length = 0
    const context = newContext()
    context.deadline = performance.now() + 1000
    const answer = stage?.(innerProxy().next)(proxyRequest(), context)
    await Promise.resolve()
    context.cancel(new DeadlineExceeded())
    await assert.rejects(async () => answer, PluginTimeout)
    assert.deepEqual(log.lines, [
      `ERROR [PLUGIN: never-settles] plugin "never-settles", modifier.${side} at [ENDPOINT: /a]: did not settle before the deadline of the request`,
    ])
    assert.equal(useOf(host, 'never-settles', `modifier.${side}`)?.errors, 1)
  })
}

test('a client that has gone is no fault of the plugin', async (t) => {
  const { host, log } = await hostWith(t, 'misbehaves.js')
  const stage = await host.modifier({ name: ['never-settles'] }, ENDPOINT)
  log.lines.length = 0
  const context = newContext()
  const answer = stage?.(innerProxy().next)(proxyRequest(), context)
  context.cancel(new ClientGone())
  await assert.rejects(async () => answer, ClientGone)
  assert.deepEqual(log.lines, [])
})
