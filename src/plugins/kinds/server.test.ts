import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostWith, httpRequest, innerHttp, newContext, SERVICE, useOf } from '../../../test/support/plugin-host.ts'
import { DeadlineQueue } from '../../pipes/context.ts'
import { DeadlineExceeded } from '../../pipes/failure.ts'
import { HttpResponse } from '../../pipes/http.ts'
import { PluginLoadError } from '../problem.ts'

test('plugins are stacked: the last name sees the request first and the answer last', async (t) => {
  const { host, log } = await hostWith(t, 'well-behaved.ts')
  const stage = await host.server({ name: ['one', 'two', 'three'] }, SERVICE)
  const { asked, next } = innerHttp()
  const response = await stage?.(next)(httpRequest(), newContext())
  assert.equal(asked[0]?.headers.get('X-In'), 'three, two, one')
  assert.equal(response?.headers.get('X-Out'), 'one, two, three')
  assert.deepEqual(log.lines, [
    'INFO [PLUGIN: Server] Injecting plugin one',
    'INFO [PLUGIN: Server] Injecting plugin two',
    'INFO [PLUGIN: Server] Injecting plugin three',
  ])
})

test('a name may be a lone text, and may occur twice', async (t) => {
  const { host } = await hostWith(t, 'well-behaved.ts')
  const lone = await host.server({ name: 'mark', mark: { mark: 'x' } }, SERVICE)
  const twice = await host.server({ name: ['mark', 'mark'] }, SERVICE)
  const { next } = innerHttp()
  assert.equal((await lone?.(next)(httpRequest(), newContext()))?.headers.get('X-Out'), 'x')
  assert.equal((await twice?.(next)(httpRequest(), newContext()))?.headers.get('X-Out'), 'm, m')
})

test('where every factory asks for nothing there is no stage', async (t) => {
  const { host } = await hostWith(t, 'well-behaved.ts')
  assert.equal(await host.server({ name: ['absent'] }, SERVICE), null)
  assert.equal(await host.server({ name: [] }, SERVICE), null)
})

test('what is wrong with the names stops the start, all of it at once', async (t) => {
  const { host } = await hostWith(t, 'well-behaved.ts')
  await assert.rejects(
    host.server({ name: ['makr', 5, 'strange', 'mark'], mark: { fail: 'maybe' } }, SERVICE),
    (error) => {
      assert.ok(error instanceof PluginLoadError)
      const loaded = 'loaded: "absent", "fails-to-close", "mark", "only-server", "one", "two", "three"'
      assert.deepEqual(
        error.problems
          .map(({ where, message }) => [where.slice(SERVICE.where.length), message])
          .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
        [
          ['.mark.fail', 'expected true or false, got "maybe"'],
          ['.name', `no server plugin "makr"; ${loaded}`],
          ['.name', `no server plugin "strange"; ${loaded}`],
          ['.name[1]', 'is no text'],
        ],
      )
      assert.equal(error.problems.find(({ message }) => message.includes('makr'))?.remedy, 'did you mean "mark"?')
      return true
    },
  )
  await assert.rejects(host.server({ mark: {} }, SERVICE), /name: is missing/)
  await assert.rejects(host.server({ name: 7 }, SERVICE), /name: is no list/)
  await assert.rejects(host.server({ name: 'recorder' }, SERVICE), /"recorder" is a modifier plugin/)
})

test('leniently unknown names and failed factories are logged and left out', async (t) => {
  const { host, log } = await hostWith(t, 'broken-factories.js', { lenient: true })
  const names = ['throws-in-factory', 'nobody', 'wraps-badly']
  const { next } = innerHttp()
  const stage = await host.server({ name: names }, SERVICE)
  assert.equal((await stage?.(next)(httpRequest(), newContext()))?.status, 200)
  const errors = log.lines.filter((line) => line.startsWith('ERROR [PLUGIN: Server] '))
  assert.equal(errors.length, 3)
  assert.match(errors[0] ?? '', /Error getting the plugin handler: no database/)
  assert.match(errors[1] ?? '', /no server plugin "nobody"/)
  assert.match(errors[2] ?? '', /Error getting the plugin handler: cannot wrap/)
})

const brokenFactories: [name: string, message: RegExp][] = [
  ['throws-in-factory', /no database \(server plugin "throws-in-factory" in .*broken-factories\.js\)$/],
  ['hangs-in-factory', /the factory did not settle within 10 ms/],
  ['makes-nothing', /the factory must return \(next\) => \(request, context\) => …, not nothing/],
  ['makes-text', /the factory must return \(next\) => \(request, context\) => …, not string/],
]

for (const [name, message] of brokenFactories) {
  test(`a factory that fails stops the start: ${name}`, async (t) => {
    const { host } = await hostWith(t, 'broken-factories.js', { limits: { createMs: 10 } })
    await assert.rejects(host.server({ name }, SERVICE), (error) => {
      assert.ok(error instanceof PluginLoadError)
      assert.equal(error.problems[0]?.code, 'PLUGIN_FACTORY_FAILED')
      assert.match(error.problems[0].message, message)
      return true
    })
  })
}

test('a plugin that cannot stand around the router stops the start', async (t) => {
  const { host } = await hostWith(t, 'broken-factories.js')
  for (const [name, message] of [
    ['wraps-badly', /cannot wrap/],
    ['wraps-nothing', /must return .* not nothing/],
  ] as const) {
    const stage = await host.server({ name }, SERVICE)
    assert.throws(() => stage?.(innerHttp().next), message)
  }
})

test('what a factory opened before it failed is closed at once, the rest with the host in reverse order', async (t) => {
  const { host, log } = await hostWith(t, 'broken-factories.js')
  await assert.rejects(host.server({ name: 'throws-in-factory' }, SERVICE))
  assert.deepEqual(log.lines, ['INFO [PLUGIN: throws-in-factory] closed after the failure'])

  const { host: second, log: lines } = await hostWith(t, 'well-behaved.ts')
  await second.server({ name: ['mark', 'fails-to-close'] }, SERVICE)
  lines.lines.length = 0
  await second.close()
  await second.close()
  assert.deepEqual(lines.lines, ['ERROR [PLUGIN: fails-to-close] onClose failed: stuck', 'INFO [PLUGIN: mark] closed'])
})

const misbehaviours: [name: string, log: RegExp][] = [
  ['throws-error', /: no such field \[TypeError at .*misbehaves\.js:6:/],
  ['throws-text', /: plain text$/],
  ['throws-nothing', /: undefined$/],
  ['throws-later', /: later \[Error at /],
  ['bad-thenable', /: bad promise \[Error at /],
  ['returns-number', /: returned 42; it must return the response of next\(request, context\), a Response, or \{/],
  ['returns-stranger', /: returned an object with the key "statusCode"; known are status, headers, body/],
  ['returns-bad-status', /: returned the status 1000; it must be a whole number from 200 to 599/],
  ['returns-spoilt-response', /: returned the status NaN/],
  ['forgets-return', /: returned nothing; it must return the response of next/],
  ['forgets-context', /: next was called without the request and the context/],
]

for (const [name, expected] of misbehaviours) {
  test(`a request is answered with 500 and the reason is logged when a plugin misbehaves: ${name}`, async (t) => {
    const { host, log } = await hostWith(t, 'misbehaves.js')
    const stage = await host.server({ name }, SERVICE)
    log.lines.length = 0
    const response = await stage?.(innerHttp().next)(httpRequest(), newContext())
    assert.equal(response?.status, 500)
    assert.equal(response.body, null)
    const [line = '', ...others] = log.lines
    assert.deepEqual(others, [])
    assert.ok(line.startsWith(`ERROR [PLUGIN: ${name}] plugin "${name}", server at [PLUGIN: Server]: `), line)
    assert.match(line, expected)
    const use = useOf(host, name, 'server')
    assert.equal(use?.calls, 1)
    assert.equal(use.errors, 1)
  })
}

test('an HttpError decides the answer and is no error of the plugin', async (t) => {
  const { host, log } = await hostWith(t, 'misbehaves.js')
  const stage = await host.server({ name: 'throws-http-error' }, SERVICE)
  log.lines.length = 0
  const response = await stage?.(innerHttp().next)(httpRequest(), newContext())
  assert.equal(response?.status, 403)
  assert.equal(await response.text(), 'not yours')
  assert.equal(response.headers.get('Content-Type'), 'text/plain; charset=utf-8')
  assert.equal(response.headers.get('X-Reason'), 'owner')
  assert.deepEqual(log.lines, [])
  assert.equal(useOf(host, 'throws-http-error', 'server')?.errors, 0)
})

test('a plugin around one that fails sees its answer', async (t) => {
  const inner = await hostWith(t, 'misbehaves.js')
  const outer = await hostWith(t, 'well-behaved.ts')
  const failing = await inner.host.server({ name: 'throws-error' }, SERVICE)
  const marking = await outer.host.server({ name: 'mark' }, SERVICE)
  assert.ok(failing !== null && marking !== null)
  const response = await marking(failing(innerHttp().next))(httpRequest(), newContext())
  assert.equal(response.status, 500)
  assert.equal(response.headers.get('X-Out'), 'm')
})

test('a plugin that never settles is answered when its time is up', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { host, log } = await hostWith(t, 'misbehaves.js', { limits: { callMs: 0 } })
  const stage = await host.server({ name: 'never-settles' }, SERVICE)
  log.lines.length = 0
  const answer = stage?.(innerHttp().next)(httpRequest(), newContext())
  t.mock.timers.tick(1)
  assert.equal((await answer)?.status, 500)
  assert.deepEqual(log.lines, [
    'ERROR [PLUGIN: never-settles] plugin "never-settles", server at [PLUGIN: Server]: did not settle within 0 ms',
  ])
  assert.equal(useOf(host, 'never-settles', 'server')?.errors, 1)
})

test('at the deadline of the request the plugin sees the answer of the pipe behind it', async (t) => {
  const { host } = await hostWith(t, 'well-behaved.ts')
  const stage = await host.server({ name: 'mark' }, SERVICE)
  const context = newContext()
  const { promise, resolve } = Promise.withResolvers<HttpResponse>()
  const answer = stage?.((_, inner) => {
    new DeadlineQueue(1000).add(inner)
    return promise
  })(httpRequest(), context)
  context.cancel(new DeadlineExceeded())
  resolve(new HttpResponse(504))
  const response = await answer
  assert.equal(response?.status, 504)
  assert.equal(response.headers.get('X-Out'), 'm')
})
